// SPDX-License-Identifier: BSD-2-Clause
//
// Kernel timers, in nanoseconds of the `time` counter since boot.
#pragma once

#include <atomic>
#include <cstdint>

#include "lib/list.h"

namespace kernel {

using nanoseconds = uint64_t;
inline constexpr nanoseconds never = ~0ull;

nanoseconds now();

struct timer : list_node<timer> {
    nanoseconds deadline = never;
    // Runs with the timer lock held, on any hart: only wake something.
    void (*expired)(timer&) = nullptr;
};

void timer_add(timer& t);
// After it returns `expired` is not running and will not run.
void timer_cancel(timer& t);

// When the first one is due. Written with the timers' lock. A hart that has just added one sees its
// own store; another that does not see it yet has armed its hardware timer for its own reasons.
extern std::atomic<nanoseconds> earliest_timer;

// Runs what is due; the earliest deadline that is left.
nanoseconds timers_run_pending();
inline nanoseconds timers_run() {
    return earliest_timer.load(std::memory_order_relaxed) == never ? never : timers_run_pending();
}

} // namespace kernel
