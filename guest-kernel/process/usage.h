// SPDX-License-Identifier: BSD-2-Clause
//
// What threads and processes have used: time on harts, page faults, switches.
//
// Time is counted in ticks of the `time` counter. A switch costs two reads of it; a system call
// that only looks something up costs nothing, and its time is the program's. The kernel's share is
// what the other calls, page faults and exceptions took; what kernel coroutines did for a thread
// after it had blocked is nobody's.
#pragma once

#include <atomic>
#include <cstdint>

#include "arch/riscv64/run_clock.h"
#include "async/timer.h"

namespace kernel {

class process;
class thread;

// Ticks of the `time` counter in nanoseconds.
nanoseconds ticks_to_ns(uint64_t ticks);

struct resource_usage {
    uint64_t ticks = 0;        // on harts
    uint64_t kernel_ticks = 0; // ... of these in the kernel
    uint64_t page_faults = 0;
    uint64_t waits = 0; // switches that the thread asked for, and those that it didn't
    uint64_t preemptions = 0;
    uint64_t peak_pages = 0; // most that were resident at once

    void add(const resource_usage& other);
    nanoseconds kernel_time() const { return ticks_to_ns(kernel_ticks); }
    nanoseconds user_time() const { return ticks_to_ns(ticks - kernel_ticks); }
};

resource_usage usage_of(const thread& t);
resource_usage usage_of(process& p);
// Of the children that were waited for, and theirs.
resource_usage usage_of_children(process& p);

struct user_usage {                       // struct rusage
    int64_t user[2] = {}, system[2] = {}; // seconds, microseconds
    int64_t peak_kib = 0;
    int64_t unused[3] = {};
    int64_t minor_faults = 0, major_faults = 0;
    int64_t unused_too[6] = {};
    int64_t waits = 0, preemptions = 0;
};
static_assert(sizeof(user_usage) == 144);
user_usage to_user(const resource_usage& usage);

} // namespace kernel
