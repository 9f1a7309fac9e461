// SPDX-License-Identifier: BSD-2-Clause
//
// trace: a tracer in the program itself. Breakpoints note which of them was reached and with what
// argument, in a few dozen instructions each and without the kernel; the log is printed at the end.
#include <cstdio>
#include <ouros/exceptions.hpp>

using namespace ouros::exceptions;

struct record {
    uint64_t pc, a0;
};
record trail[64];
size_t recorded;

action note(context& at, void*) {
    constexpr unsigned a0 = 10;
    trail[recorded++ % 64] = {at.pc(), at.get(a0)};
    at.skip(4);
    return action::resume;
}

#define TRACE_POINT(argument)                                                                      \
    do {                                                                                           \
        register auto a0 asm("a0") = (argument);                                                   \
        asm volatile(".option push\n.option norvc\nebreak\n.option pop" ::"r"(a0));                \
    } while (false)

uint64_t collatz(uint64_t n) {
    uint64_t steps = 0;
    for (; n != 1; steps++) {
        if (n % 2) {
            TRACE_POINT(n);
            n = 3 * n + 1;
        } else {
            n /= 2;
        }
    }
    TRACE_POINT(steps);
    return steps;
}

int main() {
    if (set_handler(cause::breakpoint, note) < 0)
        return std::fputs("trace: needs Ouros\n", stderr), 1;
    collatz(11);
    uint64_t last = trail[recorded - 1].pc;
    for (size_t i = 0; i < recorded; i++)
        std::printf("%s %llu\n", trail[i].pc == last ? "done after" : "odd",
                    static_cast<unsigned long long>(trail[i].a0));
    return 0;
}
