// SPDX-License-Identifier: BSD-2-Clause
//
// Actions, masks, waiting for signals, the alternate stack; signal_send_calls.cpp has those that
// send.
#include "arch/riscv64/hart.h"
#include "process/thread.h"
#include "signals/frame.h"
#include "signals/signals.h"
#include "syscalls/signal_send_calls.h"
#include "syscalls/syscall.h"
#include "syscalls/time_value.h"

namespace kernel {

namespace {

constexpr size_t set_size = sizeof(signal_set);

long sys_rt_sigaction(uint64_t signal, uint64_t new_at, uint64_t old_at, uint64_t mask_size) {
    if (mask_size != set_size || !valid_signal(signal))
        return -EINVAL;
    process& p = current_process();
    signal_action wanted;
    if (new_at) {
        if (unmaskable_signals & set_of(int(signal)))
            return -EINVAL;
        if (long error = read_user(*p.space, wanted, new_at); error < 0)
            return error;
        wanted.flags &= known_action_flags;
        wanted.mask &= ~unmaskable_signals;
    }
    signal_action old;
    {
        lock_guard guard(p.lock);
        old = p.actions[signal - 1];
        if (new_at) {
            p.actions[signal - 1] = wanted;
            if (ignores(wanted, int(signal))) { // also what is pending and blocked
                unsigned gone = p.signal_state.pending.discard(set_of(int(signal)));
                for (thread& t : p.threads)
                    gone += t.signal_state.pending.discard(set_of(int(signal)));
                p.signal_state.queued -= gone;
            }
        }
    }
    return old_at ? write_user(*p.space, old_at, old) : 0;
}

long sys_rt_sigprocmask(uint64_t how, uint64_t new_at, uint64_t old_at, uint64_t mask_size) {
    if (mask_size != set_size)
        return -EINVAL;
    thread& t = current_thread();
    signal_set old = t.signal_mask;
    if (new_at) {
        signal_set set;
        if (long error = read_user(current_space(), set, new_at); error < 0)
            return error;
        switch (how) {
        case 0: // SIG_BLOCK
            set_signal_mask(t, old | set);
            break;
        case 1: // SIG_UNBLOCK
            set_signal_mask(t, old & ~set);
            break;
        case 2: // SIG_SETMASK
            set_signal_mask(t, set);
            break;
        default:
            return -EINVAL;
        }
    }
    return old_at ? write_user(current_space(), old_at, old) : 0;
}

long sys_rt_sigpending(uint64_t to, uint64_t size) {
    if (size > set_size)
        return -EINVAL;
    thread& t = current_thread();
    process& p = t.parent();
    signal_set set;
    {
        lock_guard guard(p.lock);
        set = (t.signal_state.pending.set | p.signal_state.pending.set) & t.signal_mask;
    }
    return copy_to_user(*p.space, to, &set, size);
}

long sys_rt_sigsuspend(uint64_t mask_at, uint64_t size) {
    if (size != set_size)
        return -EINVAL;
    thread& t = current_thread();
    signal_set mask;
    if (long error = read_user(current_space(), mask, mask_at); error < 0)
        return error;
    begin_temporary_mask(t, mask);
    return t.wait.begin(t, never, 0); // only a signal ends it
}

long write_info(address_space& space, uint64_t to, const signal_info& info) {
    if (!to)
        return 0;
    if (long error = write_user(space, to, info); error < 0)
        return error;
    return zero_user(space, to + sizeof info, user_signal_info_size - sizeof info);
}

// Takes one of the set, blocked or not. 0: there is none. With the process's lock.
int take_from(thread& t, signal_set wanted, signal_info& info) {
    process& p = t.parent();
    for (pending_signals* from : {&t.signal_state.pending, &p.signal_state.pending})
        if (signal_set ready = from->set & wanted) {
            int signal = __builtin_ctzll(ready) + 1;
            p.signal_state.queued -= from->take(signal, info);
            return signal;
        }
    return 0;
}

// The wanted signals are let through for the time of the wait, so that they end it, and taken
// instead of delivered.
task<long> timed_wait(thread& t, signal_set wanted, uint64_t info_at, nanoseconds deadline) {
    process& p = t.parent();
    long outcome = 0;
    signal_info info;
    int signal;
    {
        lock_guard guard(p.lock);
        signal = take_from(t, wanted, info);
        if (!signal) {
            t.signal_state.waited_for = t.signal_mask & wanted;
            t.signal_mask &= ~wanted;
        }
    }
    if (!signal) {
        outcome = co_await sleep_until(t, deadline);
        lock_guard guard(p.lock);
        t.signal_mask |= t.signal_state.waited_for;
        t.signal_state.waited_for = 0;
        signal = take_from(t, wanted, info);
    }
    if (!signal)
        co_return outcome == -ETIMEDOUT ? -EAGAIN : outcome;
    if (long error = write_info(*p.space, info_at, info); error < 0)
        co_return error;
    co_return signal;
}

long sys_rt_sigtimedwait(uint64_t set_at, uint64_t info_at, uint64_t timeout_at, uint64_t size) {
    if (size != set_size)
        return -EINVAL;
    thread& t = current_thread();
    process& p = t.parent();
    signal_set wanted;
    if (long error = read_user(*p.space, wanted, set_at); error < 0)
        return error;
    wanted &= ~unmaskable_signals;
    nanoseconds deadline = never;
    if (timeout_at) {
        time_value timeout;
        if (long error = read_user(*p.space, timeout, timeout_at); error < 0)
            return error;
        if (!timeout.valid())
            return -EINVAL;
        deadline = add_saturating(now(), timeout.total());
    }
    signal_info info;
    int signal;
    {
        lock_guard guard(p.lock);
        signal = take_from(t, wanted, info);
    }
    if (signal) {
        long error = write_info(*p.space, info_at, info);
        return error < 0 ? error : signal;
    }
    if (deadline <= now())
        return -EAGAIN;
    return wait_for(timed_wait(t, wanted, info_at, deadline));
}

long sys_sigaltstack(uint64_t new_at, uint64_t old_at) {
    thread& t = current_thread();
    uint64_t sp = t.frame->x[arch::reg_sp];
    alternate_stack old = t.signal_state.stack;
    constexpr uint32_t on = 1, disabled = 2, disarm = 1u << 31; // SS_
    old.flags = (old.flags & disarm) | (!old.size ? disabled : old.holds(sp) ? on : 0);
    if (new_at) {
        alternate_stack wanted;
        if (long error = read_user(current_space(), wanted, new_at); error < 0)
            return error;
        if (long error = set_alternate_stack(t, wanted, sp); error < 0)
            return error;
    }
    return old_at ? write_user(current_space(), old_at, old) : 0;
}

// All registers are about to change: that is done when they are in the frame (trap.cpp).
long sys_rt_sigreturn() {
    arch::this_hart().pending |= arch::pending_sigreturn;
    return 0;
}

} // namespace

const syscall_entry signal_calls[] = {
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigpending),
    THREAD_CALL(rt_sigsuspend),
    THREAD_CALL(rt_sigtimedwait),
    THREAD_CALL(rt_sigreturn),
    CALL(sigaltstack),
    CALL(kill),
    CALL(tgkill),
    CALL(tkill),
    CALL(rt_sigqueueinfo),
    CALL(rt_tgsigqueueinfo),
    {},
};

} // namespace kernel
