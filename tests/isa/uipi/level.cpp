// SPDX-License-Identifier: BSD-2-Clause
//
// U4: the interrupt is pending exactly while something is pending and the receiver is active,
// whatever the program does to USIP and in whatever order.
#include "kernel.h"

namespace {

Thread thread;
SenderTable table;
std::uint64_t entered;

bool usip() {
    return CSR_READ(OUROS_CSR_UIP) & OUROS_UIP_USIP;
}

void play(std::uint64_t) {
    user_interrupts_off();
    EQUAL(usip(), 0);
    EQUAL(uipi::send(0), OUROS_UIPI_SENT);
    EQUAL(usip(), 1);

    // Clearing USIP takes nothing of it.
    CSR_CLEAR(OUROS_CSR_UIP, OUROS_UIP_USIP);
    EQUAL(usip(), 1);
    CSR_WRITE(OUROS_CSR_UIP, 0);
    EQUAL(usip(), 1);

    uipi::deactivate();
    EQUAL(usip(), 0);
    EQUAL(uipi::send(1), OUROS_UIPI_SENT);
    EQUAL(usip(), 0);
    uipi::activate();
    EQUAL(usip(), 1);

    // Between the read and the clearing of USIP there is room for a send.
    EQUAL(uipi::read(), 0b11);
    EQUAL(usip(), 0);
    EQUAL(uipi::send(2), OUROS_UIPI_SENT);
    CSR_CLEAR(OUROS_CSR_UIP, OUROS_UIP_USIP);
    EQUAL(usip(), 1);
    EQUAL(uipi::read(), 0b100);
    EQUAL(usip(), 0);

    // What software set stays, and goes, by itself.
    CSR_SET(OUROS_CSR_UIP, OUROS_UIP_USIP);
    EQUAL(usip(), 1);
    EQUAL(uipi::send(3), OUROS_UIPI_SENT);
    EQUAL(uipi::read(), 0b1000);
    EQUAL(usip(), 1);
    CSR_CLEAR(OUROS_CSR_UIP, OUROS_UIP_USIP);
    EQUAL(usip(), 0);

    // A read-modify-write of another bit does not latch the line into USIP.
    EQUAL(uipi::send(4), OUROS_UIPI_SENT);
    CSR_SET(OUROS_CSR_UIP, OUROS_UIP_UTIP);
    EQUAL(uipi::read(), 0b10000);
    EQUAL(usip(), 0);

    // A line that is high when interrupts come on is taken before the next instruction.
    EQUAL(uipi::send(5), OUROS_UIPI_SENT);
    EQUAL(entered, 0);
    user_interrupts_on();
    EQUAL(entered, 1);
    uipi::deactivate();
    EQUAL(uipi::send(6), OUROS_UIPI_SENT);
    EQUAL(entered, 1);
    uipi::activate();
    EQUAL(entered, 2);
    user_ecall();
}

} // namespace

extern "C" void user_handler() {
    ++entered;
    EQUAL(uipi::read(), 1ull << (4 + entered));
}

void test(unsigned hart) {
    if (hart != 0)
        return;
    for (unsigned vector = 0; vector < OUROS_UINTC_VECTORS; ++vector)
        table.entries[vector] = uintc::sender(7, vector, thread.generation);
    thread.receiver = 7;
    thread.senders = &table;
    thread.start(play);
    EQUAL(run(thread, hart), cause_ecall);
}
