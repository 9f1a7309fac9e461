/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N7: sideleg and sedeleg keep only what mideleg and medeleg delegate, and lose their effect when
 * those bits are cleared. Without S mode the two of M mode delegate to U mode themselves.
 */
#include "isa.h"

#define USER_EXCEPTIONS 0x4b1ffull /* 0..8, page faults, software check */

static long illegal_once(long unused)
{
    __asm__ volatile("csrr zero, mscratch" ::: "memory");
    return unused;
}

static long empty(long unused)
{
    return unused;
}

static void mask_m(struct frame *frame)
{
    (void)frame;
    csr_clear(mie, U_INTS);
}

void test(void)
{
    if (has_s) {
        /* The user bits of mideleg are read-only one; what M mode keeps S mode cannot pass on. */
        csr_write(mideleg, 0);
        EQUAL(csr_read(mideleg) & U_INTS, U_INTS);
        csr_write(sideleg, -1ull);
        EQUAL(csr_read(sideleg), U_INTS);
        csr_write(sideleg, UTI);
        EQUAL(csr_read(sideleg), UTI);
        csr_write(mideleg, -1ull);
        EQUAL(csr_read(sideleg), UTI);

        csr_write(medeleg, 0);
        csr_write(sedeleg, -1ull);
        EQUAL(csr_read(sedeleg), 0);
        csr_write(medeleg, 1 << CAUSE_ILLEGAL | 1 << CAUSE_ECALL_S);
        EQUAL(csr_read(sedeleg), 0);
        csr_write(sedeleg, -1ull);
        EQUAL(csr_read(sedeleg), 1 << CAUSE_ILLEGAL);
        csr_write(medeleg, -1ull);
        EQUAL(csr_read(sedeleg), 1 << CAUSE_ILLEGAL);
        csr_write(sedeleg, -1ull);
        EQUAL(csr_read(sedeleg), USER_EXCEPTIONS);
    } else {
        csr_write(mideleg, -1ull);
        EQUAL(csr_read(mideleg), U_INTS);
        csr_write(mideleg, 0);
        EQUAL(csr_read(mideleg), 0);
        csr_write(medeleg, -1ull);
        EQUAL(csr_read(medeleg), USER_EXCEPTIONS);
    }

    /* An exception that is passed on, then no more. */
    fresh();
    delegate_to_user(0, 1 << CAUSE_ILLEGAL);
    on_trap[MODE_U] = skip;
    on_trap[MODE_M] = skip;
    call_in(MODE_U, illegal_once, 0);
    EQUAL(traps[MODE_U].count, 1);
    EQUAL(traps[MODE_M].count, 0);
    csr_write(medeleg, 0);
    if (has_s)
        EQUAL(csr_read(sedeleg), 0);
    call_in(MODE_U, illegal_once, 0);
    EQUAL(traps[MODE_U].count, 1);
    EQUAL(traps[MODE_M].count, 1);
    EQUAL(traps[MODE_S].count, 0);

    /* Setting medeleg again does not bring sedeleg back. */
    if (has_s) {
        on_trap[MODE_S] = skip;
        csr_write(medeleg, 1 << CAUSE_ILLEGAL);
        call_in(MODE_U, illegal_once, 0);
        EQUAL(traps[MODE_S].count, 1);
        EQUAL(traps[MODE_U].count, 1);
    }

    /* An interrupt: without S mode, mideleg alone decides, at any time. */
    if (!has_s) {
        fresh();
        delegate_to_user(USI, 0);
        on_trap[MODE_U] = take_usi;
        on_trap[MODE_M] = mask_m;
        csr_write(mie, USI);
        csr_set(mstatus, STATUS_UIE);
        csr_write(mip, USI);
        csr_write(mideleg, 0);
        call_in(MODE_U, empty, 0);
        EQUAL(traps[MODE_U].count, 0);
        EQUAL(traps[MODE_M].count, 1);
        EQUAL(traps[MODE_M].cause, INTERRUPT | 0);
        csr_write(mie, USI);
        csr_write(mideleg, USI);
        call_in(MODE_U, empty, 0);
        EQUAL(traps[MODE_U].count, 1);
        EQUAL(traps[MODE_M].count, 1);
    }
}
