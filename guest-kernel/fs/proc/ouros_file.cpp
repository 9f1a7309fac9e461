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

constexpr unsigned priorities = lowest_priority + 1;

struct view {
    // Threads by priority: those that run or could, by what they are scheduled by; those that
    // publish the priority of what they have ready, by what they have published when they last left
    // a hart; all, by what the process has set for them.
    unsigned ready[priorities] = {}, published[priorities] = {}, base[priorities] = {};
    unsigned receivers = 0, rings = 0, in_flight = 0;
    ouros_statistics statistics{};
};

void look(kernel::process& p, view& v) {
    collect_statistics(p, v.statistics);
    lock_guard guard(p.lock);
    for (thread& t : p.threads) {
        if (t.is_runnable())
            v.ready[t.priority % priorities]++;
        if (t.priorities.published)
            v.published[t.priority % priorities]++;
        v.base[t.priorities.base % priorities]++;
        v.receivers += t.receiver != nullptr;
    }
    for (ring& r : p.rings) {
        v.rings++;
        lock_guard ring_guard(r.lock);
        for (auto at = r.requests.begin(); at != r.requests.end(); ++at)
            v.in_flight++;
    }
}

// "ready_tasks 24:1 32:4": of priority 24 there is one.
void print_counts(text& to, const char* name, const unsigned (&counts)[priorities]) {
    to.print("%s", name);
    for (unsigned i = 0; i < priorities; i++)
        if (counts[i])
            to.print(" %u:%u", i, counts[i]);
    to.print("\n");
}

} // namespace

long write_ouros(const subject& s, text& to) {
    ref<kernel::process> p = find(s);
    if (!p)
        return -ESRCH;
    view v;
    look(*p, v);
    print_counts(to, "ready_tasks", v.ready);
    print_counts(to, "published", v.published);
    print_counts(to, "base", v.base);
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
