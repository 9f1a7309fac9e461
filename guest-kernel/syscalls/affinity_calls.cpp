// SPDX-License-Identifier: BSD-2-Clause
//
// Which harts a thread may run on.
#include <cstring>

#include "arch/riscv64/hart.h"
#include "process/family.h"
#include "process/thread.h"
#include "syscalls/syscall.h"
#include "syscalls/threads_by_id.h"

namespace kernel {

namespace {

hart_set online_harts() {
    return hart_set((1u << arch::hart_count()) - 1);
}

ref<thread> thread_of(process& p, uint64_t id) {
    lock_guard guard(p.lock);
    for (thread& t : p.threads)
        if (t.id == int(id))
            return ref<thread>(&t);
    return {};
}

} // namespace

ref<thread> thread_with(uint64_t id) {
    thread& self = current_thread();
    if (id == 0 || int(id) == self.id)
        return ref<thread>(&self);
    if (ref<thread> t = thread_of(self.parent(), id))
        return t;
    ref<process> p = find_process(int(id));
    return p ? thread_of(*p, id) : ref<thread>();
}

namespace {

long sys_sched_setaffinity(uint64_t id, uint64_t size, uint64_t mask_at) {
    uint64_t mask = 0;
    if (size > sizeof mask)
        size = sizeof mask;
    if (long error = copy_from_user(current_space(), &mask, mask_at, size); error < 0)
        return error;
    hart_set harts = hart_set(mask & online_harts());
    if (!harts)
        return -EINVAL;
    ref<thread> t = thread_with(id);
    if (!t)
        return -ESRCH;
    if (t->device) // it stays where its device's interrupt is
        return harts & t->harts() ? 0 : -EINVAL;
    set_harts(*t, harts);
    return 0;
}

long sys_sched_getaffinity(uint64_t id, uint64_t size, uint64_t mask_at) {
    if (size < sizeof(uint64_t) || size % sizeof(uint64_t))
        return -EINVAL;
    ref<thread> t = thread_with(id);
    if (!t)
        return -ESRCH;
    uint64_t mask = t->harts() & online_harts();
    long error = write_user(current_space(), mask_at, mask);
    return error < 0 ? error : long(sizeof mask);
}

} // namespace

const syscall_entry affinity_calls[] = {CALL(sched_setaffinity), CALL(sched_getaffinity), {}};

} // namespace kernel
