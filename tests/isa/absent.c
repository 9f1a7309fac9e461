/* SPDX-License-Identifier: BSD-2-Clause */
/* N11: n=off: the CSRs and uret are illegal instructions, the shared registers lack the bits. */
#include "isa.h"

#define ILLEGAL(...)                                   \
    do {                                               \
        reg count_ = traps[MODE_M].count;         \
        __asm__ volatile(__VA_ARGS__ ::: "memory");    \
        EQUAL(traps[MODE_M].count, count_ + 1);        \
        EQUAL(traps[MODE_M].cause, CAUSE_ILLEGAL);     \
    } while (0)

/* In M mode, where nothing but absence makes an access illegal. */
static long everything(long unused)
{
    ILLEGAL("csrr zero, 0x000");
    ILLEGAL("csrw 0x000, zero");
    ILLEGAL("csrr zero, 0x004");
    ILLEGAL("csrw 0x004, zero");
    ILLEGAL("csrr zero, 0x005");
    ILLEGAL("csrw 0x005, zero");
    ILLEGAL("csrr zero, 0x040");
    ILLEGAL("csrr zero, 0x041");
    ILLEGAL("csrr zero, 0x042");
    ILLEGAL("csrr zero, 0x043");
    ILLEGAL("csrr zero, 0x044");
    ILLEGAL("csrw 0x044, zero");
    ILLEGAL("csrr zero, 0x102");
    ILLEGAL("csrw 0x102, zero");
    ILLEGAL("csrr zero, 0x103");
    ILLEGAL("csrw 0x103, zero");
    ILLEGAL("csrr zero, 0x1b0");
    ILLEGAL("csrr zero, 0x1b1");
    ILLEGAL("csrr zero, 0x1b2");
    ILLEGAL("csrr zero, 0x800");
    ILLEGAL("csrr zero, 0x880");
    ILLEGAL("uret");
    ILLEGAL(".insn i 0x7b, 2, x0, x0, 0");
    ILLEGAL(".insn i 0x7b, 2, x0, x0, 1");
    ILLEGAL(".insn i 0x7b, 2, x0, x0, 3");
    return unused;
}

static long wait_in_user(long unused)
{
    ILLEGAL("wfi");
    ILLEGAL("csrr zero, 0x000");
    ILLEGAL("uret");
    return unused;
}

void test(void)
{
    on_trap[MODE_M] = skip;
    EQUAL(csr_read(misa) & MISA_N, 0);
    everything(0);
    if (has_s)
        call_in(MODE_U, wait_in_user, 0);

    csr_set(mstatus, STATUS_UIE | STATUS_UPIE);
    EQUAL(csr_read(mstatus) & (STATUS_UIE | STATUS_UPIE), 0);
    csr_set(mip, U_INTS);
    EQUAL(csr_read(mip) & U_INTS, 0);
    csr_set(mie, U_INTS);
    EQUAL(csr_read(mie) & U_INTS, 0);
    if (has_s) {
        csr_set(mideleg, U_INTS);
        EQUAL(csr_read(mideleg) & U_INTS, 0);
        csr_set(sstatus, STATUS_UIE | STATUS_UPIE);
        EQUAL(csr_read(sstatus) & (STATUS_UIE | STATUS_UPIE), 0);
        csr_set(sip, U_INTS);
        EQUAL(csr_read(sip) & U_INTS, 0);
        csr_set(sie, U_INTS);
        EQUAL(csr_read(sie) & U_INTS, 0);
    } else {
        ILLEGAL("csrr zero, mideleg");
        ILLEGAL("csrr zero, medeleg");
    }
}
