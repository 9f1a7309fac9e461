// SPDX-License-Identifier: BSD-2-Clause
//
// A strand is what the scheduler runs: a spawned coroutine together with the coroutines it awaits,
// of which one, the innermost, is to be resumed next. When a strand has been preempted, or blocks
// in a system call, its thread keeps it (executor/ouros/thread.hpp), and is what is to be resumed.
#ifndef OUROS_STRAND_HPP
#define OUROS_STRAND_HPP

#include <coroutine>
#include <cstdint>
#include <ouros/sched.h>

namespace ouros {

// As an ordinary thread: of 0..63, 0 the highest, in the whole system.
inline constexpr unsigned default_priority = 32;

struct strand : ouros_task {
    // Address of the coroutine, or of the thread, that waits to be resumed; null while the strand
    // is in a system call that its worker does not wait for.
    void* resume_point;
    // The worker whose queue it belongs to, which alone changes it; lowest bit: that one may have
    // threads and company, so that a wake has more to look at.
    uintptr_t home;
    uint64_t deadline; // in a class that goes by deadlines: in ticks of the timer, otherwise unused
    bool bound;        // it stays with its worker
};

} // namespace ouros

#endif // OUROS_STRAND_HPP
