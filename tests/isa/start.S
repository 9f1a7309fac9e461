# SPDX-License-Identifier: BSD-2-Clause
#
# Entry, traps of the three modes, and calls into a less privileged mode.

#include "isa-asm.h"

    .section .text.start, "ax"
    .globl _start
_start:
    csrr t0, mhartid
    bnez t0, park
    la sp, main_stack + STACK_SIZE
    la t0, bss_start
    la t1, bss_end
1:  bgeu t0, t1, 2f
    sd zero, (t0)
    addi t0, t0, 8
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
    sd x1, 1*8(sp)
    .irp r, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    sd x\r, \r*8(sp)
    .endr
    csrr t0, \scratch
    sd t0, 2*8(sp)
    addi t0, sp, FRAME_SIZE
    csrw \scratch, t0
    csrr t0, \epc
    sd t0, FRAME_EPC(sp)
    li a0, \mode
    mv a1, sp
    call isa_trap
    ld t0, FRAME_EPC(sp)
    csrw \epc, t0
    ld x1, 1*8(sp)
    .irp r, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ld x\r, \r*8(sp)
    .endr
    ld sp, 2*8(sp)
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
    sd t0, 0(sp)
    sd t1, 8(sp)
    li t1, \i
    j vector_common
    .endr
vector_common:
    la t0, vector_taken
    sd t1, (t0)
    ld t0, 0(sp)
    ld t1, 8(sp)
    addi sp, sp, 16
    csrrw sp, uscratch, sp
    j trap_u

# long call_in(long mode, long (*function)(long), long argument)
# Runs it in that mode, on that mode's stack; back here, in M mode, through exit_gate.
    .globl call_in
call_in:
    addi sp, sp, -128
    sd ra, 0(sp)
    sd s0, 8(sp)
    sd s1, 16(sp)
    sd s2, 24(sp)
    sd s3, 32(sp)
    sd s4, 40(sp)
    sd s5, 48(sp)
    sd s6, 56(sp)
    sd s7, 64(sp)
    sd s8, 72(sp)
    sd s9, 80(sp)
    sd s10, 88(sp)
    sd s11, 96(sp)
    la t0, call_in_sp
    ld t1, (t0)
    sd t1, 104(sp)
    sd sp, (t0)
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
    ld sp, (t0)
    ld t1, 104(sp)
    sd t1, (t0)
    ld ra, 0(sp)
    ld s0, 8(sp)
    ld s1, 16(sp)
    ld s2, 24(sp)
    ld s3, 32(sp)
    ld s4, 40(sp)
    ld s5, 48(sp)
    ld s6, 56(sp)
    ld s7, 64(sp)
    ld s8, 72(sp)
    ld s9, 80(sp)
    ld s10, 88(sp)
    ld s11, 96(sp)
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
