// SPDX-License-Identifier: BSD-2-Clause
//
// U8: a hart does not take an interrupt meant for a thread that it does not run. Threads take turns
// on hart 1 while hart 0 sends to all of them; each may see its own vectors only.
#include "kernel.h"

namespace {

constexpr unsigned threads = 3;
constexpr std::uint64_t rounds = 30;

Thread receivers[threads], sender;
SenderTable table;
Mark taken[threads], stop;

void receive(std::uint64_t number) {
    CSR_WRITE(OUROS_CSR_USCRATCH, number);
    for (;;) {
        for (int i = 0; i < 20; ++i)
            asm volatile("nop");
        user_ecall();
    }
}

void send(std::uint64_t) {
    for (std::uint64_t round = 1; round <= rounds; ++round) {
        for (unsigned i = 0; i < threads; ++i)
            EQUAL(uipi::send(i), OUROS_UIPI_SENT);
        for (unsigned i = 0; i < threads; ++i)
            UNTIL(taken[i].get() == round);
    }
    user_ecall();
}

} // namespace

extern "C" void user_handler() {
    std::uint64_t number = CSR_READ(OUROS_CSR_USCRATCH);
    EQUAL(uipi::read(), 1ull << (60 + number));
    taken[number].add();
}

void test(unsigned hart) {
    if (hart == 0)
        for (unsigned i = 0; i < threads; ++i) {
            receivers[i].receiver = 200 + i;
            receivers[i].generation = i + 1;
            receivers[i].start(receive, i);
            receivers[i].uscratch = i;
            table.entries[i] = uintc::sender(200 + i, 60 + i, i + 1);
            uintc::set_low(200 + i, uintc::generation(i + 1));
        }
    barrier();
    if (hart == 0) {
        sender.senders = &table;
        sender.start(send);
        EQUAL(run(sender, hart), cause_ecall);
        stop.set(1);
    } else if (hart == 1) {
        for (unsigned i = 0; !stop.get(); i = (i + 1) % threads) {
            EQUAL(run(receivers[i], hart), cause_ecall);
            receivers[i].skip_ecall();
            // In the kernel, with nobody switched in, nothing is pending.
            EQUAL(CSR_READ(csr_sip) & OUROS_UIP_USIP, 0);
        }
    }
    barrier();
}
