// SPDX-License-Identifier: BSD-2-Clause
//
// The calls beyond Linux's: rings, user interrupts, waiting, counters.
#include "syscalls/ouros_calls.h"

#include <ouros/kernel.h>

#include "arch/riscv64/hart.h"
#include "arch/riscv64/page_table.h"
#include "arch/riscv64/stretch.h"
#include "fs/fd_table.h"
#include "memory/failing.h"
#include "memory/heap.h"
#include "memory/pages.h"
#include "process/thread.h"
#include "ring/ring.h"
#include "schedule/priorities.h"
#include "schedule/scheduler.h"
#include "syscalls/syscall.h"
#include "uintr/exceptions.h"
#include "uintr/receiver.h"
#include "uintr/sender_file.h"
#include "uintr/slots.h"
#include "uintr/user_device.h"
#include "workers/workers.h"

namespace kernel {

// Exact: every entry is counted once, where it is told apart.
void collect_statistics(process& p, ouros_statistics& s) {
    lock_guard guard(p.lock);
    thread_counters sum = p.counters;
    uint64_t ecalls = p.syscalls;
    for (thread& t : p.threads) {
        sum.add(t.counters);
        ecalls += t.frame->syscalls;
    }
    s.ring_setups = sum.ring_setups;
    s.waits = sum.waits;
    s.submissions = sum.submissions;
    s.syscalls = ecalls - sum.ring_setups - sum.waits - sum.submissions;
    s.completion_interrupts = sum.completion_interrupts;
    s.timer_interrupts = sum.timer_interrupts;
    s.device_interrupts = sum.device_interrupts;
    s.page_faults = sum.page_faults;
    s.other_traps = sum.other_traps;
    s.context_switches = sum.context_switches;
    s.token_calls = sum.token_calls;
    s.ring_served = p.ring_served;
    s.ring_served_in_the_way = p.ring_served_in_the_way;
    for (ring& r : p.rings) {
        s.ring_served += r.served;
        s.ring_served_in_the_way += r.served_in_the_way;
    }
    s.kernel_entries = ecalls + s.completion_interrupts + s.timer_interrupts + s.device_interrupts +
                       s.page_faults + s.other_traps;
}

namespace {

void count_what_is_in_use(ouros_statistics& s) {
    heap_use heap = heap_in_use();
    s.pages_used = total_page_count() - free_page_count() - heap.pages;
    s.heap_objects = heap.objects;
    s.queue_pairs = ring_count();
    s.receivers = slots::in_use();
    s.flushes = arch::flushes();
}

long statistics(uint64_t out, uint64_t size) {
    ouros_statistics s{};
    collect_statistics(current_process(), s);
    if (size > offsetof(ouros_statistics, pages_used))
        count_what_is_in_use(s);
    if (size > sizeof s)
        size = sizeof s;
    long error = copy_to_user(current_space(), out, &s, size);
    return error < 0 ? error : long(size);
}

long stretches(uint64_t out, uint64_t size, uint64_t flags) {
    if (flags & ~uint64_t(OUROS_STRETCHES_FORGET))
        return -EINVAL;
    if (!arch::stretches_measured)
        return -ENODEV;
    ouros_stretch list[32];
    constexpr uint64_t most = sizeof list / sizeof list[0];
    uint64_t wanted = size / sizeof list[0];
    unsigned count = arch::longest_stretches(list, unsigned(wanted < most ? wanted : most),
                                             flags & OUROS_STRETCHES_FORGET);
    size = count * sizeof list[0];
    long error = copy_to_user(current_space(), out, list, size);
    return error < 0 ? error : long(size);
}

long create_fd(thread& t, uint64_t vector, uint64_t flags) {
    if (vector >= 64 || flags)
        return -EINVAL;
    if (!t.receiver)
        return -EINVAL;
    ref<file> f = make_sender_file({ref<uintr_receiver>(t.receiver), uint16_t(vector)});
    return f ? t.parent().files->install(std::move(f), false) : -ENOMEM;
}

long register_sender(thread& t, uint64_t fd, uint64_t flags) {
    if (flags)
        return -EINVAL;
    ref<file> f = t.parent().files->get(fd);
    if (!f)
        return -EBADF;
    const uintr_target* target = f->sender_target();
    return target ? uintr_register_sender(t, *target) : -EINVAL;
}

} // namespace

long ouros_call(unsigned number, const uint64_t* a) {
    thread& t = current_thread();
    switch (number) {
    case OUROS_SYS_ring_setup:
        t.counters.ring_setups++;
        if (long error = uintr_setup_for_device(t); error < 0)
            return error;
        return wait_for(ring_setup(t, a[0], a[1], a[2], a[3]));
    case OUROS_SYS_ring_close:
        t.counters.ring_setups++;
        return wait_for(ring_close(t));
    case OUROS_SYS_uintr_setup:
        t.counters.ring_setups++;
        return a[0] ? -EINVAL : uintr_setup(t);
    case OUROS_SYS_statistics:
        return statistics(a[0], a[1]);
    case OUROS_SYS_uintr_create_fd:
        return create_fd(t, a[0], a[1]);
    case OUROS_SYS_uintr_register_sender:
        return register_sender(t, a[0], a[1]);
    case OUROS_SYS_uintr_unregister_sender:
        return uintr_unregister_sender(t.parent(), a[0]);
    case OUROS_SYS_uintr_send:
        return uintr_send(t.parent(), a[0]);
    case OUROS_SYS_user_exceptions:
        return set_user_exceptions(t, a[0], a[1]);
    case OUROS_SYS_fault_in:
        return fault_in(t, a[0], a[1]);
    case OUROS_SYS_user_device:
        return a[3] ? -EINVAL : user_device_take(t, a[0], a[1], a[2]);
    case OUROS_SYS_priorities:
        return priorities(t, a[0], a[1], a[2]);
    case OUROS_SYS_give_way:
        return give_way(t);
    case OUROS_SYS_stretches:
        return stretches(a[0], a[1], a[2]);
#ifdef KERNEL_CHECKS
    case OUROS_SYS_fail_allocation:
        return fail_allocation(t.parent(), a[0], a[1]);
#endif
    case OUROS_SYS_worker_bind:
        return a[3] ? -EINVAL : worker_bind(t, a[0], a[1], a[2]);
    case OUROS_SYS_stand_by:
        t.counters.waits++;
        return a[1] ? -EINVAL : stand_by(t, a[0]);
    default:
        return -ENOSYS;
    }
}

} // namespace kernel
