// SPDX-License-Identifier: BSD-2-Clause
//
// S10: a policy per class of priorities, chosen by the program: first come first served, turns of a
// slice, deadlines.

#include "../libs/expect.hpp"

#include <ouros/ouros.hpp>
#include <ouros/timer.hpp>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using ouros::policy;
using ouros::task;
using ouros::uintr::timer;

namespace {

constexpr uint64_t slice = 1000; // ticks: 100 us
std::string order;

// Works for some slices; writes its letter when it begins and when it ends.
task<void> works(char letter, int slices) {
    order += letter;
    for (uint64_t end = timer::now() + slice * static_cast<uint64_t>(slices); timer::now() < end;)
        ;
    order += static_cast<char>(letter - 'a' + 'A');
    co_return;
}

struct deadlines {
    uint64_t of[3];
};

task<std::string> all_at(unsigned priority, deadlines when) {
    order.clear();
    std::vector<ouros::spawned<void>> all;
    for (unsigned i = 0; i < 3; i++)
        all.push_back(ouros::spawn(works(static_cast<char>('a' + i), 4),
                                   {.priority = priority, .deadline = when.of[i]}));
    for (auto& each : all)
        co_await each;
    co_return order;
}

void is(const std::string& got, const char* wanted, const char* what) {
    expect(got == wanted, (std::string(what) + ": " + got).c_str());
}

// Runs at the default priority, before all of the others.
task<int> program() {
    deadlines none{};
    is(co_await all_at(37, none), "aAbBcC", "first come, first served");
    is((co_await all_at(34, none)).substr(0, 3), "abc", "in turns");
    uint64_t now = timer::now();
    deadlines mixed{now + 3000, now + 1000, now + 2000};
    is(co_await all_at(40, mixed), "bBcCaA", "by deadline");

    // A nearer deadline takes over, a farther one waits.
    order.clear();
    now = timer::now();
    auto late = ouros::spawn(works('a', 6), {.priority = 40, .deadline = now + 90'000});
    co_await ouros::sleep(100us);
    auto nearer = ouros::spawn(works('b', 1), {.priority = 40, .deadline = now + 50'000});
    auto farther = ouros::spawn(works('c', 1), {.priority = 40, .deadline = now + 100'000});
    co_await late;
    co_await nearer;
    co_await farther;
    is(order, "abBAcC", "the nearest deadline");

    // Between classes priority decides, whatever their policies.
    order.clear();
    auto low = ouros::spawn(works('a', 4), {.priority = 40, .deadline = 1});
    co_await ouros::sleep(100us);
    auto high = ouros::spawn(works('b', 1), {.priority = 37});
    co_await low;
    co_await high;
    is(order, "abBA", "priority first");
    co_return 0;
}

} // namespace

int main() {
    ouros::worker_options options = {.slice = 100us, .threads = 8};
    options.classes = ouros::policies(policy::round_robin)
                          .set(36, 39, policy::fifo)
                          .set(40, 47, policy::deadline);
    expect(ouros::run(program(), options) == 0, "run");
    return failures != 0;
}
