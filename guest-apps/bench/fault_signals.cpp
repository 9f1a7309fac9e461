// SPDX-License-Identifier: BSD-2-Clause
//
// Exceptions handled by the signal that a kernel makes of each: what exceptions.cpp measures, the
// classic way. Nothing in here is Ouros's: tests/linux measures the same on Linux.

#include "fault_signals.hpp"
#include "measure.hpp"

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ouros/checked.hpp>
#include <sys/mman.h>
#include <ucontext.h>

namespace bench {

namespace {

using handler = void(int, siginfo_t*, void*);

volatile uint64_t entered; // when the handler had the control
constexpr int times = 2000, warm_up = 200;

unsigned long* registers(void* context) {
    return static_cast<ucontext_t*>(context)->uc_mcontext.__gregs; // the pc first, in place of x0
}

// Steps over the instruction, which is 4 bytes long.
void step(int, siginfo_t*, void* context) {
    entered = instructions();
    registers(context)[REG_PC] += 4;
}

// The event behind an ebreak of ouros/checked.hpp: the nearest number, which is there already, is
// the result.
void saturate(int, siginfo_t*, void* context) {
    entered = instructions();
    unsigned long* at = registers(context);
    auto* code = reinterpret_cast<const uint16_t*>(at[REG_PC]);
    uint32_t mark = code[2] | static_cast<uint32_t>(code[3]) << 16;
    if ((mark & 0xfffff) != 0x00002013)
        abort();
    at[REG_PC] += 8;
}

char* area;
constexpr size_t page = 4096, pages = 256;

void let_through(int, siginfo_t* info, void*) {
    auto at = reinterpret_cast<uint64_t>(info->si_addr);
    if (at - reinterpret_cast<uint64_t>(area) >= pages * page)
        abort();
    mprotect(reinterpret_cast<void*>(at & ~(page - 1)), page, PROT_READ | PROT_WRITE);
}

// `raise` with `to` as the handler of `signal`: until it runs, and until it has returned.
template <typename Raise>
[[gnu::always_inline]] inline void measure_signal(int signal, handler* to, const char* to_handler,
                                                  const char* to_return, Raise&& raise) {
    struct sigaction action = {}, before;
    action.sa_sigaction = to;
    action.sa_flags = SA_SIGINFO;
    sigaction(signal, &action, &before);
    for (int i = -warm_up; i < times; i++) {
        uint64_t start = instructions();
        raise();
        if (i >= 0)
            taken.add(entered - start);
    }
    taken.report(to_handler);
    measure(to_return, times, 1, raise);
    sigaction(signal, &before, nullptr);
}

#define TRAPPING(text) ".option push\n.option norvc\n" text "\n.option pop"

// A page that the handler lets the program write.
void write_barrier() {
    area = static_cast<char*>(
        mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (size_t i = 0; i < pages; i++)
        area[i * page] = 1;
    measure("exception.write_barrier.mprotect", 500, 1,
            [] { mprotect(area, page, PROT_READ | PROT_WRITE); });
    struct sigaction action = {}, before;
    action.sa_sigaction = let_through;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, &before);
    for (int round = 0; round < 8; round++) {
        mprotect(area, pages * page, PROT_READ);
        for (size_t i = 0; i < pages; i++) {
            uint64_t start = instructions();
            *static_cast<volatile char*>(area + i * page) = 2;
            uint64_t end = instructions();
            if (round)
                taken.add(end - start);
        }
    }
    taken.report("signal.kernel.write_barrier");
    sigaction(SIGSEGV, &before, nullptr);
    munmap(area, pages * page);
}

} // namespace

void fault_signals(const char*) {
    void* nowhere = mmap(nullptr, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    measure_signal(SIGSEGV, step, "signal.kernel.segv.to_handler", "signal.kernel.segv", [nowhere] {
        asm volatile(TRAPPING("lw zero, 0(%0)")::"r"(nowhere) : "memory");
    });
    munmap(nowhere, page);
    measure_signal(SIGILL, step, "signal.kernel.ill.to_handler", "signal.kernel.ill", [] {
        asm volatile(".word 0xc0001073" ::: "memory");
    });
    measure_signal(SIGTRAP, step, "signal.kernel.trap.to_handler", "signal.kernel.trap", [] {
        asm volatile(TRAPPING("ebreak")::: "memory");
    });
    alignas(8) static char words[8];
    measure_signal(SIGBUS, step, "signal.kernel.bus.to_handler", "signal.kernel.bus", [] {
        asm volatile("amoadd.w zero, zero, (%0)" ::"r"(words + 1) : "memory");
    });
    measure_signal(SIGTRAP, saturate, "signal.kernel.overflow.to_handler", "signal.kernel.overflow",
                   overflowing_sum);
    measure_signal(SIGTRAP, saturate, "signal.kernel.float.to_handler", "signal.kernel.float",
                   division_by_zero);
    write_barrier();
}

} // namespace bench
