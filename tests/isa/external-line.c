/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N9, N3: UEIP is the OR of the hart's input, which an interrupt controller drives, and of the bit
 * that S and M mode write. A read gives the OR; no read-modify-write latches the input. Run by
 * run-points, which drives the input.
 */
#include "isa.h"
#include "points.h"

INPUT(raise_in_machine_mode, 8, 1)
INPUT(lower_in_machine_mode, 8, 0)
INPUT(raise_with_software_bit, 8, 1)
INPUT(lower_with_software_bit, 8, 0)
INPUT(raise_in_user_mode, 8, 1)
INPUT(lower_in_user_mode, 8, 0)
INPUT(raise_in_supervisor_mode, 8, 1)
INPUT(lower_in_supervisor_mode, 8, 0)
INPUT(raise_for_delivery, 8, 1)
INPUT(lower_in_handler, 8, 0)

static void machine(void)
{
    raise_in_machine_mode();
    EQUAL(csr_read(mip) & U_INTS, UEI);
    csr_write(mip, 0);
    csr_clear(mip, UEI);
    csr_set(mip, UTI);
    csr_clear(mip, UTI);
    EQUAL(csr_swap(mip, 0) & U_INTS, UEI);
    lower_in_machine_mode();
    EQUAL(csr_read(mip) & U_INTS, 0);

    csr_set(mip, UEI);
    raise_with_software_bit();
    csr_clear(mip, UEI);
    EQUAL(csr_read(mip) & U_INTS, UEI);
    csr_set(mip, UEI);
    lower_with_software_bit();
    EQUAL(csr_read(mip) & U_INTS, UEI);
    csr_clear(mip, UEI);
    EQUAL(csr_read(mip) & U_INTS, 0);
}

static long user(long unused)
{
    raise_in_user_mode();
    EQUAL(csr_read(uip), UEI);
    csr_write(uip, 0);
    csr_clear(uip, UEI);
    csr_set(uip, UEI | USI);
    csr_clear(uip, U_INTS);
    EQUAL(csr_swap(uip, UEI), UEI);
    lower_in_user_mode();
    EQUAL(csr_read(uip), 0);
    return unused;
}

static long supervisor(long unused)
{
    raise_in_supervisor_mode();
    EQUAL(csr_read(sip), UEI);
    csr_set(sip, USI);
    csr_clear(sip, USI | UEI);
    EQUAL(csr_swap(sip, 0), UEI);
    lower_in_supervisor_mode();
    EQUAL(csr_read(sip), 0);
    return unused;
}

static reg served;

/* As a driver: the device takes its line down once it is served, here the second time. */
static void serve(struct frame *frame)
{
    (void)frame;
    EQUAL(csr_read(uip), UEI);
    if (++served == 2)
        lower_in_handler();
}

static long delivery(long unused)
{
    csr_set(uie, UEI);
    csr_set(ustatus, STATUS_UIE);
    raise_for_delivery();
    EQUAL(csr_read(uip), 0);
    csr_clear(ustatus, STATUS_UIE);
    return unused;
}

void test(void)
{
    machine();
    fresh();
    delegate_to_user(U_INTS, 0);
    call_in(MODE_U, user, 0);
    if (has_s)
        call_in(MODE_S, supervisor, 0);

    fresh();
    delegate_to_user(UEI, 0);
    on_trap[MODE_U] = serve;
    call_in(MODE_U, delivery, 0);
    /* A level: taken again until it is down. */
    EQUAL(served, 2);
    EQUAL(traps[MODE_U].count, 2);
    EQUAL(traps[MODE_U].cause, INTERRUPT | 8);
}
