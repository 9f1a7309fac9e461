// SPDX-License-Identifier: BSD-2-Clause
//
// A15: idle harts execute nothing. A long sleep costs the instructions of a short one, on the whole
// machine: no tick, no polling.
#include <cstdint>
#include <cstdio>
#include <time.h>

namespace {

uint64_t instructions() {
    uint64_t n;
    asm volatile("rdinstret %0" : "=r"(n)::"memory");
    return n;
}

uint64_t cost_of_sleeping(timespec duration) {
    uint64_t before = instructions();
    clock_nanosleep(CLOCK_MONOTONIC, 0, &duration, nullptr);
    return instructions() - before;
}

} // namespace

int main() {
    cost_of_sleeping({0, 20'000'000}); // the pages are there now
    uint64_t brief = cost_of_sleeping({0, 20'000'000});
    uint64_t hour = cost_of_sleeping({3600, 0});
    printf("sleeping 20 ms: %lu instructions, an hour: %lu\n", brief, hour);
    return hour != brief;
}
