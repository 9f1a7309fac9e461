# SPDX-License-Identifier: BSD-2-Clause
#
# Entry, traps of the three modes, and calls into a less privileged mode.

#include "isa-asm.h"

#if __riscv_xlen == 64
#define SX sd
#define LX ld
#else
#define SX sw
#define LX lw
#endif

    .section .text.start, "ax"
    .globl _start
_start:
    csrr t0, mhartid
    bnez t0, park
    la sp, main_stack + STACK_SIZE
    la t0, bss_start
    la t1, bss_end
1:  bgeu t0, t1, 2f
    SX zero, (t0)
    addi t0, t0, REG_SIZE
    j 1b
2:  la t0, trap_m
    csrw mtvec, t0
    la t0, trap_stack_m + STACK_SIZE
    csrw mscratch, t0
    call isa_main
park:
    wfi
    j park

# Saves every register in a struct frame on the stack of the mode that takes the trap (its
# xscratch), calls isa_trap(mode, frame), restores what that left in the frame.
    .macro trap_entry name, mode, scratch, epc, ret
    .globl \name
    .balign 4
\name:
    csrrw sp, \scratch, sp
    addi sp, sp, -FRAME_SIZE
    SX x1, 1*REG_SIZE(sp)
    .irp r, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    SX x\r, \r*REG_SIZE(sp)
    .endr
    csrr t0, \scratch
    SX t0, 2*REG_SIZE(sp)
    addi t0, sp, FRAME_SIZE
    csrw \scratch, t0
    csrr t0, \epc
    SX t0, FRAME_EPC(sp)
    li a0, \mode
    mv a1, sp
    call isa_trap
    LX t0, FRAME_EPC(sp)
    csrw \epc, t0
    LX x1, 1*REG_SIZE(sp)
    .irp r, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    LX x\r, \r*REG_SIZE(sp)
    .endr
    LX sp, 2*REG_SIZE(sp)
    \ret
    .endm

    .text
    trap_entry trap_m, MODE_M, mscratch, mepc, mret
    trap_entry trap_s, MODE_S, sscratch, sepc, sret
    trap_entry trap_u, MODE_U, uscratch, uepc, uret

# A vector table for utvec's vectored mode: entry i leaves i in vector_taken.
    .globl vector_table
    .balign 64
vector_table:
    .option push
    .option norvc
    .irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    j vector_\i
    .endr
    .option pop
    .irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
vector_\i:
    csrrw sp, uscratch, sp
    addi sp, sp, -16
    SX t0, 0(sp)
    SX t1, 1*REG_SIZE(sp)
    li t1, \i
    j vector_common
    .endr
vector_common:
    la t0, vector_taken
    SX t1, (t0)
    LX t0, 0(sp)
    LX t1, 1*REG_SIZE(sp)
    addi sp, sp, 16
    csrrw sp, uscratch, sp
    j trap_u

# long call_in(long mode, long (*function)(long), long argument)
# Runs it in that mode, on that mode's stack; back here, in M mode, through exit_gate.
    .globl call_in
call_in:
    addi sp, sp, -128
    SX ra, 0(sp)
    SX s0, 1*REG_SIZE(sp)
    SX s1, 2*REG_SIZE(sp)
    SX s2, 3*REG_SIZE(sp)
    SX s3, 4*REG_SIZE(sp)
    SX s4, 5*REG_SIZE(sp)
    SX s5, 6*REG_SIZE(sp)
    SX s6, 7*REG_SIZE(sp)
    SX s7, 8*REG_SIZE(sp)
    SX s8, 9*REG_SIZE(sp)
    SX s9, 10*REG_SIZE(sp)
    SX s10, 11*REG_SIZE(sp)
    SX s11, 12*REG_SIZE(sp)
    la t0, call_in_sp
    LX t1, (t0)
    SX t1, 13*REG_SIZE(sp)
    SX sp, (t0)
    csrw mepc, a1
    li t0, 3 << 11 | 1 << 7     # MPP; MPIE, so that M mode comes back with MIE clear
    csrc mstatus, t0
    slli t0, a0, 11
    csrs mstatus, t0
    la sp, less_stack + STACK_SIZE
    mv a0, a2
    la ra, exit_gate
    mret

# M mode's handler comes here when exit_gate was fetched; a0 is the function's result.
    .globl call_in_return
call_in_return:
    la t0, call_in_sp
    LX sp, (t0)
    LX t1, 13*REG_SIZE(sp)
    SX t1, (t0)
    LX ra, 0(sp)
    LX s0, 1*REG_SIZE(sp)
    LX s1, 2*REG_SIZE(sp)
    LX s2, 3*REG_SIZE(sp)
    LX s3, 4*REG_SIZE(sp)
    LX s4, 5*REG_SIZE(sp)
    LX s5, 6*REG_SIZE(sp)
    LX s6, 7*REG_SIZE(sp)
    LX s7, 8*REG_SIZE(sp)
    LX s8, 9*REG_SIZE(sp)
    LX s9, 10*REG_SIZE(sp)
    LX s10, 11*REG_SIZE(sp)
    LX s11, 12*REG_SIZE(sp)
    addi sp, sp, 128
    ret

    .bss
    .balign 16
main_stack:   .skip STACK_SIZE
trap_stack_m: .skip STACK_SIZE
    .globl trap_stack_s, trap_stack_u
trap_stack_s: .skip STACK_SIZE
trap_stack_u: .skip STACK_SIZE
less_stack:   .skip STACK_SIZE
    .balign 8
call_in_sp:   .skip 8
