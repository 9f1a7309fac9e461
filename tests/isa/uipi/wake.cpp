// SPDX-License-Identifier: BSD-2-Clause
//
// U9: a send to a blocked thread wakes its hart from wfi by one supervisor interrupt; the wake
// list names the thread; its handler runs before the wait returns. Nobody polls.
#include "kernel.h"

namespace {

constexpr std::uint64_t rounds = 100;
constexpr unsigned receiver = 77;
constexpr unsigned source = 12;

Thread waiter, sender;
SenderTable table;
Mark blocked, sent, returned;
std::uint64_t entered, seen;

// The PLIC's context of hart h in S mode is 2 * h + 1.
volatile std::uint32_t& plic(std::uintptr_t offset) {
    return *reinterpret_cast<volatile std::uint32_t*>(0xc000000 + offset);
}

volatile std::uint32_t& claim(unsigned hart) {
    return plic(0x200004 + 0x1000 * (2 * hart + 1));
}

void plic_open(unsigned hart) {
    plic(4 * source) = 1;
    plic(0x2000 + 0x80 * (2 * hart + 1)) = 1u << source;
    plic(0x200000 + 0x1000 * (2 * hart + 1)) = 0;
    CSR_WRITE(csr_sie, 1u << 9);
}

void wait_often(std::uint64_t) {
    for (std::uint64_t round = 1; round <= rounds; ++round) {
        user_ecall();
        EQUAL(entered, round);
        EQUAL(seen, 1ull << (round % 64));
        returned.add();
    }
    user_ecall(1);
}

void send_often(std::uint64_t) {
    for (std::uint64_t round = 1; round <= rounds; ++round) {
        UNTIL(blocked.get() == round);
        EQUAL(uipi::send(round % 64), OUROS_UIPI_SENT);
        sent.add();
        UNTIL(returned.get() == round);
    }
    user_ecall();
}

// Blocked: armed, not active. Returns how many interrupts it took to find the thread. The send
// comes after the arming or, late, before it: it makes no difference.
unsigned sleep_until_woken(unsigned hart, bool late) {
    unsigned interrupts = 0;
    if (late) {
        blocked.add();
        UNTIL(sent.get() == blocked.get());
        EQUAL(uintc::take_wake(), 0);
    }
    uintc::set_low(receiver, OUROS_UINTC_LOW_WAKE_ENABLE | uintc::hart(hart) |
                                 uintc::generation(waiter.generation));
    if (!late)
        blocked.add();
    while (!(CSR_READ(csr_sip) & 1u << 9))
        asm volatile("wfi");
    while (CSR_READ(csr_sip) & 1u << 9) {
        ++interrupts;
        EQUAL(claim(hart), source);
        EQUAL(uintc::take_wake(), OUROS_UINTC_WAKE_VALID | receiver);
        EQUAL(uintc::take_wake(), 0);
        claim(hart) = source;
    }
    return interrupts;
}

} // namespace

extern "C" void user_handler() {
    ++entered;
    seen = uipi::read();
}

void test(unsigned hart) {
    constexpr unsigned home = HARTS - 1;
    if (hart == home) {
        plic_open(hart);
        waiter.receiver = receiver;
        waiter.start(wait_often);
        EQUAL(run(waiter, hart), cause_ecall);
    }
    if (hart == 0)
        for (unsigned i = 0; i < 64; ++i)
            table.entries[i] = uintc::sender(receiver, i, waiter.generation);
    barrier();
    if (hart == home) {
        for (bool late = false; waiter.a0() == 0; late = !late) {
            EQUAL(sleep_until_woken(hart, late), 1);
            waiter.skip_ecall();
            EQUAL(run(waiter, hart), cause_ecall);
        }
    } else if (hart == 0) {
        sender.senders = &table;
        sender.start(send_often);
        EQUAL(run(sender, hart), cause_ecall);
        EQUAL(traps(0), 1);
    }
    barrier();
}
