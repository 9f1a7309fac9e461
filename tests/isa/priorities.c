/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N8: M mode's interrupts come before S mode's, those before U mode's; the user interrupts among
 * themselves: external, software, timer, whatever mode takes them; exceptions last.
 */
#include "isa.h"

static reg order[8];
static unsigned taken;

/* Each handler notes the mode in bits 15:8 and the cause, and masks what it took. */
static void note(reg mode, reg cause)
{
    CHECK(taken < 8);
    order[taken++] = mode << 8 | (cause & 63);
}

static void note_u(struct frame *frame)
{
    note(MODE_U, traps[MODE_U].cause);
    if (traps[MODE_U].cause & INTERRUPT)
        csr_clear(uie, 1ull << (traps[MODE_U].cause & 63));
    else
        skip(frame);
}

static void note_s(struct frame *frame)
{
    (void)frame;
    note(MODE_S, traps[MODE_S].cause);
    csr_clear(sie, 1ull << (traps[MODE_S].cause & 63));
}

static void note_m(struct frame *frame)
{
    (void)frame;
    note(MODE_M, traps[MODE_M].cause);
    csr_clear(mie, 1ull << (traps[MODE_M].cause & 63));
}

static long illegal_once(long unused)
{
    __asm__ volatile("csrr zero, mscratch" ::: "memory");
    return unused;
}

void test(void)
{
    volatile uint32_t *const msip = (volatile uint32_t *)0x2000000;
    static const reg to_u[] = {MODE_U << 8 | 8, MODE_U << 8 | 0, MODE_U << 8 | 4,
                                    MODE_U << 8 | CAUSE_ILLEGAL};
    unsigned expected = 0;

    /* Everything at once; the first instruction is an illegal one. */
    fresh();
    on_trap[MODE_U] = note_u;
    on_trap[MODE_S] = note_s;
    on_trap[MODE_M] = note_m;
    delegate_to_user(U_INTS, 1 << CAUSE_ILLEGAL);
    if (has_s)
        csr_set(mideleg, SSI);
    *msip = 1;
    csr_write(mip, U_INTS | (has_s ? SSI : 0));
    csr_write(mie, U_INTS | MSI | (has_s ? SSI : 0));
    csr_write(mstatus, STATUS_UIE);
    call_in(MODE_U, illegal_once, 0);
    EQUAL(order[expected++], MODE_M << 8 | 3);
    if (has_s)
        EQUAL(order[expected++], MODE_S << 8 | 1);
    for (int i = 0; i < 4; i++)
        EQUAL(order[expected++], to_u[i]);
    EQUAL(taken, expected);

    /* The mode above takes them, in the same order and after its own. */
    fresh();
    taken = 0;
    expected = 0;
    on_trap[MODE_S] = note_s;
    on_trap[MODE_M] = note_m;
    if (has_s) {
        csr_write(mideleg, SSI);
        csr_write(mip, U_INTS | SSI);
        csr_write(mie, U_INTS | SSI);
    } else {
        csr_write(mip, U_INTS);
        csr_write(mie, U_INTS | MSI);
    }
    call_in(MODE_U, (long (*)(long))exit_gate, 0);
    if (has_s)
        EQUAL(order[expected++], MODE_S << 8 | 1);
    else
        EQUAL(order[expected++], MODE_M << 8 | 3);
    for (int i = 0; i < 3; i++)
        EQUAL(order[expected++], (has_s ? MODE_S : MODE_M) << 8 | (to_u[i] & 63));
    EQUAL(taken, expected);
    *msip = 0;
}
