// SPDX-License-Identifier: BSD-2-Clause
//
// S8, S9, S10: several workers. Strands start on any of them, wake each other across, go to one
// that has nothing to do, stay where they are bound, and a preempted one finishes on another hart.

#include "../libs/expect.hpp"

#include <atomic>
#include <cstdlib>
#include <ouros/ouros.hpp>
#include <ouros/timer.hpp>
#include <vector>

using namespace std::chrono_literals;
using ouros::task;
using ouros::this_worker;

namespace {

constexpr unsigned workers = 4;
std::atomic<int> failed;

void check(bool condition, const char* what, long value = 0) {
    if (condition)
        return;
    failed++;
    std::printf("not so: %s (%ld)\n", what, value);
}

// Joins, from wherever the child runs.
task<int> child(int value) {
    if (value % 3 == 0)
        co_await ouros::yield();
    if (value % 16 == 0)
        check(co_await ouros::nop() == 0, "a call on whatever worker");
    co_return value;
}

task<void> parent(unsigned number) {
    for (int i = 0; i < 400; i++) {
        auto here = ouros::spawn(child(i));
        auto there = ouros::spawn(child(i + 1), {.worker = (number + unsigned(i)) % workers});
        auto bound = ouros::spawn(child(i + 2), {.worker = unsigned(i) % workers, .bound = true});
        check(co_await there == i + 1, "the result from another worker");
        check(co_await here == i, "from this one");
        check(co_await bound == i + 2, "from a bound one");
    }
}

task<int> joins() {
    std::vector<task<void>> all;
    for (unsigned i = 0; i < 2 * workers; i++)
        all.push_back(parent(i));
    co_await ouros::when_all(std::move(all));
    co_return 0;
}

// From worker to worker, and back.
task<int> travels(unsigned start) {
    for (unsigned i = 0; i < 300; i++) {
        unsigned to = (start + i) % workers;
        co_await ouros::bind(to);
        check(this_worker.number() == to, "where it is bound", to);
        co_await ouros::yield();
        check(this_worker.number() == to, "and stays", to);
        if (i % 8 == 0)
            co_await ouros::nop();
    }
    co_await ouros::bind(0, false);
    co_return 0;
}

task<int> travellers() {
    std::vector<task<int>> all;
    for (unsigned i = 0; i < 12; i++)
        all.push_back(travels(i));
    co_await ouros::when_all(std::move(all));
    co_return 0;
}

// All begin on one worker. Each waits for all: only if the others take some can they meet.
std::atomic<unsigned> met;
std::atomic<unsigned> seen_on;

task<void> meets() {
    met++;
    while (met < workers)
        asm volatile("");
    seen_on |= 1u << this_worker.number();
    co_return;
}

task<int> meeting() {
    std::vector<task<void>> all;
    for (unsigned i = 0; i < workers; i++)
        all.push_back(meets());
    co_await ouros::when_all(std::move(all));
    check(seen_on == (1u << workers) - 1, "each on a worker of its own", seen_on);
    co_return 0;
}

// A hog that was preempted on one worker goes on on another, with its registers.
std::atomic<bool> let_go;
std::atomic<int> started;

task<void> hog(double seed) {
    double sum = seed;
    uint64_t steps = 0;
    started++;
    while (!let_go) {
        sum += 0.25;
        steps++;
    }
    check(sum == seed + 0.25 * double(steps), "floating point has come along");
    co_return;
}

task<int> hogs() {
    std::vector<ouros::spawned<void>> all;
    for (int i = 0; i < 10; i++)
        all.push_back(ouros::spawn(hog(i)));
    // This strand and ten hogs on four workers: all of them begin, this one goes on.
    for (int i = 0; i < 100000 && started < 10; i++)
        co_await ouros::yield();
    check(started == 10, "all have begun", started);
    let_go = true;
    for (auto& each : all)
        co_await each;
    co_return 0;
}

} // namespace

int main() {
    ouros::worker_options options = {.workers = workers};
    check(ouros::run(joins(), options) == 0, "joins");
    check(ouros::run(travellers(), options) == 0, "travellers");
    // Without a slice: or a worker might run two of them in turns.
    check(ouros::run(meeting(), options) == 0, "meeting");
    options.slice = 300us;
    options.threads = 12;
    check(ouros::run(hogs(), options) == 0, "hogs");
    options.slice = 20us;
    check(ouros::run(joins(), options) == 0, "joins, preempted");
    check(ouros::run(travellers(), options) == 0, "travellers, preempted");
    return failed != 0;
}
