// SPDX-License-Identifier: BSD-2-Clause
//
// U2: what is sent to a thread that does not run is kept, and delivered when the thread runs
// again, wherever that is; once per bit.
#include "kernel.h"

namespace {

constexpr std::uint64_t rounds = 50;

Thread thread;
Mark turn, entered;
std::uint64_t seen;

// Runs for a moment on each hart in turn; the handler must have been there before the loop's next
// line.
void visit(std::uint64_t) {
    for (std::uint64_t round = 0;; ++round) {
        user_ecall(round);
        EQUAL(entered.get(), round + 1);
    }
}

} // namespace

extern "C" void user_handler() {
    seen = uipi::read();
    entered.add();
}

void test(unsigned hart) {
    constexpr unsigned receiver = 300;
    if (hart == 0) {
        thread.receiver = receiver;
        thread.start(visit);
        EQUAL(run(thread, hart), cause_ecall);
    }
    barrier();
    for (std::uint64_t round = 0; round < rounds; ++round) {
        UNTIL(turn.get() >= round || round % HARTS != hart);
        if (round % HARTS == hart) {
            std::uint64_t vectors = 1ull << (round % 64) | 1ull << ((round * 7 + 3) % 64);
            // Each vector twice: that is still one bit and one interrupt.
            for (int i = 0; i < 2; ++i) {
                uintc::send(receiver, round % 64, thread.generation);
                uintc::send(receiver, (round * 7 + 3) % 64, thread.generation);
            }
            EQUAL(CSR_READ(csr_sip) & OUROS_UIP_USIP, 0);
            EQUAL(thread.a0(), round);
            thread.skip_ecall();
            EQUAL(run(thread, hart), cause_ecall);
            EQUAL(entered.get(), round + 1);
            EQUAL(seen, vectors);
            EQUAL(CSR_READ(csr_sip) & OUROS_UIP_USIP, 0);
            turn.add();
        }
    }
    barrier();
}
