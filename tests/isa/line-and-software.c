/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N9: USIP is the OR of the UINTC's line and of the bit that software wrote: a read gives the OR, a
 * read-modify-write changes the bit and never latches the line.
 */
#include "uipi.h"

static void line(bool up)
{
    *uintc_register(5, OUROS_UINTC_ACTIVE) = up;
}

static long user(long unused)
{
    /* Up: seen, cannot be cleared, is not latched by touching it. */
    line(true);
    EQUAL(csr_read(uip), USI);
    csr_clear(uip, USI);
    EQUAL(csr_read(uip), USI);
    EQUAL(csr_swap(uip, 0), USI);
    EQUAL(csr_read(uip), USI);
    csr_set(uip, UTI | UEI);
    line(false);
    EQUAL(csr_read(uip), 0);

    /* Both: clearing one leaves the other. */
    line(true);
    csr_set(uip, USI);
    line(false);
    EQUAL(csr_read(uip), USI);
    line(true);
    csr_clear(uip, USI);
    EQUAL(csr_read(uip), USI);
    line(false);
    EQUAL(csr_read(uip), 0);
    return unused;
}

void test(void)
{
    fresh();
    delegate_to_user(U_INTS, 0);
    uintc_receiver(5, 0);
    line(false);
    *uintc_register(5, OUROS_UINTC_HIGH) = 1;
    call_in(MODE_U, user, 0);

    /* The same in mip and sip, where a read-modify-write of another bit must not latch it. */
    line(true);
    csr_set(mip, UEI);
    csr_clear(mip, UEI);
    csr_set(sip, UEI);
    csr_clear(sip, UEI);
    EQUAL(csr_read(mip) & U_INTS, USI);
    EQUAL(csr_read(sip) & U_INTS, USI);
    line(false);
    EQUAL(csr_read(mip) & U_INTS, 0);
    csr_set(mip, USI);
    line(true);
    csr_clear(sip, USI);
    EQUAL(csr_read(mip) & U_INTS, USI);
    line(false);
    EQUAL(csr_read(sip) & U_INTS, 0);
}
