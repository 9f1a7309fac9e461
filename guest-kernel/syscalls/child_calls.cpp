// SPDX-License-Identifier: BSD-2-Clause
//
// Making threads and processes, executing programs, waiting for processes.
#include <linux/sched.h>
#include <linux/wait.h>

#include "arch/riscv64/context.h"
#include "arch/riscv64/hart.h"
#include "process/family.h"
#include "process/fork.h"
#include "process/replace.h"
#include "process/thread.h"
#include "syscalls/syscall.h"

namespace kernel {

namespace {

long make_thread(uint64_t flags, uint64_t stack, uint64_t parent_tid, uint64_t tls,
                 uint64_t child_tid) {
    constexpr uint64_t needed = CLONE_VM | CLONE_FILES | CLONE_SIGHAND;
    if ((flags & needed) != needed)
        return -EINVAL;
    thread& self = current_thread();
    process& p = self.parent();
    int id = allocate_id();
    if (flags & CLONE_PARENT_SETTID)
        if (long error = write_user(*p.space, parent_tid, id); error < 0)
            return error;
    if (flags & CLONE_CHILD_SETTID)
        if (long error = write_user(*p.space, child_tid, id); error < 0)
            return error;
    thread* t = thread::create(p, id);
    if (!t)
        return -EAGAIN;
    arch::copy_frame(*t, self);
    t->frame->x[arch::reg_a0] = 0;
    if (stack)
        t->frame->x[arch::reg_sp] = stack;
    if (flags & CLONE_SETTLS)
        t->frame->x[arch::reg_tp] = tls;
    if (flags & CLONE_CHILD_CLEARTID)
        t->clear_child_tid = child_tid;
    __builtin_memcpy(t->name, self.name, sizeof t->name);
    inherit_signals(*t, self, true);
    t->run_like(self);
    make_ready(*t);
    return id;
}

// fork, and vfork as posix_spawn asks for it. Sharing less than a thread and more than a child
// does, and namespaces, are refused.
long make_process(uint64_t flags, uint64_t stack, uint64_t parent_tid, uint64_t tls,
                  uint64_t child_tid) {
    constexpr uint64_t known = CSIGNAL | CLONE_VM | CLONE_VFORK | CLONE_SETTLS |
                               CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
    bool wait = flags & CLONE_VFORK, lend = flags & CLONE_VM;
    uint64_t signal = flags & CSIGNAL;
    if ((flags & ~known) || (lend && !wait) || (signal && signal != signal_child))
        return -EINVAL;
    fork_request wanted;
    wanted.lend_space = lend;
    wanted.stack = stack;
    wanted.set_thread_pointer = flags & CLONE_SETTLS;
    wanted.thread_pointer = tls;
    wanted.set_parent_tid = flags & CLONE_PARENT_SETTID ? parent_tid : 0;
    wanted.set_child_tid = flags & CLONE_CHILD_SETTID ? child_tid : 0;
    wanted.clear_child_tid = flags & CLONE_CHILD_CLEARTID ? child_tid : 0;
    thread& self = current_thread();
    task<long> left;
    long id = fork_process(self, wanted, left);
    return id < 0 || !lend ? id : wait_for(std::move(left));
}

// wait4's arguments; -EINVAL.
long choose_child(caller& who, uint64_t id, uint64_t options, child_choice& which) {
    constexpr uint32_t known = WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL;
    if (uint32_t(options) & ~known)
        return -EINVAL;
    int number = int(id);
    if (number > 0)
        which = {child_choice::one, number};
    else if (number == 0)
        which = {child_choice::group, int(group_of(*who.owner, 0, false))};
    else if (number != -1)
        which = {child_choice::group, -number};
    which.stopped = options & WUNTRACED;
    which.continued = options & WCONTINUED;
    return 0;
}

// waitid's.
long choose_child(caller& who, uint64_t type, uint64_t id, uint64_t options, child_choice& which) {
    constexpr uint32_t known =
        WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL;
    if ((uint32_t(options) & ~known) || !(options & (WEXITED | WSTOPPED | WCONTINUED)))
        return -EINVAL;
    which.keep = options & WNOWAIT;
    which.stopped = options & WSTOPPED;
    which.continued = options & WCONTINUED;
    which.ended = options & WEXITED;
    switch (type) {
    case P_ALL:
        return 0;
    case P_PID:
        which.of = child_choice::one;
        which.id = int(id);
        return int(id) <= 0 ? -EINVAL : 0;
    case P_PGID:
        which.of = child_choice::group;
        which.id = int(id) ? int(id) : int(group_of(*who.owner, 0, false));
        return int(id) < 0 ? -EINVAL : 0;
    default:
        return -EINVAL;
    }
}

// The first look: must_wait if there is nobody yet.
long look_for_child(caller& who, const child_choice& which, uint64_t options, ended_child& child) {
    if (long error = try_wait(*who.owner, which, child); error < 0)
        return error;
    return !child.id && !(options & WNOHANG) ? must_wait : 0;
}

long report_usage(caller& who, uint64_t usage_at, const ended_child& child) {
    return child.id && usage_at ? write_user(*who.owner->space, usage_at, to_user(child.usage)) : 0;
}

// wait4: the status, if something has happened.
long report(caller& who, uint64_t status_at, uint64_t usage_at, const ended_child& child) {
    if (long error = report_usage(who, usage_at, child); error < 0)
        return error;
    if (child.id && status_at)
        if (long error = write_user(*who.owner->space, status_at, child.status); error < 0)
            return error;
    return child.id;
}

// siginfo_t as waitid fills it: zero if nothing has happened.
long report_info(caller& who, uint64_t at, uint64_t usage_at, const ended_child& child) {
    if (long error = report_usage(who, usage_at, child); error < 0)
        return error;
    if (!at)
        return 0;
    address_space& space = *who.owner->space;
    signal_info info;
    if (child.id)
        info = signal_info::of_child(child.id, child.status);
    if (long error = write_user(space, at, info); error < 0)
        return error;
    return zero_user(space, at + sizeof info, user_signal_info_size - sizeof info);
}

long begin_execution(uint64_t directory, uint64_t path, uint64_t arguments, uint64_t environment,
                     uint64_t flags) {
    long result = wait_for(replace_program(current_thread(), int(directory), path, arguments,
                                           environment, uint32_t(flags)));
    // Done already: the thread leaves the hart, and comes back as the new program.
    uint64_t& pending = arch::this_hart().pending;
    if (result == 0 && !(pending & arch::pending_blocked))
        pending |= arch::pending_reschedule;
    return result;
}

long sys_execve(uint64_t path, uint64_t arguments, uint64_t environment) {
    constexpr uint64_t current_directory = uint64_t(-100); // AT_FDCWD
    return begin_execution(current_directory, path, arguments, environment, 0);
}
long sys_execveat(uint64_t directory, uint64_t path, uint64_t arguments, uint64_t environment,
                  uint64_t flags) {
    return begin_execution(directory, path, arguments, environment, flags);
}

// glibc tries it first and falls back to clone.
long sys_clone3() {
    return -ENOSYS;
}

long sys_setpgid(uint64_t id, uint64_t group) {
    return set_group(current_process(), int(id), int(group));
}
long sys_getpgid(uint64_t id) {
    return group_of(current_process(), int(id), false);
}
long sys_getsid(uint64_t id) {
    return group_of(current_process(), int(id), true);
}
long sys_setsid() {
    return new_session(current_process());
}

} // namespace

namespace call {

long wait4(caller& who, uint64_t id, uint64_t status_at, uint64_t options, uint64_t usage_at) {
    child_choice which;
    if (long error = choose_child(who, id, options, which); error < 0)
        return error;
    ended_child child;
    if (long error = look_for_child(who, which, options, child); error < 0)
        return error;
    return report(who, status_at, usage_at, child);
}
task<long> wait4_later(caller& who, uint64_t id, uint64_t status_at, uint64_t options,
                       uint64_t usage_at) {
    child_choice which;
    if (long error = choose_child(who, id, options, which); error < 0)
        co_return error;
    ended_child child;
    if (long error = co_await wait_for_child(who, which, child); error < 0)
        co_return error;
    co_return report(who, status_at, usage_at, child);
}

long waitid(caller& who, uint64_t type, uint64_t id, uint64_t info_at, uint64_t options,
            uint64_t usage_at) {
    child_choice which;
    if (long error = choose_child(who, type, id, options, which); error < 0)
        return error;
    ended_child child;
    if (long error = look_for_child(who, which, options, child); error < 0)
        return error;
    return report_info(who, info_at, usage_at, child);
}
task<long> waitid_later(caller& who, uint64_t type, uint64_t id, uint64_t info_at, uint64_t options,
                        uint64_t usage_at) {
    child_choice which;
    if (long error = choose_child(who, type, id, options, which); error < 0)
        co_return error;
    ended_child child;
    if (long error = co_await wait_for_child(who, which, child); error < 0)
        co_return error;
    co_return report_info(who, info_at, usage_at, child);
}

} // namespace call

// By trap.S: sys_clone_entry, which saves all registers.
extern "C" long sys_clone(uint64_t flags, uint64_t stack, uint64_t parent_tid, uint64_t tls,
                          uint64_t child_tid) {
    arch::kernel_section timed;
    if (flags & CLONE_THREAD)
        return make_thread(flags, stack, parent_tid, tls, child_tid);
    return make_process(flags, stack, parent_tid, tls, child_tid);
}

extern "C" void sys_clone_entry();

const syscall_entry child_calls[] = {
    {__NR_clone, "clone", sys_clone_entry, nullptr, nullptr, true},
    CALL(clone3),
    THREAD_CALL(execve),
    THREAD_CALL(execveat),
    CALL_PAIR(wait4),
    CALL_PAIR(waitid),
    CALL(setpgid),
    CALL(getpgid),
    CALL(getsid),
    CALL(setsid),
    {},
};

} // namespace kernel
