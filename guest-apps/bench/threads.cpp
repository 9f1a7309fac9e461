// SPDX-License-Identifier: BSD-2-Clause
//
// Coroutines on threads: preemption, switches between threads, calls that block, strands of several
// workers, and the memory that all that takes.

#include "measure.hpp"

#include <algorithm>
#include <cstdio>
#include <ouros/ouros.hpp>
#include <ouros/timer.hpp>
#include <unistd.h>
#include <vector>

namespace bench {

namespace {

using namespace std::chrono_literals;
using ouros::task;

constexpr int rounds = 2000;
uint64_t begins, arrives, leaves;
std::vector<uint64_t> preempted, switched;

ouros::strand* sleeper;

struct park {
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> coroutine) const noexcept {
        ouros::uintr::disable();
        ouros::worker* here = ouros::worker::here();
        sleeper = here->current();
        leaves = instructions();
        return here->suspend(coroutine);
    }
    void await_resume() const noexcept {}
};

task<void> urgent() {
    for (int i = -100; i < rounds; i++) {
        co_await park{};
        arrives = instructions();
    }
}

// A strand of higher priority becomes ready: the running one is preempted at the next instruction.
// The other suspends at once, and the thread that was preempted goes on.
task<int> preempt() {
    auto other = ouros::spawn(urgent(), 1);
    for (int i = -100; i < rounds; i++) {
        ouros::uintr::disable();
        ouros::worker::here()->wake(sleeper);
        begins = instructions();
        ouros::uintr::enable();
        uint64_t back = instructions();
        if (i >= 0) {
            preempted.push_back(arrives - begins - reading - 1);
            if (i < rounds - 1)
                switched.push_back(back - leaves - reading);
        }
    }
    co_await other;
    co_return 0;
}

void report(const char* name, std::vector<uint64_t>& values) {
    for (uint64_t value : values)
        taken.add(value);
    taken.report(name, 1, 0);
}

int ends[2];

task<void> reads() {
    char byte;
    for (int i = -50; i < 500; i++)
        if (read(ends[0], &byte, 1) != 1)
            break;
    co_return;
}

// Each byte is read by a coroutine that has blocked before it is written: all of it, both sides.
task<int> block() {
    auto reader = ouros::spawn(reads(), 5);
    char byte = 0;
    for (int i = -50; i < 500; i++) {
        uint64_t start = instructions();
        if (write(ends[1], &byte, 1) != 1)
            break;
        co_await ouros::yield();
        uint64_t end = instructions();
        if (i >= 0)
            taken.add(end - start);
    }
    co_await reader;
    taken.report("threads.blocking_call");
    co_return 0;
}

task<int> nothing() {
    co_return 1;
}

task<int> spawns() {
    for (int i = -100; i < rounds; i++) {
        uint64_t start = instructions();
        co_await ouros::spawn(nothing());
        uint64_t end = instructions();
        if (i >= 0)
            taken.add(end - start);
    }
    taken.report("threads.spawn_join");
    co_return 0;
}

// From one worker to another and back: each way a post, an interrupt and a switch.
task<int> moves() {
    for (int i = -50; i < 500; i++) {
        uint64_t start = instructions();
        co_await ouros::bind(1);
        co_await ouros::bind(0);
        uint64_t end = instructions();
        if (i >= 0)
            taken.add(end - start);
    }
    taken.report("workers.there_and_back");
    co_return 0;
}

task<int> waits(int* left) {
    --*left;
    co_await ouros::sleep(1ms);
    co_return 0;
}

task<int> occupies_threads(int* left) {
    --*left;
    timespec some = {0, 1'000'000};
    nanosleep(&some, nullptr);
    co_return 0;
}

uint64_t pages() {
    ouros_statistics s = {};
    ouros::kernel::statistics(&s);
    return s.pages_used;
}

// Pages of the whole machine, the kernel's for them included, in bytes per coroutine and thread.
task<int> memory(bool threads, int count) {
    int left = count;
    std::vector<task<int>> all;
    all.reserve(static_cast<size_t>(count));
    uint64_t before = pages();
    for (int i = 0; i < count; i++)
        all.push_back(threads ? occupies_threads(&left) : waits(&left));
    std::vector<ouros::spawned<int>> running;
    running.reserve(static_cast<size_t>(count));
    for (task<int>& each : all)
        running.push_back(ouros::spawn(std::move(each), 5));
    while (left)
        co_await ouros::yield();
    uint64_t after = pages();
    for (auto& each : running)
        co_await each;
    std::printf("%s: %lu bytes each\n", threads ? "a thread's stack in use" : "coroutines",
                (after - before) * 4096 / static_cast<uint64_t>(count));
    co_return 0;
}

int must(int status) {
    if (status)
        throw std::system_error(status, std::generic_category(), "run");
    return status;
}

void threads(const char*) {
    preempted.reserve(rounds);
    switched.reserve(rounds);
    must(ouros::run(preempt(), {.slice = 10s, .threads = 2}));
    report("threads.preempt", preempted);
    report("threads.switch", switched);
    must(ouros::run(spawns()));
    if (pipe(ends) < 0)
        throw std::system_error(errno, std::generic_category(), "pipe");
    must(ouros::run(block(), {.threads = 2}));
    must(ouros::run(memory(false, 4096)));
    uint64_t before = pages();
    constexpr unsigned made = 64;
    must(ouros::run(nothing(), {.threads = made}) - 1);
    std::printf("threads: %lu bytes each\n", (pages() - before) * 4096 / made);
    must(ouros::run(memory(true, 48), {.threads = made}));
}

void companies(const char*) {
    must(ouros::run(moves(), {.workers = 2}));
}

const subject here{"threads", harts::one, threads};
const subject several{"workers", harts::several, companies};

} // namespace

} // namespace bench
