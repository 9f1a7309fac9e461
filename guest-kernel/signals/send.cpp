// SPDX-License-Identifier: BSD-2-Clause
//
// Sending: into which set, and whose attention is called.
#include <new>

#include "arch/riscv64/hart.h"
#include "arch/riscv64/interrupts.h"
#include "memory/heap.h"
#include "process/exit.h"
#include "process/family.h"
#include "process/thread.h"
#include "signals/signals.h"

namespace kernel {

namespace {

// All of it with the process's lock.

signal_set takable(const thread& t) {
    return (t.signal_state.pending.set | t.parent().signal_state.pending.set) & ~t.signal_mask;
}

void call_attention(thread& t) {
    t.signal_state.attention.store(1, std::memory_order_seq_cst);
    arch::hart& self = arch::this_hart();
    if (self.current == &t) {
        self.pending |= arch::pending_signal;
        t.mark_interrupted();
        return;
    }
    t.interrupt();
    // A hart that begins to run the thread sets `current` before it looks at `attention`.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    for (unsigned i = 0; i < arch::hart_count(); i++)
        if (__atomic_load_n(&arch::hart_at(i).current, __ATOMIC_RELAXED) == &t)
            arch::interrupts::send(i);
}

bool wants(const thread& t, int signal) {
    return !t.ended && (signal == signal_kill || !(t.signal_mask & set_of(signal)));
}

// The main thread if it can take the signal, or another one that can.
thread* choose(process& p, int signal) {
    thread* chosen = nullptr;
    for (thread& t : p.threads)
        if (wants(t, signal) && (!chosen || t.id == p.id))
            chosen = &t;
    return chosen;
}

// Signals that are blocked are kept even if they are ignored now: that may change before they
// are not blocked any more.
bool is_discarded(process& p, const thread* t, int signal) {
    if (!ignores(p.actions[signal - 1], signal))
        return false;
    if (!t)
        t = p.threads.front();
    return !t || !((t->signal_mask | t->signal_state.waited_for) & set_of(signal));
}

bool is_fatal(process& p, const thread* t, int signal) {
    const signal_action& action = p.actions[signal - 1];
    if (signal == signal_kill)
        return true;
    return t && action.handler == default_action && !ignores(action, signal) &&
           !(stop_signals & set_of(signal)) && !(t->signal_state.waited_for & set_of(signal));
}

long enqueue(process& p, pending_signals& pending, const signal_info& info) {
    int signal = info.number;
    bool real_time = signal >= first_real_time_signal;
    if (info.code == code_timer && (pending.set & set_of(signal)))
        for (queued_signal& entry : pending.queue) // a timer's signal is there once
            if (entry.info.number == signal && entry.info.code == code_timer &&
                entry.info.timer.id == info.timer.id) {
                entry.info.timer.overruns += info.timer.overruns + 1;
                return 0;
            }
    if (!real_time && (pending.set & set_of(signal)))
        return 0;
    queued_signal* entry = nullptr;
    if (p.signal_state.queued < max_queued_signals)
        entry = new (std::nothrow) queued_signal;
    if (entry) {
        entry->info = info;
        pending.queue.push_back(*entry);
        p.signal_state.queued++;
    } else if (real_time && info.code != code_user) {
        return -EAGAIN;
    }
    pending.set |= set_of(signal);
    return 0;
}

// Stopping and continuing undo each other also while they are pending. True: the process was
// stopped and goes on.
bool prepare_stop_or_continue(process& p, int signal) {
    signal_set undone = 0;
    if (signal == signal_continue)
        undone = stop_signals;
    else if (stop_signals & set_of(signal))
        undone = set_of(signal_continue);
    else
        return false;
    if (signal == signal_continue)
        p.signal_state.about_to_stop = false;
    unsigned gone = p.signal_state.pending.discard(undone);
    for (thread& t : p.threads)
        gone += t.signal_state.pending.discard(undone);
    p.signal_state.queued -= gone;
    if (signal != signal_continue || !p.signal_state.stopped)
        return false;
    p.signal_state.stopped = false;
    p.signal_state.stop_to_report = 0;
    p.signal_state.continue_to_report = true;
    for (thread& t : p.threads)
        if (t.signal_state.in_stop)
            t.wait.end(0);
    return true;
}

// t: nullptr for a signal to the process. May leave the guard unlocked.
long send_locked(process& p, thread* t, const signal_info& info, lock_guard& guard) {
    int signal = info.number;
    thread* taker = t ? (wants(*t, signal) ? t : nullptr) : choose(p, signal);
    if (is_fatal(p, taker, signal)) {
        if (arch::this_hart().current_process == &p && arch::this_hart().current)
            arch::this_hart().pending |= arch::pending_signal;
        guard.unlock();
        exit_process(p, signal);
        return 0;
    }
    long error = enqueue(p, t ? t->signal_state.pending : p.signal_state.pending, info);
    if (error == 0 && taker)
        call_attention(*taker);
    return error;
}

long send(process& p, thread* t, const signal_info& info) {
    int signal = info.number;
    lock_guard guard(p.lock);
    if (p.exiting)
        return 0;
    bool continued = prepare_stop_or_continue(p, signal);
    long error = 0;
    if (!is_discarded(p, t, signal))
        error = send_locked(p, t, info, guard);
    guard.unlock();
    if (continued)
        tell_parent(p, child_continued);
    return error;
}

} // namespace

long send_signal(process& p, const signal_info& info) {
    return send(p, nullptr, info);
}

long send_signal(thread& t, const signal_info& info) {
    return send(t.parent(), &t, info);
}

void stop_process(thread& t, int signal) {
    process& p = t.parent();
    p.signal_state.stopped = true;
    t.signal_state.in_stop = true; // its parent, told of it, may look before it waits
    p.signal_state.stop_to_report = signal;
    p.signal_state.continue_to_report = false;
    for (thread& other : p.threads)
        if (&other != &t)
            call_attention(other);
}

void set_signal_mask(thread& t, signal_set mask) {
    process& p = t.parent();
    mask &= ~unmaskable_signals;
    lock_guard guard(p.lock);
    signal_set newly_blocked = mask & ~t.signal_mask & p.signal_state.pending.set;
    t.signal_mask = mask;
    if (takable(t))
        call_attention(t);
    if (newly_blocked && p.live_threads > 1)
        for (thread& other : p.threads)
            if (&other != &t && (newly_blocked & ~other.signal_mask) && !other.ended)
                call_attention(other);
}

void begin_temporary_mask(thread& t, signal_set mask) {
    t.signal_state.saved_mask = t.signal_mask;
    t.signal_state.mask_saved = true;
    set_signal_mask(t, mask);
}

void end_temporary_mask(thread& t) {
    t.signal_state.mask_saved = false;
    set_signal_mask(t, t.signal_state.saved_mask);
}

void pass_on_signals(thread& t) {
    process& p = t.parent();
    p.signal_state.queued -= t.signal_state.pending.discard(~0ull);
    if (p.exiting)
        return;
    signal_set left = p.signal_state.pending.set & ~t.signal_mask;
    if (!left)
        return;
    for (thread& other : p.threads)
        if (&other != &t && !other.ended && (left & ~other.signal_mask))
            call_attention(other);
}

void inherit_signals(thread& child, const thread& parent, bool shares_memory) {
    child.signal_mask = parent.signal_mask;
    if (!shares_memory)
        child.signal_state.stack = parent.signal_state.stack;
}

void reset_signal_handlers(process& p, thread& t) {
    lock_guard guard(p.lock);
    for (signal_action& action : p.actions)
        action = {action.handler == ignore_action ? ignore_action : default_action, 0, 0};
    t.signal_state.stack = {};
}

} // namespace kernel
