/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Detours of the trap path while stretches are measured: see stretch.h. Registers are as at the
 * places of trap.S that come here instead of where they usually go.
 */
#include "arch/riscv64/frame_offsets.h"

    .text
    .globl measured_enter_syscall
    .balign 4
measured_enter_syscall:
    csrr    t0, instret
    sd      t0, HART_STRETCH_BEGAN(tp)
    sd      a7, HART_STRETCH_ENTRY(tp)
    tail    enter_syscall

    .globl measured_enter_trap
    .balign 4
measured_enter_trap:
    csrr    t0, instret
    csrr    t1, scause
    sd      t0, HART_STRETCH_BEGAN(tp)
    sd      t1, HART_STRETCH_ENTRY(tp)
    tail    enter_trap

measured_return:
    addi    sp, sp, -16
    sd      a0, 0(sp)
    sd      a1, 8(sp)
    li      a0, 0
    call    end_stretch
    ld      a0, 0(sp)
    ld      a1, 8(sp)
    ld      t0, HART_LEAVE_MEASURED(tp)
    jr      -4(t0)

    .option push
    .option norvc                   /* 4 bytes: return_to_user enters here, at leave - 4 */
    .balign 4
    j       measured_return
    .option pop
    .globl measured_leave_syscall
measured_leave_syscall:
    addi    sp, sp, -32
    sd      a0, 0(sp)
    sd      t1, 8(sp)
    sd      t2, 16(sp)
    li      a0, 0
    call    end_stretch
    ld      a0, 0(sp)
    ld      t1, 8(sp)
    ld      t2, 16(sp)
    addi    sp, sp, 32
    ld      t0, HART_LEAVE_MEASURED(tp)
    jr      t0
