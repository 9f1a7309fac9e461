// SPDX-License-Identifier: BSD-2-Clause
//
// Signals of processes and threads: what is pending, who takes it, and what happens on the way back
// to user mode.
//
//   send_signal      puts it into the thread's or the process's pending set, picks a thread that
//                    does not block it, and calls that thread's attention:
//                      - this hart's own: a bit in hart::pending, looked at when its call returns
//                      - it runs on another hart: an interrupt makes it enter the kernel
//                      - it waits in a call: the wait ends with -EINTR
//   stopped          every thread waits, on its way to user mode, until SIGCONT or its end
//   handle_signals   before a thread with `attention` goes back to user mode: takes what is pending
//                    and not blocked; ends the process, stops it, or writes a frame to the thread's
//                    stack and lets it begin the handler (frame.h)
//
// A thread whose `attention` is 0 has nothing to take. Everything else is protected by
// process::lock.
//
// User interrupts. A signal is taken wherever the thread is, also in a user-interrupt handler. Its
// handler runs with ustatus.UIE and UPIE as they were: user interrupts go on reaching code that had
// them on, and a user-interrupt handler, which runs with UIE = 0, is not entered again before it
// has returned by uret, so that uepc, ucause and utval stay its own. None of the user-interrupt
// registers is in the frame: it is Linux's, and a handler that changes one has changed it for the
// thread, as any function that it calls.
#pragma once

#include <atomic>
#include <cstdint>

#include "lib/list.h"
#include "signals/signal.h"
#include "signals/signal_timer.h"

namespace kernel {

class process;
class thread;

struct queued_signal : list_node<queued_signal> {
    signal_info info;
};

// Standard signals are in it once, real-time signals as often as they were sent.
struct pending_signals {
    signal_set set = 0;
    list<queued_signal> queue; // what came with information, in the order it came

    ~pending_signals() { discard(~0ull); }
    // Takes one of `signal`, which is in the set. How many entries were freed.
    unsigned take(int signal, signal_info& info);
    unsigned discard(signal_set which);
};

struct alternate_stack { // stack_t
    uint64_t base = 0;
    uint32_t flags = 2; // SS_DISABLE
    uint32_t padding = 0;
    uint64_t size = 0;

    bool holds(uint64_t pointer) const;
};

// Of a thread. Its mask is thread::signal_mask.
struct thread_signals {
    std::atomic<uint32_t> attention{0};
    pending_signals pending;
    signal_set waited_for = 0;     // by rt_sigtimedwait: unblocked only to be taken there
    signal_set saved_mask = 0;     // what sigsuspend, ppoll and pselect give back,
    bool mask_saved = false;       // ... if they are to
    bool call_interrupted = false; // the call it is in has ended with -EINTR
    bool in_stop = false;          // what it waits for is that its process continues
    alternate_stack stack;
};

// Of a process. Its actions are process::actions.
struct process_signals {
    pending_signals pending;
    unsigned queued = 0; // entries of all its pending sets
    list<signal_timer> timers;
    bool stopped = false;
    bool about_to_stop = false; // a thread has taken a signal that stops, and asks for orphans
    // What its parent has not been told yet: the signal that stopped it; that it continued.
    int stop_to_report = 0;
    bool continue_to_report = false;
};
inline constexpr unsigned max_queued_signals = 1024; // RLIMIT_SIGPENDING, per process

// From any context without locks. 0 (also if it is ignored), -EAGAIN: a real-time signal for which
// there is no room.
long send_signal(process& p, const signal_info& info);
long send_signal(thread& t, const signal_info& info);

// What the current thread did itself: it takes it at once, or, if it blocks or ignores it, its
// process ends by it. Whether there is a handler to take it; if not, nothing was done.
bool force_signal(thread& t, const signal_info& info);

// The current thread, whose registers are all in the frame, is about to go back to user mode.
enum class next_step {
    go_on,
    wait, // it is stopped: to be parked
    end,
};
next_step handle_signals(thread& t);

// The current thread took a signal that stops its process. With the process's lock; the parent is
// yet to be told.
void stop_process(thread& t, int signal);

// Changes the current thread's mask, and calls its attention to what that lets through.
void set_signal_mask(thread& t, signal_set mask);
// Until a handler returns or, if none runs, until handle_signals: sigsuspend, ppoll, pselect.
void begin_temporary_mask(thread& t, signal_set mask);
void end_temporary_mask(thread& t); // when the call has ended otherwise

// The call of the current or a waiting thread has ended with -EINTR; if it is restarted or not is
// decided when the signal is taken.
void call_was_interrupted(thread& t);

// A thread ends: what was sent to its process and would have been its to take goes to another.
// With the process's lock.
void pass_on_signals(thread& t);

// A new thread, by clone, fork or vfork: it inherits mask and, with a stack of its own memory, the
// alternate stack; nothing that is pending.
void inherit_signals(thread& child, const thread& parent, bool shares_memory);
// execve: handlers, addresses of a program that goes, become the default; what is ignored stays
// ignored. There is no alternate stack any more.
void reset_signal_handlers(process& p, thread& t);

// Where handlers return to, from the start of the scheduler image.
uint64_t signal_return_offset();

} // namespace kernel
