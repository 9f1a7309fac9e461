/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N5: with AIA, stopi names what S mode is to take next: not what it passed on to U mode.
 */
#include "isa.h"

#define STOPI_IID(value) ((value) >> 16)

static long in_supervisor(long passed_on)
{
    reg next = csr_read(0xdb0);

    if (passed_on)
        EQUAL(next, 0);
    else
        EQUAL(STOPI_IID(next), 4);
    return passed_on;
}

void test(void)
{
    for (long passed_on = 0; passed_on < 2; passed_on++) {
        fresh();
        delegate_to_user(passed_on ? U_INTS : 0, 0);
        csr_write(mip, UTI);
        csr_write(mie, UTI);
        call_in(MODE_S, in_supervisor, passed_on);
    }
}
