// SPDX-License-Identifier: BSD-2-Clause
//
// Timers that send signals: setitimer's, one for each process, and timer_create's. The clock only
// wakes a coroutine, which sends the signal and sets the clock again.
#pragma once

#include <cstdint>

#include "async/task.h"
#include "async/timer.h"
#include "async/wait_queue.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "lib/spinlock.h"
#include "signals/signal.h"

namespace kernel {

class process;

class signal_timer : public ref_counted, public list_node<signal_timer> {
  public:
    struct setting {
        nanoseconds left = 0; // 0: it is not set
        nanoseconds interval = 0;
    };

    // A timer of the process, with its coroutine, in the process's list; null: out of memory, or
    // another thread has just made one with this id. thread_id 0: it sends to the process.
    static ref<signal_timer> make(process& p, int id, const signal_info& info, int thread_id);
    // It sends no more. Afterwards nobody but the caller's reference knows of it.
    void end();

    // deadline `never`: not at all.
    setting set(nanoseconds deadline, nanoseconds interval);
    setting get();
    uint32_t overruns();

    const int id; // -1: setitimer's

  private:
    struct alarm_clock : timer {
        signal_timer* of = nullptr;
    };

    signal_timer(process& p, int id, const signal_info& info, int thread_id);
    static task<long> run(ref<signal_timer> t);
    setting get_locked() const;
    bool take_due(signal_info& info);

    ref<process> process_;
    const int thread_id_;
    const signal_info info_;
    alarm_clock clock_;
    completion rung_;

    spinlock lock_; // what follows; before the timer lock
    nanoseconds next_ = never;
    nanoseconds interval_ = 0;
    uint32_t overruns_ = 0;
    bool ended_ = false;
};

inline constexpr unsigned max_timers = 64; // of a process

// Null: there is none.
ref<signal_timer> find_timer(process& p, int id);
// execve ends those of timer_create, the end of a process all of them.
void end_timers(process& p, bool also_interval_timer);

} // namespace kernel
