// SPDX-License-Identifier: BSD-2-Clause

#include "counts.hpp"

#include <ouros/ouros.hpp>

namespace demo {

namespace {

counts now() {
    counts all;
    all.instructions = instructions();
    ouros::check(ouros::kernel::statistics(&all.kernel), "statistics");
    const ouros::worker_counters& own = ouros::this_worker.counters();
    all.interrupts = own.interrupts;
    all.completions = own.completions;
    all.doorbells = own.doorbells;
    return all;
}

constexpr uint64_t ouros_statistics::*kernel_fields[] = {
    &ouros_statistics::kernel_entries,   &ouros_statistics::syscalls,
    &ouros_statistics::ring_setups,      &ouros_statistics::waits,
    &ouros_statistics::submissions,      &ouros_statistics::completion_interrupts,
    &ouros_statistics::timer_interrupts, &ouros_statistics::device_interrupts,
    &ouros_statistics::page_faults,      &ouros_statistics::other_traps,
    &ouros_statistics::context_switches,
};

constexpr uint64_t counts::*own_fields[] = {&counts::interrupts, &counts::completions,
                                            &counts::doorbells, &counts::instructions};

counts difference(const counts& later, const counts& earlier) {
    counts result;
    for (auto field : kernel_fields)
        result.kernel.*field = later.kernel.*field - earlier.kernel.*field;
    for (auto field : own_fields)
        result.*field = later.*field - earlier.*field;
    return result;
}

// What two readings in a row differ by: the cost of a reading.
const counts& cost_of_reading() {
    static const counts cost = [] {
        counts first = now();
        return difference(now(), first);
    }();
    return cost;
}

} // namespace

counts& counts::operator+=(const counts& other) {
    for (auto field : kernel_fields)
        kernel.*field += other.kernel.*field;
    for (auto field : own_fields)
        this->*field += other.*field;
    return *this;
}

stopwatch::stopwatch() {
    cost_of_reading();
    start_ = now();
}

counts stopwatch::stop() const {
    counts result = difference(now(), start_);
    // Only the system call itself: a tick that fell into the calibration must not be taken off.
    result.kernel.kernel_entries -= cost_of_reading().kernel.syscalls;
    result.kernel.syscalls -= cost_of_reading().kernel.syscalls;
    return result;
}

bool instructions_are_counted() {
    // An interrupt may fall into one of these loops, not into most of them.
    int exact = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t count = 1000;
        uint64_t start = instructions();
        asm volatile("1: addi %0, %0, -1\n\tbnez %0, 1b" : "+r"(count));
        uint64_t spent = instructions() - start;
        exact += spent >= 2000 && spent < 2010;
    }
    return exact >= 5;
}

} // namespace demo
