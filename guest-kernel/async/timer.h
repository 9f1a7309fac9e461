// SPDX-License-Identifier: BSD-2-Clause
//
// Kernel timers, in nanoseconds of the `time` counter since boot.
#pragma once

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

// Runs what is due; the earliest deadline that is left.
nanoseconds timers_run();

} // namespace kernel
