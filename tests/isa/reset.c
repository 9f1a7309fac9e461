/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N9: a reset of the machine forgets what software wrote and keeps what is not its own: an input
 * that a device holds up is still up. Run by run-points, which resets the machine at a RESET.
 */
#include "isa.h"
#include "points.h"
#include "timer.h"

INPUT(raise, 8, 1)
INPUT(lower, 8, 0)
RESET(everything_set)

/* In memory that no part of the program is loaded to, hence not written by a reset. */
static volatile uint32_t *const second_time = (volatile uint32_t *)0x80400000;

void test(void)
{
    if (!*second_time) {
        *second_time = 1;
        raise();
        delegate_to_user(U_INTS, 1 << CAUSE_ILLEGAL);
        csr_write(mip, U_INTS);
        csr_write(mie, U_INTS);
        csr_set(mstatus, STATUS_UIE | STATUS_UPIE);
        csr_write(uepc, -1);
        csr_write(ucause, -1);
        csr_write(utval, -1);
        set_utimecmp(0);
        everything_set();
    }
    /* fresh() wrote the others before this. */
    EQUAL(csr_read(uepc), 0);
    EQUAL(csr_read(ucause), 0);
    EQUAL(csr_read(utval), 0);
    EQUAL(csr_read(ustatus), 0);
    CHECK(utimecmp() == NEVER);
    EQUAL(csr_read(mip) & U_INTS, UEI);
    csr_write(mip, U_INTS);
    csr_write(mip, 0);
    EQUAL(csr_read(mip) & U_INTS, UEI);
    lower();
    EQUAL(csr_read(mip) & U_INTS, 0);
}
