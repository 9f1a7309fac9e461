// SPDX-License-Identifier: BSD-2-Clause
//
// U13: all other harts send to one receiver as fast as they can. It is interrupted at most once per
// read, gets its own work done, and can mask them altogether.
#include "kernel.h"

namespace {

Thread victim, senders[MAX_HARTS];
SenderTable table;
Mark flooding, stop;
std::uint64_t entered;

void flood(std::uint64_t) {
    flooding.add();
    while (!stop.get())
        EQUAL(uipi::send(0), OUROS_UIPI_SENT);
    user_ecall();
}

// Long enough for the others to send a lot.
void linger() {
    constexpr std::uint64_t span = 100'000; // 10 ms
    for (std::uint64_t end = CSR_READ(csr_time) + span; CSR_READ(csr_time) < end;) {
    }
}

void work(std::uint64_t) {
    UNTIL(flooding.get() == HARTS - 1);

    // Not read: one interrupt is all there is.
    user_interrupts_off();
    std::uint64_t before = entered;
    linger();
    EQUAL(entered, before);

    // By each of the three masks.
    user_interrupts_on();
    CSR_CLEAR(OUROS_CSR_UIE, OUROS_UIP_USIP);
    before = entered;
    linger();
    EQUAL(entered, before);
    uipi::deactivate();
    CSR_SET(OUROS_CSR_UIE, OUROS_UIP_USIP);
    linger();
    EQUAL(entered, before);

    // Unmasked: work gets done in between.
    uipi::activate();
    UNTIL(entered > before + 10);
    user_ecall();
}

} // namespace

extern "C" void user_handler() {
    ++entered;
    EQUAL(uipi::read(), 1);
}

void test(unsigned hart) {
    if (hart == 0) {
        table.entries[0] = uintc::sender(90, 0);
        victim.receiver = 90;
        victim.start(work);
        EQUAL(run(victim, hart), cause_ecall);
        EQUAL(traps(0), 1);
        stop.set(1);
    } else {
        senders[hart].receiver = 90 + hart;
        senders[hart].senders = &table;
        UNTIL(table.entries[0] != 0);
        senders[hart].start(flood);
        EQUAL(run(senders[hart], hart), cause_ecall);
    }
    barrier();
}
