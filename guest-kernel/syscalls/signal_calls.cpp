// SPDX-License-Identifier: BSD-2-Clause
//
// Signals, as far as a single program needs them: actions and masks are kept, a signal that a
// process sends to itself and does not ignore ends it, as its default action or instead of a
// handler that this kernel does not call yet.
#include "process/exit.h"
#include "process/fault.h"
#include "process/thread.h"
#include "syscalls/syscall.h"

namespace kernel {

namespace {

constexpr uint64_t default_action = 0, ignore_action = 1; // SIG_DFL, SIG_IGN
constexpr unsigned signal_stop = 19;
// SIGCHLD, SIGCONT, SIGURG, SIGWINCH, and those that stop: there is nobody to continue them.
constexpr uint64_t ignored_by_default = 1ull << 16 | 1ull << 17 | 1ull << 22 | 1ull << 27 |
                                        1ull << 18 | 1ull << 19 | 1ull << 20 | 1ull << 21;

bool valid_signal(uint64_t signal) {
    return signal >= 1 && signal <= process::signals;
}

long sys_rt_sigaction(uint64_t signal, uint64_t new_at, uint64_t old_at, uint64_t mask_size) {
    if (mask_size != 8 || !valid_signal(signal))
        return -EINVAL;
    process& p = current_process();
    signal_action wanted;
    if (new_at) {
        if (signal == signal_kill || signal == signal_stop)
            return -EINVAL;
        if (long error = read_user(*p.space, wanted, new_at); error < 0)
            return error;
    }
    signal_action old;
    {
        lock_guard guard(p.lock);
        old = p.actions[signal - 1];
        if (new_at)
            p.actions[signal - 1] = wanted;
    }
    return old_at ? write_user(*p.space, old_at, old) : 0;
}

long sys_rt_sigprocmask(uint64_t how, uint64_t new_at, uint64_t old_at, uint64_t mask_size) {
    if (mask_size != 8)
        return -EINVAL;
    thread& t = current_thread();
    uint64_t old = t.signal_mask;
    if (new_at) {
        uint64_t set;
        if (long error = read_user(current_space(), set, new_at); error < 0)
            return error;
        constexpr uint64_t unmaskable = 1ull << (signal_kill - 1) | 1ull << (signal_stop - 1);
        switch (how) {
        case 0: // SIG_BLOCK
            t.signal_mask = old | (set & ~unmaskable);
            break;
        case 1: // SIG_UNBLOCK
            t.signal_mask = old & ~set;
            break;
        case 2: // SIG_SETMASK
            t.signal_mask = set & ~unmaskable;
            break;
        default:
            return -EINVAL;
        }
    }
    return old_at ? write_user(current_space(), old_at, old) : 0;
}

long sys_sigaltstack(uint64_t, uint64_t old_at) {
    struct {
        uint64_t sp = 0;
        uint32_t flags = 2; // SS_DISABLE
        uint32_t padding = 0;
        uint64_t size = 0;
    } old;
    return old_at ? write_user(current_space(), old_at, old) : 0;
}

long send_to_self(uint64_t signal) {
    if (signal == 0)
        return 0;
    if (!valid_signal(signal))
        return -EINVAL;
    process& p = current_process();
    uint64_t handler;
    {
        lock_guard guard(p.lock);
        handler = p.actions[signal - 1].handler;
    }
    bool can_ignore = signal != signal_kill && signal != signal_stop;
    if (can_ignore && (handler == ignore_action ||
                       (handler == default_action && (ignored_by_default >> (signal - 1) & 1))))
        return 0;
    exit_process(p, int(signal));
    end_current_thread();
    return 0;
}

bool is_self(uint64_t id) {
    return int(id) == current_process().id;
}

long sys_kill(uint64_t id, uint64_t signal) {
    if (!is_self(id) && id != 0)
        return -ESRCH;
    return send_to_self(signal);
}

long sys_tgkill(uint64_t group, uint64_t, uint64_t signal) {
    if (!is_self(group))
        return -ESRCH;
    return send_to_self(signal);
}

long sys_tkill(uint64_t id, uint64_t signal) {
    if (int(id) != current_thread().id)
        return -ESRCH;
    return send_to_self(signal);
}

} // namespace

const syscall_entry signal_calls[] = {
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(sigaltstack),
    CALL(kill),
    CALL(tgkill),
    CALL(tkill),
    {},
};

} // namespace kernel
