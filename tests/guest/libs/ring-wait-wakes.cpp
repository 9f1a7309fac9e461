// SPDX-License-Identifier: BSD-2-Clause
//
// A14, U9: the last look at the queue and the wait lose no completion, however long the device
// takes; sleeping wakes in the order of time; the handler has run when the wait returns.

#include "expect.hpp"

#include <ouros/ouros.hpp>
#include <time.h>
#include <vector>

using namespace std::chrono_literals;

namespace {

std::vector<int> order;

ouros::task<void> sleeper(int number) {
    expect(co_await ouros::sleep(number * 2ms) == 0, "sleep", number);
    order.push_back(number);
}

ouros::task<int> program() {
    for (int i = 0; i < 500; i++) // each waits: nothing else is ready
        expect(co_await ouros::nop() == 0, "a no-op alone", i);
    std::vector<ouros::task<void>> all;
    for (int number : {5, 1, 4, 2, 3})
        all.push_back(sleeper(number));
    timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    co_await ouros::when_all(std::move(all));
    clock_gettime(CLOCK_MONOTONIC, &after);
    expect(order == std::vector<int>{1, 2, 3, 4, 5}, "in the order of time");
    long slept = (after.tv_sec - before.tv_sec) * 1'000'000'000 + after.tv_nsec - before.tv_nsec;
    expect(slept >= 10'000'000, "at least as long as asked", slept);
    co_return failures != 0;
}

} // namespace

int main() {
    return ouros::run(program());
}
