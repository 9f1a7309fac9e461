// SPDX-License-Identifier: BSD-2-Clause
//
// A thread that spoils its own handling of exceptions hurts nobody else: with a handler that faults
// in its first instruction it goes round for ever, and its process can still be ended. WHAT says
// how it is spoilt.

#include "raw.hpp"

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <time.h>

namespace {

const char* what;

void* spoil(void*) {
    user_exceptions(0);
    uint64_t utvec = 0;
    if (!strcmp(what, "kernel-address"))
        utvec = 1ull << 38;
    else if (!strcmp(what, "breakpoint")) {
        static const uint32_t ebreak[] = {0x00100073};
        utvec = reinterpret_cast<uint64_t>(ebreak); // not executable either
    }
    asm volatile("csrw utvec, %0" ::"r"(utvec));
    user_exceptions(OUROS_USER_EXCEPTIONS);
    asm volatile(".word 0xc0001073"); // by way of the kernel, into nothing
    return nullptr;
}

} // namespace

int main(int, char** argv) {
    what = argv[1];
    pthread_t thread;
    pthread_create(&thread, nullptr, spoil, nullptr);
    // The others go on, on one hart too.
    timespec a_while{0, 50'000'000};
    nanosleep(&a_while, nullptr);
    volatile long sum = 0;
    for (int i = 0; i < 1'000'000; i++)
        sum = sum + i;
    if (!strcmp(what, "without-page-faults")) {
        // Not in the mask: the kernel ends the process.
        user_exceptions(1 << 3);
        asm volatile("csrw utvec, zero\n\tebreak");
    }
    _exit(sum == 499'999'500'000 ? 7 : 1);
}
