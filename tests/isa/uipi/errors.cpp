// SPDX-License-Identifier: BSD-2-Clause
//
// U5: a send that cannot be done touches neither memory nor any receiver, and rd says so. The
// kernel's own stores are refused with an access fault.
#include "kernel.h"

namespace {

Thread thread;
SenderTable table, copy, behind;

void send_badly(std::uint64_t) {
    EQUAL(uipi::send(0), OUROS_UIPI_SENT);
    EQUAL(uipi::send(1), OUROS_UIPI_NO_SENDER);   // not valid
    EQUAL(uipi::send(511), OUROS_UIPI_NO_SENDER); // empty
    EQUAL(uipi::send(512), OUROS_UIPI_NO_SENDER); // beyond the table
    EQUAL(uipi::send(1024), OUROS_UIPI_NO_SENDER);
    EQUAL(uipi::send(1ull << 61), OUROS_UIPI_NO_SENDER); // times 8 is 0
    EQUAL(uipi::send(~0ull), OUROS_UIPI_NO_SENDER);
    EQUAL(uipi::send(2), OUROS_UIPI_REFUSED); // vector 64
    EQUAL(uipi::send(3), OUROS_UIPI_REFUSED); // vector 0xffff
    EQUAL(uipi::send(4), OUROS_UIPI_REFUSED); // receiver 512: the global registers
    EQUAL(uipi::send(5), OUROS_UIPI_REFUSED); // receiver 640: behind the UINTC
    EQUAL(uipi::send(6), OUROS_UIPI_REFUSED); // receiver 0xffff
    EQUAL(uipi::send(7), OUROS_UIPI_REFUSED); // receiver 30720: another device's registers
    EQUAL(uipi::send(8), OUROS_UIPI_REFUSED); // another generation
    user_ecall();
    EQUAL(uipi::send(0), OUROS_UIPI_NO_SENDER); // the kernel has turned the table off
    user_ecall();
    // No receiver of one's own: nothing happens.
    for (;;) {
        EQUAL(uipi::read(), 0);
        uipi::write(~0ull);
        uipi::activate();
        uipi::deactivate();
        user_ecall();
    }
}

void nothing_pending() {
    for (unsigned i = 0; i < OUROS_UINTC_RECEIVERS; ++i)
        EQUAL(uintc::take(i), 0);
}

void refused_stores(unsigned hart) {
    using namespace uintc;
    set_low(9, generation(5));
    EQUAL(fault_of(hart, [] { send(9, 64); }), cause_store_access);
    EQUAL(fault_of(hart, [] { send(9, 1, 4); }), cause_store_access);
    EQUAL(fault_of(hart, [] { set_low(9, uintc::hart(HARTS) | generation(6)); }),
          cause_store_access);
    EQUAL(fault_of(hart, [] { global(OUROS_UINTC_MAGIC) = 0; }), cause_store_access);
    EQUAL(fault_of(hart, [] { send(512, 1); }), cause_store_access);
    // Halves of registers are accessed as the whole, but SEND's upper half; less than that, never.
    auto half = [](unsigned offset) -> volatile std::uint32_t& {
        return reinterpret_cast<volatile std::uint32_t&>(reg(9, offset));
    };
    auto quarter = [](unsigned offset) -> volatile std::uint16_t& {
        return reinterpret_cast<volatile std::uint16_t&>(reg(9, offset));
    };
    EQUAL(fault_of(hart, [&] { half(OUROS_UINTC_SEND + 4) = 1; }), cause_store_access);
    EQUAL(fault_of(hart, [&] { quarter(OUROS_UINTC_LOW) = 0; }), cause_store_access);
    EQUAL(fault_of(hart, [&] { return quarter(OUROS_UINTC_HIGH); }), cause_load_access);
    EQUAL(reg(9, OUROS_UINTC_LOW), generation(5));
    EQUAL(take(9), 0);
    EQUAL(fault_of(hart, [&] { half(OUROS_UINTC_SEND) = 5u << 16 | 63; }), 0);
    EQUAL(take(9), 1ull << 63);
    set_low(9, 0);
}

} // namespace

extern "C" void user_handler() {
    CHECK(!"interrupted");
}

void test(unsigned hart) {
    if (hart != 0)
        return;
    refused_stores(hart);

    using uintc::sender;
    for (unsigned i = 0; i < 8; ++i)
        behind.entries[i] = sender(100, 1);
    table.entries[0] = sender(100, 0);
    table.entries[1] = sender(100, 1) & ~OUROS_UISTE_VALID;
    table.entries[2] = sender(100, 64);
    table.entries[3] = sender(100, 0xffff);
    table.entries[4] = sender(512, 0);
    table.entries[5] = sender(640, 0);
    table.entries[6] = sender(0xffff, 0);
    table.entries[7] = sender(30720, 0);
    table.entries[8] = sender(100, 0, 3);
    copy = table;

    thread.receiver = 101;
    thread.senders = &table;
    thread.start(send_badly);
    EQUAL(run(thread, hart), cause_ecall);
    EQUAL(uintc::take(100), 1);
    nothing_pending();
    for (unsigned i = 0; i < 512; ++i)
        EQUAL(table.entries[i], copy.entries[i]);
    EQUAL(uintc::global(OUROS_UINTC_MAGIC), OUROS_UINTC_MAGIC_VALUE);

    thread.senders = nullptr;
    thread.skip_ecall();
    EQUAL(run(thread, hart), cause_ecall);
    nothing_pending();

    // Not enabled; the global registers; another device.
    for (std::uint64_t suirs : {101ull, OUROS_SUIRS_ENABLE | 512, OUROS_SUIRS_ENABLE | 30720}) {
        thread.skip_ecall();
        CSR_WRITE(OUROS_CSR_SUIRS, suirs);
        EQUAL(enter_user(&thread.frame), cause_ecall);
        EQUAL(uintc::reg(101, OUROS_UINTC_LOW) & OUROS_UINTC_LOW_ACTIVE, 0);
        nothing_pending();
    }
}
