// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <atomic>
#include <cstdint>

#include "arch/riscv64/time.h"

namespace kernel {

// How long a thread has been on harts. One word, so that a reader on another hart never sees time
// go back:
//
//   not running    2 * total
//   running        2 * (total - when it began) + 1
//
// Written by the hart that runs the thread.
class run_clock {
  public:
    void start(uint64_t ticks) { add(1 - 2 * ticks); }
    void stop(uint64_t ticks) { add(2 * ticks - 1); }
    // Of a thread that is not running.
    uint64_t stopped_at() const { return word_.load(std::memory_order_relaxed) >> 1; }
    uint64_t total() const {
        uint64_t word = word_.load(std::memory_order_acquire);
        return (word & 1 ? word + 2 * time_ticks() : word) >> 1;
    }

    // Twice what it is, as long as the thread runs: for differences.
    uint64_t twice_while_running() const {
        return word_.load(std::memory_order_relaxed) + 2 * time_ticks();
    }

  private:
    void add(uint64_t value) {
        word_.store(word_.load(std::memory_order_relaxed) + value, std::memory_order_release);
    }
    std::atomic<uint64_t> word_{0};
};

} // namespace kernel
