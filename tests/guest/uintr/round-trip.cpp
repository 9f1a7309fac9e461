// SPDX-License-Identifier: BSD-2-Clause
//
// U9: two threads that send each other a user interrupt and wait in the kernel, on one hart: what a
// round trip of two blocks, two wakes and two switches costs. Instructions, with --icount. The
// argument is the most that it may be.

#include "../libs/expect.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <ouros/io.hpp>
#include <ouros/uintr.hpp>
#include <thread>
#include <vector>

namespace kernel = ouros::kernel;
namespace uintr = ouros::uintr;

namespace {

constexpr int rounds = 2000;
constexpr unsigned vector = 7;

struct side {
    std::atomic<int> fd{-1};
    volatile long received = 0;
};
side sides[2];

uint64_t instructions() {
    uint64_t value;
    asm volatile("rdinstret %0" : "=r"(value));
    return value;
}

thread_local side* mine;

extern "C" void round_trip_received(uint64_t) {
    mine->received = mine->received + 1;
}

uint64_t meet(int number) {
    mine = &sides[number];
    ouros::check(kernel::uintr_setup(), "uintr_setup");
    mine->fd = static_cast<int>(ouros::check(kernel::uintr_create_fd(vector), "create_fd"));
    while (sides[!number].fd < 0)
        sched_yield();
    return static_cast<uint64_t>(
        ouros::check(kernel::uintr_register_sender(sides[!number].fd), "register"));
}

void wait_for(long round) {
    uintr::disable();
    while (mine->received < round) {
        kernel::wait(kernel::forever);
        uintr::disable();
    }
    uintr::enable();
}

} // namespace

OUROS_UINTR_ENTRY(round_trip_entry, round_trip_received);

int main(int argc, char** argv) {
    std::thread answering([] {
        uint64_t sender = meet(1);
        uintr::set_entry(round_trip_entry);
        for (long round = 1; round <= rounds; round++) {
            wait_for(round);
            uintr::send(sender);
        }
    });
    uint64_t sender = meet(0);
    uintr::set_entry(round_trip_entry);
    std::vector<uint64_t> costs;
    ouros_statistics before{}, after{};
    kernel::statistics(&before);
    for (long round = 1; round <= rounds; round++) {
        uint64_t start = instructions();
        uintr::send(sender);
        wait_for(round);
        costs.push_back(instructions() - start);
    }
    kernel::statistics(&after);
    answering.join();
    std::sort(costs.begin(), costs.end());
    uint64_t median = costs[rounds / 2];
    printf("round trip: %lu instructions (%lu to %lu)\n", median, costs.front(), costs.back());
    printf("each: %.2f waits, %.2f interrupts, %.2f switches, %.2f other traps\n",
           double(after.waits - before.waits) / rounds,
           double(after.device_interrupts - before.device_interrupts) / rounds,
           double(after.context_switches - before.context_switches) / rounds,
           double(after.other_traps - before.other_traps) / rounds);
    // A wake is one supervisor interrupt; nobody polls.
    uint64_t interrupts = after.device_interrupts - before.device_interrupts;
    expect(interrupts == rounds, "one interrupt for each", long(interrupts));
    uint64_t most = argc > 1 ? strtoul(argv[1], nullptr, 10) : ~uint64_t{0};
    expect(median <= most, "cheap enough", long(median));
    return failures != 0;
}
