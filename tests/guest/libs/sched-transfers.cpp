// SPDX-License-Identifier: BSD-2-Clause
//
// S11: a million awaited coroutines and a million switches between strands, on a stack of 64 KiB;
// if they nested they would need many megabytes.

#include "expect.hpp"

#include <ouros/ouros.hpp>
#include <sys/mman.h>

namespace {

constexpr int transfers = 1'000'000;

ouros::task<int> one() {
    co_return 1;
}

ouros::task<void> yielder() {
    for (int i = 0; i < transfers / 2; i++)
        co_await ouros::yield();
}

ouros::task<int> program() {
    int sum = 0;
    for (int i = 0; i < transfers; i++)
        sum += co_await one();
    auto first = ouros::spawn(yielder()), second = ouros::spawn(yielder());
    co_await first;
    co_await second;
    co_return sum == transfers ? 0 : 1;
}

int status;

extern "C" void run_program() {
    status = ouros::run(program());
}

// Calls run_program on another stack.
[[gnu::noinline]] void call_on(void* top) {
    asm volatile("mv s1, sp\n\t"
                 "mv sp, %0\n\t"
                 "call run_program\n\t"
                 "mv sp, s1"
                 :
                 : "r"(top)
                 : "s1", "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a0", "a1", "a2", "a3",
                   "a4", "a5", "a6", "a7", "memory");
}

} // namespace

int main() {
    constexpr size_t page = 4096, size = 64 * 1024;
    auto* stack = static_cast<char*>(
        mmap(nullptr, page + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (stack == MAP_FAILED || mprotect(stack, page, PROT_NONE) != 0)
        return 99;
    call_on(stack + page + size);
    return status;
}
