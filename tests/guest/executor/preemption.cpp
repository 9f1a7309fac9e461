// SPDX-License-Identifier: BSD-2-Clause
//
// S8: coroutines that loop without looking left or right are preempted, become parked threads and
// finish; the others go on meanwhile. Registers, floating point included, and thread-local storage
// are as they were.

#include "../libs/expect.hpp"

#include <cerrno>
#include <cstdlib>
#include <ouros/ouros.hpp>
#include <ouros/timer.hpp>
#include <vector>

using namespace std::chrono_literals;
using ouros::task;
using ouros::this_worker;

namespace {

volatile int hogs_running;
volatile bool enough;
int turns;

// Never suspends until it may.
task<double> hog(int number) {
    hogs_running = hogs_running + 1;
    double sum = number;
    uint64_t check = static_cast<uint64_t>(number), steps = 0;
    errno = number;
    while (!enough) {
        sum += 0.5;
        check = check * 6364136223846793005 + 1;
        steps++;
    }
    expect(errno == number, "thread-local storage is the thread's", errno);
    uint64_t again = static_cast<uint64_t>(number);
    for (uint64_t i = 0; i < steps; i++)
        again = again * 6364136223846793005 + 1;
    expect(again == check, "integer registers are kept", number);
    expect(sum == number + 0.5 * static_cast<double>(steps), "floating point is kept", number);
    co_return sum;
}

task<void> polite() {
    for (int i = 0; i < 200; i++) {
        turns++;
        if (i % 4 == 0)
            co_await ouros::nop();
        else
            co_await ouros::yield();
    }
}

task<int> hogs_and_others() {
    std::vector<ouros::spawned<double>> hogs;
    for (int i = 0; i < 3; i++)
        hogs.push_back(ouros::spawn(hog(i + 1)));
    auto other = ouros::spawn(polite());
    co_await other;
    expect(turns == 200, "the others go on", turns);
    expect(hogs_running == 3, "each has begun", hogs_running);
    enough = true;
    for (auto& each : hogs)
        co_await each;
    expect(this_worker.counters().preemptions >= 3, "they were preempted",
           static_cast<long>(this_worker.counters().preemptions));
    co_return 7;
}

// A strand of higher priority takes over at once, and a lower one waits.
task<void> urgent(uint64_t* ran) {
    *ran = ouros::uintr::timer::now();
    co_return;
}

task<int> priorities() {
    uint64_t high = 0, low = 0;
    auto later = ouros::spawn(urgent(&low), ouros::default_priority + 8);
    auto at_once = ouros::spawn(urgent(&high), 2);
    uint64_t after = ouros::uintr::timer::now();
    expect(high && high <= after, "higher: before the spawn returns");
    for (uint64_t end = after + 20'000; ouros::uintr::timer::now() < end;)
        ;
    expect(!low, "lower: not while this one runs");
    co_await later;
    co_await at_once;
    expect(low > after, "but then");
    co_return 0;
}

// Wakes that come while a strand is parked between looking and suspending.
void spin(int times) {
    for (int i = 0; i < times; i++)
        asm volatile("");
}

task<int> child(int value, int spins) {
    spin(spins);
    co_return value;
}

task<int> joins(int first) {
    int sum = 0;
    for (int i = 0; i < 300; i++) {
        auto made = ouros::spawn(child(i, (i * 37 + first) % 600));
        spin((i * 53 + first * 11) % 600);
        sum += co_await made;
    }
    co_return sum;
}

task<int> races() {
    std::vector<task<int>> all;
    for (int i = 0; i < 8; i++)
        all.push_back(joins(i));
    for (int sum : co_await ouros::when_all(std::move(all)))
        expect(sum == 300 * 299 / 2, "every join has its result", sum);
    co_return 0;
}

// malloc is in the middle of something when it is preempted, and others use it.
task<int> allocates(unsigned seed) {
    std::vector<void*> blocks(64);
    for (int i = 0; i < 3000; i++) {
        seed = seed * 1103515245 + 12345;
        void*& block = blocks[seed >> 16 & 63];
        std::free(block);
        block = std::malloc(16 + (seed >> 20 & 1023));
        static_cast<char*>(block)[0] = 1;
        if (i % 100 == 0)
            co_await ouros::yield();
    }
    for (void* block : blocks)
        std::free(block);
    co_return 0;
}

task<int> allocators() {
    std::vector<task<int>> all;
    for (unsigned i = 0; i < 6; i++)
        all.push_back(allocates(i));
    co_await ouros::when_all(std::move(all));
    co_return 0;
}

} // namespace

int main() {
    expect(ouros::run(hogs_and_others(), {.slice = 500us}) == 7, "run gives the result");
    expect(ouros::run(priorities(), {.slice = 500us}) == 0, "priorities");
    expect(ouros::run(races(), {.slice = 5us, .threads = 12}) == 0, "races");
    expect(ouros::run(allocators(), {.slice = 10us, .threads = 8}) == 0, "allocators");
    return failures != 0;
}
