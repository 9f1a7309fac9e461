// SPDX-License-Identifier: BSD-2-Clause
//
// /proc/PID/ouros: what the shared scheduler, rings and user interrupts make of a process. Lines of
// a name and numbers; more names may come. A thread's file is its process's.
#include "fs/proc/proc.h"
#include "process/thread.h"
#include "ring/ring.h"
#include "syscalls/ouros_calls.h"

namespace kernel::proc {

namespace {

constexpr unsigned priorities = 64;

struct view {
    unsigned ready[priorities] = {}; // threads that run or could, by priority
    unsigned receivers = 0, rings = 0, in_flight = 0;
    ouros_statistics statistics{};
};

void look(kernel::process& p, view& v) {
    collect_statistics(p, v.statistics);
    lock_guard guard(p.lock);
    for (thread& t : p.threads) {
        if (t.is_runnable())
            v.ready[t.priority % priorities]++;
        v.receivers += t.receiver != nullptr;
    }
    for (ring& r : p.rings) {
        v.rings++;
        lock_guard ring_guard(r.lock);
        for (auto at = r.requests.begin(); at != r.requests.end(); ++at)
            v.in_flight++;
    }
}

} // namespace

long write_ouros(const subject& s, text& to) {
    ref<kernel::process> p = find(s);
    if (!p)
        return -ESRCH;
    view v;
    look(*p, v);
    unsigned highest = priorities;
    to.print("ready_tasks");
    for (unsigned i = 0; i < priorities; i++) {
        if (!v.ready[i])
            continue;
        highest = highest < i ? highest : i;
        to.print(" %u:%u", i, v.ready[i]); // priority:threads
    }
    to.print("\n");
    if (highest < priorities)
        to.print("highest_priority %u\n", highest);
    to.print("rings %u\nkernel_requests_in_flight %u\nreceivers %u\n", v.rings, v.in_flight,
             v.receivers);
    const ouros_statistics& c = v.statistics;
    const struct {
        const char* name;
        uint64_t value;
    } counters[] = {
        {"kernel_entries", c.kernel_entries},
        {"syscalls", c.syscalls},
        {"ring_setups", c.ring_setups},
        {"waits", c.waits},
        {"submissions", c.submissions},
        {"completion_interrupts", c.completion_interrupts},
        {"timer_interrupts", c.timer_interrupts},
        {"device_interrupts", c.device_interrupts},
        {"page_faults", c.page_faults},
        {"other_traps", c.other_traps},
        {"context_switches", c.context_switches},
    };
    for (const auto& counter : counters)
        to.print("%s %lu\n", counter.name, counter.value);
    return 0;
}

} // namespace kernel::proc
