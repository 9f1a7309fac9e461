# SPDX-License-Identifier: BSD-2-Clause
#
# Entry of every hart, the page table, the traps, and the way to U mode and back.

#include "layout.h"

    .section .text.start, "ax"
    .globl _start
_start:
    csrr a0, mhartid
    li t0, MAX_HARTS
    bgeu a0, t0, too_many
    la t0, machine_trap
    csrw mtvec, t0
    li t0, -1
    csrw pmpaddr0, t0
    csrw mcounteren, t0
    csrw scounteren, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    # To S mode: everything but ebreak and its own ecall, which end the test here.
    li t0, 0xb1f7
    csrw medeleg, t0
    li t0, 0x333
    csrw mideleg, t0
    li t0, 3 << 11
    csrc mstatus, t0
    li t0, 1 << 11
    csrs mstatus, t0
    la t0, supervisor_start
    csrw mepc, t0
    mret
too_many:
    wfi
    j too_many

supervisor_start:
    la t0, page_table
    srli t0, t0, 12
    li t1, 8 << 60
    or t0, t0, t1
    sfence.vma
    csrw satp, t0
    sfence.vma
    la t0, supervisor_trap
    csrw stvec, t0
    csrw sscratch, zero
    csrw sie, zero
    mv tp, a0
    la sp, kernel_stacks
    li t0, KERNEL_STACK_SIZE
    addi t1, a0, 1
    mul t0, t0, t1
    add sp, sp, t0
    call kernel_start
1:  wfi
    j 1b

# Nothing comes back from M mode: an ebreak is a result, anything else a failure.
    .balign 4
machine_trap:
    # Harts may come here together; the first one has the stack and the word.
    la t0, machine_lock
    li t1, 1
1:  amoswap.w.aq t2, t1, (t0)
    bnez t2, 1b
    la sp, machine_stack_end
    csrr a5, mcause
    csrr a6, mepc
    csrr a7, mtval
    j machine_end

# From U mode, sscratch is the frame of what was running, and the trap is the return of
# enter_user(). From S mode it is 0, and kernel_fault() says where to go on.
    .balign 4
supervisor_trap:
    csrrw sp, sscratch, sp
    beqz sp, from_kernel
    .irp r, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    sd x\r, \r*8(sp)
    .endr
    csrrw t0, sscratch, zero
    sd t0, 2*8(sp)
    csrr t0, sepc
    sd t0, FRAME_PC(sp)
    ld sp, FRAME_KERNEL_SP(sp)
    ld ra, 0(sp)
    ld tp, 8(sp)
    .set i, 2
    .irp r, 8,9,18,19,20,21,22,23,24,25,26,27
    ld x\r, i*8(sp)
    .set i, i + 1
    .endr
    addi sp, sp, 112
    csrr a0, scause
    ret
from_kernel:
    csrrw sp, sscratch, sp
    addi sp, sp, -144
    .set i, 0
    .irp r, 1,5,6,7,10,11,12,13,14,15,16,17,28,29,30,31
    sd x\r, i*8(sp)
    .set i, i + 1
    .endr
    csrr a0, scause
    csrr a1, sepc
    csrr a2, stval
    call kernel_fault
    csrw sepc, a0
    .set i, 0
    .irp r, 1,5,6,7,10,11,12,13,14,15,16,17,28,29,30,31
    ld x\r, i*8(sp)
    .set i, i + 1
    .endr
    addi sp, sp, 144
    sret

# uint64_t enter_user(Frame*): runs it in U mode; returns scause of the trap that ends that.
    .text
    .globl enter_user
enter_user:
    addi sp, sp, -112
    sd ra, 0(sp)
    sd tp, 8(sp)
    .set i, 2
    .irp r, 8,9,18,19,20,21,22,23,24,25,26,27
    sd x\r, i*8(sp)
    .set i, i + 1
    .endr
    sd sp, FRAME_KERNEL_SP(a0)
    csrw sscratch, a0
    li t0, 1 << 8
    csrc sstatus, t0
    ld t0, FRAME_PC(a0)
    csrw sepc, t0
    .irp r, 1,2,3,4,5,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,10
    ld x\r, \r*8(a0)
    .endr
    sret

# Where utvec points: calls user_handler() in U mode.
    .globl user_trap
    .balign 4
user_trap:
    addi sp, sp, -128
    .set i, 0
    .irp r, 1,5,6,7,10,11,12,13,14,15,16,17,28,29,30,31
    sd x\r, i*8(sp)
    .set i, i + 1
    .endr
    call user_handler
    .set i, 0
    .irp r, 1,5,6,7,10,11,12,13,14,15,16,17,28,29,30,31
    ld x\r, i*8(sp)
    .set i, i + 1
    .endr
    addi sp, sp, 128
    uret

# Sv39, gigapages: devices and the kernel for S mode, memory once more for U mode.
    .data
    .balign 4096
page_table:
    .quad 0x0000000000c7
    .quad 0
    .quad (KERNEL_BASE >> 2) + 0xcf
    .quad (KERNEL_BASE >> 2) + 0xdf
    .skip 4096 - 32

    .bss
    .balign 16
kernel_stacks:
    .skip MAX_HARTS * KERNEL_STACK_SIZE
machine_stack:
    .skip 4096
machine_stack_end:
machine_lock:
    .skip 8
