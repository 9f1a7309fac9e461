// SPDX-License-Identifier: BSD-2-Clause
#include "process/load.h"

#include <atomic>

#include "lib/spinlock.h"

namespace kernel {

namespace {

constexpr nanoseconds period = 5'000'000'000;
// exp(-5 s / 1, 5, 15 min) in 1 / 2^16
constexpr uint64_t decay[3] = {60297, 64453, 65173};

spinlock lock;
load_average load{};
std::atomic<nanoseconds> next_sample{period};

void sample() {
    uint64_t running = count_system().running;
    lock_guard guard(lock);
    nanoseconds time = now(), due = next_sample.load(std::memory_order_relaxed);
    if (due > time)
        return; // another hart was first
    uint64_t missed = (time - due) / period;
    next_sample.store(due + (missed + 1) * period, std::memory_order_relaxed);
    for (int i = 0; i < 3; i++) {
        for (uint64_t n = 0; n < missed && load.of[i]; n++)
            load.of[i] = load.of[i] * decay[i] >> 16;
        load.of[i] = (load.of[i] * decay[i] + running * load_unit * (65536 - decay[i])) >> 16;
    }
}

} // namespace

void load_sample_if_due() {
    if (now() >= next_sample.load(std::memory_order_relaxed)) [[unlikely]]
        sample();
}

load_average current_load() {
    load_sample_if_due();
    lock_guard guard(lock);
    return load;
}

} // namespace kernel
