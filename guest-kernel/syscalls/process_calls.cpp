// SPDX-License-Identifier: BSD-2-Clause
//
// Who am I, when do I stop, who else is there.
#include <initializer_list>

#include "arch/riscv64/hart.h"
#include "process/exit.h"
#include "process/thread.h"
#include "syscalls/futex.h"
#include "syscalls/futex_pi.h"
#include "syscalls/robust_list.h"
#include "syscalls/syscall.h"
#include "uintr/receiver.h"
#include "uintr/user_device.h"

namespace kernel {

namespace {

long sys_getpid() {
    return current_process().id;
}
long sys_getppid() {
    return current_process().parent_id;
}
long sys_gettid() {
    return current_thread().id;
}
// One user, root, who owns everything: there is nobody to be protected from.
long sys_getuid() {
    return 0;
}
long sys_getresuid(uint64_t real, uint64_t effective, uint64_t saved) {
    uint32_t zero = 0;
    for (uint64_t at : {real, effective, saved})
        if (long error = write_user(current_space(), at, zero); error < 0)
            return error;
    return 0;
}
long sys_getgroups() {
    return 0;
}

long sys_exit(uint64_t code) {
    thread& t = current_thread();
    process& p = t.parent();
    t.exit_status = exited(int(code));
    // What others can tell of the thread's end comes before anybody who joins it goes on.
    if (t.device)
        user_device_release(t);
    uintr_leave(t);
    end_robust_list(t);
    end_owning(t, false);
    if (t.clear_child_tid) {
        uint32_t zero = 0;
        (void)write_user(*p.space, t.clear_child_tid, zero);
        futex_wake(p, t.clear_child_tid, 1);
    }
    end_current_thread();
    return 0;
}

long sys_exit_group(uint64_t code) {
    exit_process_in_steps(current_process(), exited(int(code)));
    end_current_thread();
    return 0;
}

long sys_set_tid_address(uint64_t address) {
    thread& t = current_thread();
    t.clear_child_tid = address;
    return t.id;
}

long sys_set_robust_list(uint64_t head, uint64_t size) {
    if (size != 24) // struct robust_list_head
        return -EINVAL;
    current_thread().robust_list = head;
    return 0;
}

long sys_sched_yield() {
    arch::this_hart().pending |= arch::pending_reschedule;
    return 0;
}

long sys_getcpu(uint64_t cpu_at, uint64_t node_at) {
    uint32_t cpu = arch::this_hart().index, node = 0;
    if (cpu_at)
        if (long error = write_user(current_space(), cpu_at, cpu); error < 0)
            return error;
    return node_at ? write_user(current_space(), node_at, node) : 0;
}

long sys_prctl(uint64_t option, uint64_t argument) {
    constexpr uint64_t set_name = 15, get_name = 16;
    process& p = current_process();
    if (option == set_name) {
        char name[sizeof p.name] = {};
        long n = user_string(current_space(), name, argument, sizeof name);
        if (n < 0 && n != -ENAMETOOLONG)
            return n;
        name[sizeof name - 1] = 0;
        name_thread(current_thread(), name);
        return 0;
    }
    if (option == get_name)
        return copy_to_user(current_space(), argument, current_thread().name, sizeof p.name);
    return -EINVAL;
}

// Restartable sequences: glibc asks at start and does without.
long sys_rseq() {
    return -ENOSYS;
}

} // namespace

namespace call {

long getpid(caller& who) {
    return who.owner->id;
}
long getppid(caller& who) {
    return who.owner->parent_id;
}

} // namespace call

const syscall_entry process_calls[] = {
    {293, "rseq", erase(sys_rseq)},
    CALL_BOTH(getpid),
    CALL_BOTH(getppid),
    CALL_QUICK(gettid),
    CALL_QUICK(getuid),
    {__NR_geteuid, "geteuid", erase(sys_getuid)},
    {__NR_getgid, "getgid", erase(sys_getuid)},
    {__NR_getegid, "getegid", erase(sys_getuid)},
    CALL(getresuid),
    {__NR_getresgid, "getresgid", erase(sys_getresuid)},
    CALL(getgroups),
    THREAD_CALL(exit),
    THREAD_CALL(exit_group),
    CALL_QUICK(set_tid_address),
    CALL_QUICK(set_robust_list),
    {__NR_sched_yield, "sched_yield", erase(sys_sched_yield), nullptr, nullptr, true},
    CALL_QUICK(getcpu),
    CALL(prctl),
    {},
};

} // namespace kernel
