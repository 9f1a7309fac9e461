/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N3, N10: with UXL = 32 below a 64-bit M mode, the registers of a user trap are 32 bits wide: the
 * interrupt flag is in bit 31 of ucause, and utvec and uepc lead to where 32 bits can.
 */
#include "isa.h"

#define UXL_32 (1ull << 32)
#define UXL_64 (2ull << 32)
#define UXL_MASK (3ull << 32)

/* Instructions that are the same in both widths. */
__attribute__((naked, aligned(64))) static void handler(void)
{
    __asm__("csrr a0, ucause\n\t"
            "csrci uip, 1\n\t"
            "uret\n\t"
            ".balign 4");
}

__attribute__((naked)) static long interrupted(long unused)
{
    (void)unused;
    __asm__("csrsi uie, 1\n\t"
            "csrsi ustatus, 1\n\t"
            "csrsi uip, 1\n\t"
            "ret");
}

__attribute__((naked)) static long illegal(long unused)
{
    (void)unused;
    __asm__("lla a1, 1f\n\t"
            "csrw mscratch, a0\n"
            "1:\n\t"
            "ret");
}

__attribute__((naked, aligned(64))) static void exception_handler(void)
{
    __asm__("csrr a0, uepc\n\t"
            "addi a0, a0, 4\n\t"
            "csrw uepc, a0\n\t"
            "sub a0, a0, a1\n\t" /* 0, if uepc was right */
            "csrr a2, ucause\n\t"
            "slli a0, a0, 8\n\t"
            "or a0, a0, a2\n\t"
            "uret\n\t"
            ".balign 4");
}

__attribute__((naked)) static long flag_as_seen_in_32_bits(long unused)
{
    (void)unused;
    __asm__("csrr a0, ucause\n\t"
            "srli a0, a0, 31\n\t"
            "ret");
}

void test(void)
{
    reg flag = 1ull << 31;

    fresh();
    delegate_to_user(USI, 1 << CAUSE_ILLEGAL);
    csr_write(mstatus, (csr_read(mstatus) & ~UXL_MASK) | UXL_32);
    EQUAL(csr_read(mstatus) & UXL_MASK, UXL_32);

    csr_write(utvec, handler);
    EQUAL((uint32_t)call_in(MODE_U, interrupted, 0), flag | 0);
    EQUAL(csr_read(ucause), flag | 0);
    EQUAL((uint32_t)csr_read(uepc), (uint32_t)(reg)interrupted + 12);
    EQUAL(call_in(MODE_U, flag_as_seen_in_32_bits, 0), 1);

    csr_write(utvec, exception_handler);
    EQUAL(call_in(MODE_U, illegal, 0), CAUSE_ILLEGAL);
    EQUAL(csr_read(ucause), CAUSE_ILLEGAL);

    csr_write(mstatus, (csr_read(mstatus) & ~UXL_MASK) | UXL_64);
    csr_write(utvec, handler);
    EQUAL(call_in(MODE_U, interrupted, 0), INTERRUPT | 0);
}
