// SPDX-License-Identifier: BSD-2-Clause
#include "process/usage.h"

#include "arch/riscv64/hart.h"
#include "process/family.h"
#include "process/thread.h"

namespace kernel {

void resource_usage::add(const resource_usage& other) {
    ticks += other.ticks;
    kernel_ticks += other.kernel_ticks;
    page_faults += other.page_faults;
    waits += other.waits;
    preemptions += other.preemptions;
    peak_pages = peak_pages > other.peak_pages ? peak_pages : other.peak_pages;
}

resource_usage usage_of(const thread& t) {
    resource_usage u;
    // In this order: what the kernel took is part of the whole.
    u.kernel_ticks = t.kernel_ticks.load(std::memory_order_acquire);
    if (arch::this_hart().current == &t)
        u.kernel_ticks += arch::this_hart().kernel_ticks;
    u.ticks = t.run_time.total();
    u.kernel_ticks = u.kernel_ticks < u.ticks ? u.kernel_ticks : u.ticks;
    u.page_faults = t.counters.page_faults;
    u.preemptions = t.counters.timer_interrupts;
    uint64_t switches = t.counters.context_switches;
    u.waits = switches > u.preemptions + 1 ? switches - u.preemptions - 1 : 0; // one began it
    return u;
}

resource_usage usage_of(process& p) {
    lock_guard guard(p.lock);
    resource_usage sum = p.ended_usage;
    for (thread& t : p.threads)
        sum.add(usage_of(t));
    if (p.space && p.space->peak_pages() > sum.peak_pages)
        sum.peak_pages = p.space->peak_pages();
    return sum;
}

user_usage to_user(const resource_usage& usage) {
    constexpr nanoseconds second = 1'000'000'000;
    user_usage out;
    out.user[0] = int64_t(usage.user_time() / second);
    out.user[1] = int64_t(usage.user_time() % second / 1000);
    out.system[0] = int64_t(usage.kernel_time() / second);
    out.system[1] = int64_t(usage.kernel_time() % second / 1000);
    out.peak_kib = int64_t(usage.peak_pages * (page_size / 1024));
    out.minor_faults = int64_t(usage.page_faults);
    out.waits = int64_t(usage.waits);
    out.preemptions = int64_t(usage.preemptions);
    return out;
}

} // namespace kernel
