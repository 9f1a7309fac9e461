// SPDX-License-Identifier: BSD-2-Clause
//
// Taking signals, on the way back to user mode.
#include <asm/unistd.h>
#include <utility>

#include "arch/riscv64/hart.h"
#include "process/exit.h"
#include "process/family.h"
#include "process/session.h"
#include "process/thread.h"
#include "signals/frame.h"
#include "signals/signals.h"
#include "syscalls/futex.h"
#include "syscalls/syscall.h"

namespace kernel {

namespace {

// What becomes of a call that a signal has ended.
enum class restart {
    always,    // begins anew: the program does not know that it was interrupted
    with_flag, // begins anew if the handler was installed with SA_RESTART, or none was run
    silently,  // begins anew if no handler was run
    never,
};

restart restart_of(const arch::user_frame& f) {
    uint64_t call = f.x[arch::reg_a7];
    switch (call) {
    case __NR_futex:
        return futex_locks(f.x[arch::reg_a1]) ? restart::always : restart::with_flag;
    case __NR_nanosleep:
    case __NR_clock_nanosleep:
    case __NR_ppoll:
    case __NR_pselect6:
    case __NR_rt_sigsuspend:
        return restart::silently;
    case __NR_rt_sigtimedwait:
    case __NR_io_uring_enter:
        return restart::never;
    default: // the kernel's own calls are above
        return call < __NR_syscalls ? restart::with_flag : restart::never;
    }
}

// action: the first handler that runs after it; nullptr: there was none.
void end_interrupted_call(thread& t, const signal_action* action) {
    if (!t.signal_state.call_interrupted)
        return;
    t.signal_state.call_interrupted = false;
    restart how = restart_of(*t.frame);
    bool again = action ? how == restart::always ||
                              (how == restart::with_flag && (action->flags & action_restart))
                        : how != restart::never;
    if (!again)
        return;
    t.frame->pc() -= 4;
    t.frame->x[arch::reg_a0] = t.frame->first_argument;
}

void begin_handler(thread& t, const signal_info& info, const signal_action& action);

void frame_does_not_fit(thread& t, const signal_info& info) {
    process& p = t.parent();
    signal_info fault = signal_info::from(signal_segv, code_kernel, 0);
    if (info.number != signal_segv && force_signal(t, fault))
        return;
    process_message(p, "no room for the frame of signal %d: stack pointer 0x%lx, pc 0x%lx",
                    info.number, t.frame->x[arch::reg_sp], t.frame->pc());
    exit_process(p, signal_segv);
}

// Without locks; the action is a copy, and has been reset if it was to be.
void begin_handler(thread& t, const signal_info& info, const signal_action& action) {
    thread_signals& s = t.signal_state;
    signal_set saved = s.mask_saved ? s.saved_mask : t.signal_mask;
    end_interrupted_call(t, &action);
    if (!push_signal_frame(t, info, action, saved))
        return frame_does_not_fit(t, info);
    s.mask_saved = false;
    signal_set mask = t.signal_mask | action.mask;
    if (!(action.flags & action_no_defer))
        mask |= set_of(info.number);
    set_signal_mask(t, mask);
}

// With the process's lock.
signal_action use_action(process& p, int signal) {
    signal_action& kept = p.actions[signal - 1];
    signal_action action = kept;
    if (action.flags & action_reset)
        kept.handler = default_action;
    return action;
}

// Those that an instruction caused before those that were sent; the thread's before the process's.
int take_next(thread& t, signal_info& info) {
    process& p = t.parent();
    for (pending_signals* from : {&t.signal_state.pending, &p.signal_state.pending}) {
        signal_set ready = from->set & ~t.signal_mask;
        if (ready & synchronous_signals)
            ready &= synchronous_signals;
        if (!ready)
            continue;
        int signal = __builtin_ctzll(ready) + 1;
        p.signal_state.queued -= from->take(signal, info);
        return signal;
    }
    return 0;
}

} // namespace

bool force_signal(thread& t, const signal_info& info) {
    process& p = t.parent();
    signal_action action;
    {
        lock_guard guard(p.lock);
        uint64_t handler = p.actions[info.number - 1].handler;
        if ((t.signal_mask & set_of(info.number)) || handler == default_action ||
            handler == ignore_action)
            return false;
        action = use_action(p, info.number);
    }
    begin_handler(t, info, action);
    return true;
}

next_step handle_signals(thread& t) {
    process& p = t.parent();
    thread_signals& s = t.signal_state;
    for (;;) {
        lock_guard guard(p.lock);
        if (p.exiting)
            return next_step::end;
        s.in_stop = p.signal_state.stopped;
        if (s.in_stop) { // what ends the wait, SIGCONT or another signal, leads here again
            t.clear_interrupt();
            (void)t.wait.begin(t, never, 0);
            return next_step::wait;
        }
        signal_info info;
        int signal = take_next(t, info);
        if (!signal) {
            if (s.mask_saved) {
                s.mask_saved = false;
                t.signal_mask = s.saved_mask;
                continue;
            }
            s.attention.store(0, std::memory_order_relaxed);
            t.clear_interrupt();
            guard.unlock();
            end_interrupted_call(t, nullptr);
            return next_step::go_on;
        }
        signal_action action = use_action(p, signal);
        if (ignores(action, signal))
            continue;
        if (action.handler == default_action && (stop_signals & set_of(signal))) {
            if (signal != signal_stop) {
                // Asked without the lock: SIGCONT may come meanwhile, and undoes the stop.
                p.signal_state.about_to_stop = true;
                guard.unlock();
                bool orphaned = is_orphaned(p.group);
                guard.relock();
                if (orphaned || !std::exchange(p.signal_state.about_to_stop, false))
                    continue;
            }
            stop_process(t, signal);
            guard.unlock();
            tell_parent(p, child_stopped(signal));
            continue;
        }
        if (action.handler == default_action) {
            guard.unlock();
            exit_process(p, signal);
            return next_step::end;
        }
        guard.unlock();
        begin_handler(t, info, action);
    }
}

void call_was_interrupted(thread& t) {
    t.signal_state.call_interrupted = true;
    t.signal_state.attention.store(1, std::memory_order_relaxed);
    if (arch::this_hart().current == &t)
        arch::this_hart().pending |= arch::pending_signal;
}

} // namespace kernel
