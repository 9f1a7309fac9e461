/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N6: after a write to ustatus, uie or uip, and after mret, sret and uret, an interrupt that can
 * be taken is taken before the next instruction; one that cannot is not.
 */
#include "isa.h"

static reg next_instruction;

/* The last of the three writes is `csr`; what follows it is where the trap must be. */
#define LAST_WRITE(name, instruction)                                                    \
    static long name(long unused)                                                        \
    {                                                                                    \
        __asm__ volatile("la t0, 1f\n\t"                                                 \
                         REG_S " t0, %0\n\t" instruction "\n"                                \
                         "1: nop"                                                         \
                         : "=m"(next_instruction)::"t0", "memory");                       \
        return unused;                                                                   \
    }

LAST_WRITE(last_ustatus_csrs, "csrsi ustatus, 1")
LAST_WRITE(last_ustatus_csrw, "csrwi ustatus, 1")
LAST_WRITE(last_uie_csrs, "csrsi uie, 1")
LAST_WRITE(last_uie_csrw, "csrwi uie, 1")
LAST_WRITE(last_uip_csrs, "csrsi uip, 1")
LAST_WRITE(last_uip_csrrw, "li t0, 1\n\tcsrrw t0, uip, t0")

static const struct {
    long (*write)(long);
    reg status, ie, ip; /* before it */
} writes[] = {
    {last_ustatus_csrs, 0, USI, USI},        {last_ustatus_csrw, STATUS_UPIE, USI, USI},
    {last_uie_csrs, STATUS_UIE, 0, USI},     {last_uie_csrw, STATUS_UIE, UTI, USI},
    {last_uip_csrs, STATUS_UIE, USI, 0},     {last_uip_csrrw, STATUS_UIE, USI, 0},
};

static void setup(reg status, reg ie, reg ip)
{
    fresh();
    delegate_to_user(U_INTS, 0);
    on_trap[MODE_U] = take_usi;
    csr_write(mstatus, status);
    csr_write(mie, ie);
    csr_write(mip, ip);
}

__attribute__((used)) static long empty(long unused)
{
    return unused;
}

/* S mode enters U mode at empty() by sret; its return address is the exit gate already. */
static __attribute__((naked)) long sret_to_empty(long unused)
{
    (void)unused;
    __asm__("la t0, empty\n\t"
            "csrw sepc, t0\n\t"
            "li t0, 1 << 8\n\t"
            "csrc sstatus, t0\n\t"
            "sret");
}

static __attribute__((naked)) long uret_to_empty(long unused)
{
    (void)unused;
    __asm__("la t0, empty\n\t"
            "csrw uepc, t0\n\t"
            "uret");
}

static int traps_left;

/* Returns with the interrupt still pending, until the last time. */
static void leave_it(struct frame *frame)
{
    if (--traps_left == 0)
        take_usi(frame);
}

void test(void)
{
    for (unsigned i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
        setup(writes[i].status, writes[i].ie, writes[i].ip);
        call_in(MODE_U, writes[i].write, 0);
        EQUAL(traps[MODE_U].count, 1);
        EQUAL(traps[MODE_U].epc, next_instruction);
        EQUAL(traps[MODE_S].count + traps[MODE_M].count, 0);
    }

    /* mret, from call_in(): at the first instruction, or not at all. */
    setup(STATUS_UIE, USI, USI);
    call_in(MODE_U, empty, 0);
    EQUAL(traps[MODE_U].count, 1);
    EQUAL(traps[MODE_U].epc, empty);
    setup(STATUS_UIE, 0, USI);
    call_in(MODE_U, empty, 0);
    setup(0, USI, USI);
    call_in(MODE_U, empty, 0);
    EQUAL(traps[MODE_U].count, 0);

    /* sret, with each condition met or not; vectored, too. */
    for (unsigned conditions = 0; has_s && conditions < 8; conditions++) {
        setup(conditions & 1 ? STATUS_UIE : 0, conditions & 2 ? USI : 0, conditions & 4 ? USI : 0);
        csr_write(utvec, (reg)vector_table | 1);
        vector_taken = 99;
        call_in(MODE_S, sret_to_empty, 0);
        EQUAL(traps[MODE_U].count, conditions == 7);
        if (conditions == 7) {
            EQUAL(traps[MODE_U].epc, empty);
            EQUAL(vector_taken, 0);
        }
    }

    /* uret from U mode: UPIE becomes UIE. */
    for (int enabled = 0; enabled < 2; enabled++) {
        setup(enabled ? STATUS_UPIE : 0, USI, USI);
        call_in(MODE_U, uret_to_empty, 0);
        EQUAL(traps[MODE_U].count, enabled);
        if (enabled)
            EQUAL(traps[MODE_U].epc, empty);
    }

    /* uret from the handler: an interrupt left pending is taken again before anything else runs. */
    setup(STATUS_UIE, USI, USI);
    on_trap[MODE_U] = leave_it;
    traps_left = 5;
    call_in(MODE_U, empty, 0);
    EQUAL(traps[MODE_U].count, 5);
    EQUAL(traps[MODE_U].epc, empty);
}
