/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N1: on a hart whose misa can be written N stays, so that no register has to forget its bits while
 * a program uses them; the rest of the write is done.
 */
#include "isa.h"

#define MISA_M (1ull << 12)

static long uret_once(long unused)
{
    __asm__ volatile("la t0, 1f\n\t"
                     "csrw uepc, t0\n\t"
                     "uret\n"
                     "1:" ::
                         : "t0", "memory");
    return unused;
}

void test(void)
{
    CHECK(csr_read(misa) & MISA_N);
    CHECK(csr_read(misa) & MISA_M);
    csr_clear(misa, MISA_N | MISA_M);
    CHECK(csr_read(misa) & MISA_N);
    CHECK(!(csr_read(misa) & MISA_M));
    call_in(MODE_U, uret_once, 0);
}
