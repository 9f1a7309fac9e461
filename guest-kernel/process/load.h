// SPDX-License-Identifier: BSD-2-Clause
//
// How busy the system is, as numbers that Linux programs expect.
//
// The load is an average of how many threads want to run, sampled every five seconds. There is no
// timer for it, which would wake an idle machine: the scheduler's tick, which comes while threads
// run, and whoever asks look whether a sample is due. Those that were missed found nobody running.
#pragma once

#include <cstdint>

#include "async/timer.h"

namespace kernel {

struct load_average {
    uint64_t of[3]; // over 1, 5 and 15 minutes, in 1 / load_unit
};
inline constexpr uint64_t load_unit = 1 << 16;

load_average current_load();
// On the tick.
void load_sample_if_due();

struct system_counts {
    uint64_t context_switches = 0;
    uint64_t processes_made = 0;
    unsigned processes = 0, threads = 0;
    unsigned running = 0; // threads that run or could
    int last_id = 0;
};
system_counts count_system(); // family.cpp

} // namespace kernel
