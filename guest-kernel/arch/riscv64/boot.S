/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where OpenSBI enters the kernel: S mode, address translation off, a0 = hart id, a1 = device
 * tree (first hart) or what hart_start was given (others: their struct hart).
 */
#include "arch/riscv64/frame_offsets.h"

    .section .text.boot, "ax"
    .globl _start
_start:
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    la      t0, bss_start
    la      t1, bss_end
1:  bgeu    t0, t1, 2f
    sd      zero, 0(t0)
    sd      zero, 8(t0)
    sd      zero, 16(t0)
    sd      zero, 24(t0)
    addi    t0, t0, 32
    j       1b
2:  la      sp, boot_stack_end
    la      tp, harts               /* panic() wants to know where it runs */
    la      t0, early_trap
    csrw    stvec, t0
    csrw    sscratch, zero
    call    kernel_start_first
    unimp

    .globl secondary_start
secondary_start:
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    mv      tp, a1
    ld      t0, HART_KERNEL_SATP(tp)
    csrw    satp, t0
    sfence.vma
    ld      sp, HART_STACK(tp)
    la      t0, early_trap
    csrw    stvec, t0
    csrw    sscratch, zero
    call    kernel_start_secondary
    unimp

    /* Until the hart's real trap vector is set. */
    .balign 4
early_trap:
    la      sp, boot_stack_end
    csrr    a0, scause
    csrr    a1, sepc
    csrr    a2, stval
    mv      a3, ra
    call    kernel_trap
    unimp

    /* switch_stack(top, function): goes on in `function` on another stack, for good. */
    .globl switch_stack
switch_stack:
    mv      sp, a0
    jr      a1

    .section .bss.boot_stack, "aw", @nobits
    .balign 4096
    .space 16384
boot_stack_end:
