// SPDX-License-Identifier: BSD-2-Clause
//
// What a hart can be given to do: a user thread or kernel work. A task of the shared scheduler.
#pragma once

#include <atomic>
#include <cstdint>
#include <ouros/sched.h>

namespace kernel {

using hart_set = uint8_t; // bit n: the hart with index n
inline constexpr hart_set every_hart = 0xff;

struct schedulable : ouros_task {
    enum class kind_of : uint8_t { thread, work };

    schedulable(kind_of kind, unsigned priority);
    schedulable(const schedulable&) = delete;

    bool may_run_on(unsigned hart_index) const {
        return harts.load(std::memory_order_relaxed) >> hart_index & 1;
    }

    // A new thread of `other`'s, which made it.
    void run_like(const schedulable& other) {
        last_hart = other.last_hart;
        harts.store(other.harts.load(std::memory_order_relaxed), std::memory_order_relaxed);
    }

    const kind_of kind;
    uint8_t last_hart = 0; // index of the hart it ran on last
    // Where it may run. A hart looks before it runs the item; set_harts tells those that run it.
    std::atomic<hart_set> harts{every_hart};
};

// Makes it ready on a suitable hart, which is told if it sleeps or should run the item at once. The
// item must be in no queue.
void make_ready(schedulable& item);

// From now on the item runs on these harts only; if one that is excluded runs it, it moves at once.
// At least one of the harts must be there.
void set_harts(schedulable& item, hart_set harts);

} // namespace kernel
