# SPDX-License-Identifier: BSD-2-Clause
#
# The machine starts here, in M mode. A struct task begins with its registers: the pc in place of
# x0, then x1 to x31. mscratch points to the task that runs.

    .macro each_but_a0 instruction
    .irp r, 1,2,3,4,5,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \instruction x\r, 8*\r(a0)
    .endr
    .endm

    .section .text.start, "ax"
    .globl _start
_start:
    la sp, monitor_stack_end
    la t0, trap
    csrw mtvec, t0
    call monitor_start
resume:                         # a0: the task to run
    csrw mscratch, a0
    ld t0, 0(a0)
    csrw mepc, t0
    each_but_a0 ld
    ld a0, 8*10(a0)
    mret

    .balign 4
trap:
    csrrw a0, mscratch, a0
    each_but_a0 sd
    csrr t0, mscratch
    sd t0, 8*10(a0)
    csrr t0, mepc
    sd t0, 0(a0)
    la sp, monitor_stack_end
    call monitor_trap
    j resume

    .bss
    .balign 16
    .skip 4096
monitor_stack_end:

# A task's own trap handler, in U mode: TASK_trap(registers), which it may change, then uret.
    .macro trap_of task
    .section .text.\task, "ax"
    .globl \task\()_entry
    .balign 4
\task\()_entry:
    sd a0, 8*10-256(sp)
    addi a0, sp, -256
    each_but_a0 sd
    mv sp, a0
    csrr t0, uepc
    sd t0, 0(a0)
    call \task\()_trap
    mv a0, sp
    ld t0, 0(a0)
    csrw uepc, t0
    each_but_a0 ld
    ld a0, 8*10(a0)
    uret
    .endm

    trap_of worker
    trap_of intruder
