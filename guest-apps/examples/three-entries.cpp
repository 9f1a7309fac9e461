// SPDX-License-Identifier: BSD-2-Clause
//
// One system call through the three entries, and what each costs: run it with --icount, which makes
// the figures instructions of the whole machine, kernel included. Twice alone: the second time what
// it needs is there. The program does nothing else meanwhile, so it waits for each; 32 at once
// share that.
#include <cstdio>
#include <ouros/ouros.hpp>
#include <sys/eventfd.h>
#include <unistd.h>
#include <vector>

namespace {

using ouros::task;

int events; // a semaphore that is never used up
constexpr unsigned at_once = 32;

uint64_t instructions() {
    uint64_t count;
    asm volatile("csrr %0, instret" : "=r"(count)::"memory");
    return count;
}

task<void> by_ecall() {
    uint64_t one;
    if (::read(events, &one, sizeof one) != sizeof one)
        throw std::system_error(errno, std::generic_category());
    co_return;
}

task<void> by_token() {
    uint64_t one;
    ouros::check(co_await ouros::call(SYS_read, events, &one, sizeof one));
}

task<void> in_the_ring() {
    uint64_t one;
    ouros::check(co_await ouros::read(events, &one, sizeof one));
}

task<void> print(const char* name, task<void> (*read_once)()) {
    uint64_t alone = 0, together = 0;
    for (int i = 0; i < 2; i++) {
        uint64_t start = instructions();
        co_await read_once();
        alone = instructions() - start;
        std::vector<task<void>> all;
        for (unsigned n = 0; n < at_once; n++)
            all.push_back(read_once());
        start = instructions();
        co_await ouros::when_all(std::move(all));
        together = (instructions() - start) / at_once;
    }
    std::printf("%-22s %10lu %14lu\n", name, alone, together);
}

task<int> program() {
    std::printf("%-22s %10s %14s\n", "read of an eventfd", "alone", "each of 32");
    co_await print("ecall", by_ecall);
    co_await print("ecall with a token", by_token);
    co_await print("ring", in_the_ring);
    co_return 0;
}

} // namespace

int main() {
    events = eventfd(1'000'000, EFD_SEMAPHORE);
    return ouros::run(program());
}
