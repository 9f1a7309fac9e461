/* SPDX-License-Identifier: BSD-2-Clause */
/* N10: utvec direct and vectored, its illegal modes, and uepc. */
#include "isa.h"

static long enable_all(long unused)
{
    csr_set(ustatus, STATUS_UIE);
    csr_set(uie, U_INTS);
    return unused;
}

static long ecall_once(long unused)
{
    __asm__ volatile("ecall" ::: "memory");
    return unused;
}

static void mask_or_skip(struct frame *frame)
{
    if (traps[MODE_U].cause & INTERRUPT)
        csr_clear(uie, U_INTS);
    else
        skip(frame);
}

void test(void)
{
    /* Direct: whatever it is, it goes to the base. Vectored: interrupts to base + 4 * cause. */
    for (reg vectored = 0; vectored < 2; vectored++) {
        for (reg cause = 0; cause <= 8; cause += 4) {
            fresh();
            on_trap[MODE_U] = mask_or_skip;
            delegate_to_user(U_INTS, 1 << CAUSE_ECALL_U);
            csr_write(utvec, (reg)vector_table | vectored);
            csr_write(mip, 1ull << cause);
            vector_taken = 99;
            call_in(MODE_U, enable_all, 0);
            EQUAL(traps[MODE_U].cause, INTERRUPT | cause);
            EQUAL(vector_taken, vectored ? cause : 0);

            /* Cause 8 is also an exception: to the base. */
            csr_write(mip, 0);
            vector_taken = 99;
            call_in(MODE_U, ecall_once, 0);
            EQUAL(traps[MODE_U].cause, CAUSE_ECALL_U);
            EQUAL(vector_taken, 0);
        }
    }

    csr_write(utvec, 0x80001235);
    EQUAL(csr_read(utvec), 0x80001235);
    csr_write(utvec, 0x80005552);
    EQUAL(csr_read(utvec) & 3, 1);
    csr_write(utvec, 0x80005557);
    EQUAL(csr_read(utvec) & 3, 1);
    csr_write(utvec, 0x80005554);
    EQUAL(csr_read(utvec), 0x80005554);

    csr_write(uepc, -1ull);
    EQUAL(csr_read(uepc), -2ull);
    csr_write(uscratch, 0x123456789abcdef0);
    EQUAL(csr_read(uscratch), 0x123456789abcdef0);
    csr_write(ucause, INTERRUPT | 4);
    EQUAL(csr_read(ucause), INTERRUPT | 4);
    csr_write(utval, 0xfedcba9876543210);
    EQUAL(csr_read(utval), 0xfedcba9876543210);
}
