/* SPDX-License-Identifier: BSD-2-Clause */
/* The time and the user timer: 64 bits wide; RV32 has the upper halves in registers of their own.
 */
#ifndef ISA_TIMER_H
#define ISA_TIMER_H

#include "isa.h"

#define NEVER UINT64_MAX

static inline uint64_t utimecmp(void) {
#if __riscv_xlen == 64
    return csr_read(0x800);
#else
    return (uint64_t)csr_read(0x880) << 32 | csr_read(0x800);
#endif
}

static inline void set_utimecmp(uint64_t when) {
#if __riscv_xlen == 64
    csr_write(0x800, when);
#else
    /* At no moment a time that is earlier than both the old and the new one. */
    csr_write(0x800, -1);
    csr_write(0x880, when >> 32);
    csr_write(0x800, when);
#endif
}

static inline uint64_t now(void) {
#if __riscv_xlen == 64
    reg time;

    __asm__ volatile("rdtime %0" : "=r"(time)::"memory");
    return time;
#else
    reg low, high, again;

    do {
        __asm__ volatile("rdtimeh %0\n\trdtime %1\n\trdtimeh %2"
                         : "=r"(high), "=r"(low), "=r"(again)::"memory");
    } while (high != again);
    return (uint64_t)high << 32 | low;
#endif
}

#endif
