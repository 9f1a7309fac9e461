/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N9: which bits of the pending registers each mode can write: U only USIP, S also UEIP, M all
 * three. What is not delegated is invisible below.
 */
#include "isa.h"

static long uip_is_usip_only(long unused)
{
    (void)unused;
    csr_write(uip, -1ull);
    EQUAL(csr_read(uip), USI);
    csr_write(uip, 0);
    EQUAL(csr_read(uip), 0);
    csr_set(uip, -1ull);
    EQUAL(csr_read(uip), USI);
    csr_clear(uip, -1ull);
    EQUAL(csr_read(uip), 0);
    EQUAL(csr_swap(uip, USI), 0);
    EQUAL(csr_swap(uip, 0), USI);
    return 0;
}

/* UTIP and UEIP are pending, and stay so. */
static long uip_keeps_others(long unused)
{
    (void)unused;
    EQUAL(csr_read(uip), UTI | UEI);
    csr_write(uip, 0);
    csr_clear(uip, UTI | UEI);
    EQUAL(csr_read(uip), UTI | UEI);
    EQUAL(csr_swap(uip, USI), UTI | UEI);
    EQUAL(csr_read(uip), U_INTS);
    csr_clear(uip, U_INTS);
    EQUAL(csr_read(uip), UTI | UEI);
    return 0;
}

static long sip_and_sie(long unused)
{
    (void)unused;
    csr_write(sip, -1ull);
    EQUAL(csr_read(sip) & U_INTS, USI | UEI);
    csr_write(sip, 0);
    EQUAL(csr_read(sip) & U_INTS, 0);
    csr_write(sie, U_INTS);
    EQUAL(csr_read(sie), U_INTS);
    EQUAL(csr_read(uie), U_INTS);
    csr_write(sie, 0);
    EQUAL(csr_read(uie), 0);
    csr_write(sideleg, UTI);
    csr_write(uie, -1ull);
    EQUAL(csr_read(uie), UTI);
    EQUAL(csr_read(sie), UTI);
    csr_write(sie, U_INTS);
    EQUAL(csr_read(uie), UTI);
    csr_write(sie, 0);
    csr_write(sip, USI);
    EQUAL(csr_read(uip), 0);
    csr_write(uip, -1ull);
    csr_write(uip, 0);
    EQUAL(csr_read(sip) & U_INTS, USI);
    return 0;
}

static long status_bits(long unused)
{
    (void)unused;
    csr_write(ustatus, -1ull);
    EQUAL(csr_read(ustatus), STATUS_UIE | STATUS_UPIE);
    csr_write(ustatus, STATUS_UPIE);
    EQUAL(csr_read(ustatus), STATUS_UPIE);
    csr_write(ustatus, 0);
    EQUAL(csr_read(ustatus), 0);
    return 0;
}

void test(void)
{
    delegate_to_user(U_INTS, 0);
    call_in(MODE_U, uip_is_usip_only, 0);
    csr_write(mip, UTI | UEI);
    EQUAL(csr_read(mip) & U_INTS, UTI | UEI);
    call_in(MODE_U, uip_keeps_others, 0);
    csr_write(mip, 0);
    EQUAL(csr_read(mip) & U_INTS, 0);
    csr_write(mie, -1ull);
    EQUAL(csr_read(mie) & U_INTS, U_INTS);
    csr_write(mie, 0);

    reg status = csr_read(mstatus);
    call_in(MODE_U, status_bits, 0);
    csr_set(mstatus, STATUS_UIE | STATUS_UPIE);
    EQUAL(csr_read(ustatus), STATUS_UIE | STATUS_UPIE);
    EQUAL(csr_read(mstatus) & 0x2a, status & 0x2a);
    csr_clear(mstatus, STATUS_UIE | STATUS_UPIE);
    EQUAL(csr_read(ustatus), 0);

    if (has_s)
        call_in(MODE_S, sip_and_sie, 0);
}
