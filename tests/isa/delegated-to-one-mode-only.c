/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N5: a user interrupt that S mode kept traps to S only; one that it passed on is never taken in
 * S or M, and waits for U mode.
 */
#include "isa.h"

static void mask_s(struct frame *frame)
{
    (void)frame;
    csr_clear(sie, USI);
}

static long run_a_little(long unused)
{
    for (int i = 0; i < 50; i++)
        __asm__ volatile("" ::: "memory");
    return unused;
}

void test(void)
{
    /* Kept by S: taken from U whatever UIE and SIE are, from S with SIE only, never from M. */
    for (int enabled = 0; has_s && enabled < 2; enabled++) {
        fresh();
        on_trap[MODE_S] = mask_s;
        csr_write(mip, USI);
        csr_write(mie, USI);
        csr_write(mstatus, enabled ? STATUS_UIE : 0);
        call_in(MODE_U, run_a_little, 0);
        EQUAL(traps[MODE_S].count, 1);
        EQUAL(traps[MODE_S].cause, INTERRUPT | 0);
        EQUAL(traps[MODE_U].count, 0);

        csr_write(mie, USI);
        csr_write(mstatus, enabled ? STATUS_SIE : 0);
        call_in(MODE_S, run_a_little, 0);
        EQUAL(traps[MODE_S].count, 1 + enabled);

        csr_write(mie, USI);
        csr_set(mstatus, STATUS_MIE);
        run_a_little(0);
        csr_clear(mstatus, STATUS_MIE);
        EQUAL(traps[MODE_M].count, 0);
    }

    /* Passed on to U: neither S with SIE nor M with MIE takes it. */
    fresh();
    delegate_to_user(U_INTS, 0);
    on_trap[MODE_U] = take_usi;
    csr_write(mip, USI);
    csr_write(mie, USI);
    csr_write(mstatus, STATUS_MIE | STATUS_SIE | STATUS_UIE);
    run_a_little(0);
    if (has_s)
        call_in(MODE_S, run_a_little, 0);
    EQUAL(traps[MODE_U].count + traps[MODE_S].count + traps[MODE_M].count, 0);

    /* It waited: U mode takes it before its first instruction. */
    csr_clear(mstatus, STATUS_MIE);
    call_in(MODE_U, run_a_little, 0);
    EQUAL(traps[MODE_U].count, 1);
    EQUAL(traps[MODE_U].epc, run_a_little);
    EQUAL(traps[MODE_S].count + traps[MODE_M].count, 0);
}
