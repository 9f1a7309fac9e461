/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N15: with V=1 there are no user interrupts: nothing of them is visible, an access is a virtual
 * instruction, and nothing is delivered until V=0. What a guest writes does not leak out.
 */
#include "isa.h"

#define HSTATUS_SPV (1ull << 7)
#define STATUS_SPP (1ull << 8)
#define CAUSE_VIRTUAL 22

#define VIRTUAL(...)                                   \
    do {                                               \
        reg count_ = traps[MODE_M].count;         \
        __asm__ volatile(__VA_ARGS__ ::: "memory");    \
        EQUAL(traps[MODE_M].count, count_ + 1);        \
        EQUAL(traps[MODE_M].cause, CAUSE_VIRTUAL);     \
    } while (0)

static long in_virtual(long mode)
{
    VIRTUAL("csrr zero, ustatus");
    VIRTUAL("csrw ustatus, zero");
    VIRTUAL("csrr zero, uie");
    VIRTUAL("csrr zero, uip");
    VIRTUAL("csrw uip, zero");
    VIRTUAL("csrr zero, utvec");
    VIRTUAL("csrr zero, uscratch");
    VIRTUAL("csrr zero, uepc");
    VIRTUAL("csrr zero, ucause");
    VIRTUAL("csrr zero, utval");
    VIRTUAL("csrr zero, sedeleg");
    VIRTUAL("csrr zero, sideleg");
    VIRTUAL("uret");
    if (mode == MODE_U) {
        VIRTUAL("wfi");
        return 0;
    }
    EQUAL(csr_read(sstatus) & (STATUS_UIE | STATUS_UPIE), 0);
    csr_set(sstatus, STATUS_UPIE);
    EQUAL(csr_read(sstatus) & (STATUS_UIE | STATUS_UPIE), 0);
    csr_clear(sstatus, STATUS_UIE | STATUS_UPIE);
    csr_set(sie, U_INTS);
    EQUAL(csr_read(sie) & U_INTS, 0);
    csr_set(sip, U_INTS);
    EQUAL(csr_read(sip) & U_INTS, 0);
    csr_clear(sie, U_INTS);
    return 0;
}

static long empty(long unused)
{
    return unused;
}

static long ecall_once(long unused)
{
    __asm__ volatile("ecall" ::: "memory");
    return unused;
}

/* HS mode, by sret, because mstatus.MPV cannot be written in every QEMU. */
static __attribute__((naked)) long sret_to_virtual(long argument)
{
    (void)argument;
    __asm__("sret");
}

static long call_virtual(long mode, long (*function)(long), long argument)
{
    csr_set(hstatus, HSTATUS_SPV);
    csr_write(sepc, function);
    if (mode == MODE_S)
        csr_set(mstatus, STATUS_SPP);
    else
        csr_clear(mstatus, STATUS_SPP);
    return call_in(MODE_S, sret_to_virtual, argument);
}

void test(void)
{
    CHECK(csr_read(misa) & MISA_H);

    /* What a hypervisor writes for its guest has no such bits, either. */
    csr_set(vsstatus, STATUS_UIE | STATUS_UPIE);
    EQUAL(csr_read(vsstatus) & (STATUS_UIE | STATUS_UPIE), 0);

    on_trap[MODE_M] = skip;
    for (long mode = MODE_U; mode <= MODE_S; mode++) {
        /* Pending, enabled, delegated, UIE set: taken in U mode only. */
        fresh();
        on_trap[MODE_M] = skip;
        on_trap[MODE_U] = take_usi;
        delegate_to_user(U_INTS, 0);
        csr_write(mie, USI);
        csr_write(mip, USI);
        csr_set(mstatus, STATUS_UIE);
        call_virtual(mode, in_virtual, mode);
        EQUAL(traps[MODE_U].count + traps[MODE_S].count, 0);
        EQUAL(csr_read(ustatus), STATUS_UIE);
        EQUAL(csr_read(mie) & U_INTS, USI);
        EQUAL(csr_read(mip) & U_INTS, USI);
        call_in(MODE_U, empty, 0);
        EQUAL(traps[MODE_U].count, 1);
        EQUAL(traps[MODE_U].epc, empty);
    }

    /* An exception that U mode would handle goes to HS mode from VU mode. */
    fresh();
    on_trap[MODE_S] = skip;
    on_trap[MODE_U] = skip;
    delegate_to_user(0, 1 << CAUSE_ECALL_U);
    call_virtual(MODE_U, ecall_once, 0);
    EQUAL(traps[MODE_S].count, 1);
    EQUAL(traps[MODE_S].cause, CAUSE_ECALL_U);
    EQUAL(traps[MODE_U].count, 0);
}
