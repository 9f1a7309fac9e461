// SPDX-License-Identifier: BSD-2-Clause
//
// U3: all 64 vectors work; a vector sent twice before it is read is one, different vectors are
// never merged.
#include "kernel.h"

namespace {

Thread thread;
SenderTable table;
std::uint64_t entered, seen;

void send_all(std::uint64_t) {
    for (unsigned vector = 0; vector < OUROS_UINTC_VECTORS; ++vector) {
        entered = 0;
        EQUAL(uipi::send(vector), OUROS_UIPI_SENT);
        EQUAL(entered, 1);
        EQUAL(seen, 1ull << vector);
    }

    // Not read in between.
    entered = 0;
    user_interrupts_off();
    for (unsigned vector = 0; vector < OUROS_UINTC_VECTORS; vector += 5) {
        EQUAL(uipi::send(vector), OUROS_UIPI_SENT);
        EQUAL(uipi::send(vector), OUROS_UIPI_SENT);
    }
    user_interrupts_on();
    EQUAL(entered, 1);
    std::uint64_t expected = 0;
    for (unsigned vector = 0; vector < OUROS_UINTC_VECTORS; vector += 5)
        expected |= 1ull << vector;
    EQUAL(seen, expected);

    // All at once, written back and read again.
    user_interrupts_off();
    for (unsigned vector = 0; vector < OUROS_UINTC_VECTORS; ++vector)
        EQUAL(uipi::send(vector), OUROS_UIPI_SENT);
    EQUAL(uipi::read(), ~0ull);
    uipi::write(1ull << 63 | 1);
    uipi::write(1ull << 32);
    uipi::write(0);
    entered = 0;
    user_interrupts_on();
    EQUAL(entered, 1);
    EQUAL(seen, 1ull << 63 | 1ull << 32 | 1);
    user_ecall();
}

} // namespace

extern "C" void user_handler() {
    ++entered;
    seen = uipi::read();
}

void test(unsigned hart) {
    if (hart != 0)
        return;
    for (unsigned vector = 0; vector < OUROS_UINTC_VECTORS; ++vector)
        table.entries[vector] = uintc::sender(511, vector, thread.generation);
    thread.receiver = 511;
    thread.senders = &table;
    thread.start(send_all);
    EQUAL(run(thread, hart), cause_ecall);
    EQUAL(traps(hart), 1);
}
