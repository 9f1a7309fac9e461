// SPDX-License-Identifier: BSD-2-Clause
//
// U1: a receiver that runs on another hart is interrupted without a trap to any kernel, the
// sender's included. Hart 0 sends to all others in turn.
#include "kernel.h"

namespace {

constexpr std::uint64_t rounds = 20;

Thread sender, receivers[MAX_HARTS];
SenderTable table;
Mark ready, taken[MAX_HARTS], stop;
// suirs cannot be read in U mode: a receiver knows who it is by uscratch.
unsigned own() {
    return static_cast<unsigned>(CSR_READ(OUROS_CSR_USCRATCH));
}

void receive(std::uint64_t hart) {
    CSR_WRITE(OUROS_CSR_USCRATCH, hart);
    ready.add();
    UNTIL(stop.get());
    user_ecall();
}

void send_to_all(std::uint64_t) {
    for (std::uint64_t round = 1; round <= rounds; ++round)
        for (unsigned hart = 1; hart < HARTS; ++hart) {
            EQUAL(uipi::send(hart), OUROS_UIPI_SENT);
            UNTIL(taken[hart].get() == round);
        }
    user_ecall();
}

} // namespace

extern "C" void user_handler() {
    EQUAL(CSR_READ(OUROS_CSR_UCAUSE), interrupt_bit | OUROS_IRQ_U_SOFT);
    unsigned hart = own();
    EQUAL(uipi::read(), 1ull << (hart + 40));
    taken[hart].add();
}

void test(unsigned hart) {
    if (hart == 0) {
        for (unsigned i = 1; i < HARTS; ++i)
            table.entries[i] = uintc::sender(i, i + 40, receivers[i].generation);
        sender.receiver = 0;
        sender.senders = &table;
        sender.start(send_to_all);
        UNTIL(ready.get() == HARTS - 1);
        EQUAL(run(sender, hart), cause_ecall);
        for (unsigned i = 1; i < HARTS; ++i)
            EQUAL(traps(i), 0);
        EQUAL(traps(0), 1); // its own ecall at the end
        stop.set(1);
    } else {
        receivers[hart].receiver = hart;
        receivers[hart].start(receive, hart);
        EQUAL(run(receivers[hart], hart), cause_ecall);
        EQUAL(traps(hart), 1);
    }
    barrier();
}
