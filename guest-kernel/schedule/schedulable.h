// SPDX-License-Identifier: BSD-2-Clause
//
// What a hart can be given to do: a user thread or kernel work. A task of the shared scheduler.
#pragma once

#include <cstdint>
#include <ouros/sched.h>

namespace kernel {

struct schedulable : ouros_task {
    enum class kind_of : uint8_t { thread, work };

    schedulable(kind_of kind, unsigned priority);
    schedulable(const schedulable&) = delete;

    kind_of kind;
    uint8_t last_hart = 0; // index of the hart it ran on last
};

// Makes it ready on a suitable hart, which is told if it sleeps. It must be in no queue.
void make_ready(schedulable& item);

} // namespace kernel
