/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trap path.
 *
 * A trap from U comes in with the process's page table, in which the kernel is not: only this page,
 * the trampoline, which every table has at the same address, and the thread's trap frame, without
 * U. sscratch holds the frame's address in the process while a user thread runs and 0 while the
 * kernel does.
 *
 *   user_trap ---- ecall ----> enter_syscall ---> sys_...()  --->  leave_syscall ---> sret
 *        |                                            `-- pending: the thread waits, or another
 *        |                                                one should run: save the rest, schedule
 *        `------ anything else -> enter_trap ---> handle_user_trap() ---> schedule() or
 *                                                                 return_to_user() ---> sret
 *
 * A system call saves only what C++ may change: the callee-saved registers stay where they are, and
 * pc and sstatus stay in sepc and sstatus, until it turns out that another thread will run. A null
 * call costs 86, as tests/guest/kernel/null-call.cpp counts it, the ecall and the instruction that
 * loads its number included:
 *
 *     user_trap        33    18 registers, cause, the count, the page table
 *     enter_syscall    13
 *     sys_getppid       5
 *     leave_syscall     7
 *     trampoline       20    page table, 17 registers, sret
 *
 * Interrupts are off in the kernel throughout.
 */
#include "arch/riscv64/frame_offsets.h"

#define CAUSE_USER_ECALL 8

    .section .trampoline, "ax"      /* the linker script puts it on a page of its own */
    .option norelax

    .globl user_trap
user_trap:
    csrrw   sp, sscratch, sp
    beqz    sp, trap_in_kernel
    sd      ra, FRAME_X(1)(sp)
    sd      gp, FRAME_X(3)(sp)
    sd      tp, FRAME_X(4)(sp)
    sd      t0, FRAME_X(5)(sp)
    sd      t1, FRAME_X(6)(sp)
    sd      t2, FRAME_X(7)(sp)
    sd      a0, FRAME_X(10)(sp)
    sd      a1, FRAME_X(11)(sp)
    sd      a2, FRAME_X(12)(sp)
    sd      a3, FRAME_X(13)(sp)
    sd      a4, FRAME_X(14)(sp)
    sd      a5, FRAME_X(15)(sp)
    sd      a6, FRAME_X(16)(sp)
    sd      a7, FRAME_X(17)(sp)
    sd      t3, FRAME_X(28)(sp)
    sd      t4, FRAME_X(29)(sp)
    sd      t5, FRAME_X(30)(sp)
    sd      t6, FRAME_X(31)(sp)
    csrrw   t0, sscratch, zero
    sd      t0, FRAME_X(2)(sp)
    csrr    t1, scause
    ld      t2, FRAME_KERNEL_SATP(sp)
    ld      tp, FRAME_HART(sp)
    addi    t1, t1, -CAUSE_USER_ECALL
    bnez    t1, 1f
    ld      t3, FRAME_SYSCALLS(sp)
    ld      t0, FRAME_ENTER(sp)
    addi    t3, t3, 1
    sd      t3, FRAME_SYSCALLS(sp)
    csrw    satp, t2
    jr      t0
1:  ld      t0, FRAME_ENTER_TRAP(sp)
    csrw    satp, t2
    jr      t0

    /* A fault in the kernel. Its stack may be the reason: use another. */
trap_in_kernel:
    csrrw   sp, sscratch, zero
    csrw    sscratch, ra
    ld      ra, HART_TRAP_IN_KERNEL(tp)
    jr      ra

    /* a0 = frame in the process, a1 = satp, a2 = mask of what was saved. From return_to_user. */
    .globl trampoline_return
trampoline_return:
    csrw    satp, a1
    mv      sp, a0
    csrw    sscratch, sp
    ld      t0, FRAME_PC(sp)
    ld      t1, FRAME_STATUS(sp)
    csrw    sepc, t0
    csrw    sstatus, t1
    ld      s0, FRAME_X(8)(sp)
    ld      s1, FRAME_X(9)(sp)
    ld      a0, FRAME_X(10)(sp)
    ld      s2, FRAME_X(18)(sp)
    ld      s3, FRAME_X(19)(sp)
    ld      s4, FRAME_X(20)(sp)
    ld      s5, FRAME_X(21)(sp)
    ld      s6, FRAME_X(22)(sp)
    ld      s7, FRAME_X(23)(sp)
    ld      s8, FRAME_X(24)(sp)
    ld      s9, FRAME_X(25)(sp)
    ld      s10, FRAME_X(26)(sp)
    ld      s11, FRAME_X(27)(sp)
    j       2f

    .option push
    .option norvc                   /* 4 bytes: return_to_user enters here, at leave - 4 */
    j       trampoline_return
    .option pop
    /* t1 = frame in the process, t2 = satp, a0 = the call's result. */
    .globl trampoline_leave_syscall
trampoline_leave_syscall:
    csrw    satp, t2
    mv      sp, t1
2:  ld      ra, FRAME_X(1)(sp)
    ld      gp, FRAME_X(3)(sp)
    ld      tp, FRAME_X(4)(sp)
    ld      t0, FRAME_X(5)(sp)
    ld      t1, FRAME_X(6)(sp)
    ld      t2, FRAME_X(7)(sp)
    ld      a1, FRAME_X(11)(sp)
    ld      a2, FRAME_X(12)(sp)
    ld      a3, FRAME_X(13)(sp)
    ld      a4, FRAME_X(14)(sp)
    ld      a5, FRAME_X(15)(sp)
    ld      a6, FRAME_X(16)(sp)
    ld      a7, FRAME_X(17)(sp)
    ld      t3, FRAME_X(28)(sp)
    ld      t4, FRAME_X(29)(sp)
    ld      t5, FRAME_X(30)(sp)
    ld      t6, FRAME_X(31)(sp)
    ld      sp, FRAME_X(2)(sp)
    sret

    .text
    .option relax

    /* In the kernel's address space now; a0..a5 and a7 are still the process's. */
    .globl enter_syscall
    .balign 4
enter_syscall:
    ld      gp, HART_GP(tp)
    ld      sp, HART_STACK(tp)
    csrr    t0, sepc                /* past the ecall */
    addi    t0, t0, 4
    csrw    sepc, t0
    li      t1, SYSCALL_LIMIT
    bgeu    a7, t1, 3f
    slli    t1, a7, 3
    la      t0, syscall_functions
    add     t0, t0, t1
    ld      t0, 0(t0)
    jalr    t0

    .globl leave_syscall
leave_syscall:
    ld      t0, HART_PENDING(tp)
    ld      t1, HART_FRAME_USER(tp)
    bnez    t0, 4f
    ld      t2, HART_USER_SATP(tp)
    ld      t0, HART_LEAVE(tp)
    csrw    sscratch, t1
    jr      t0

3:  call    syscall_beyond_table    /* the calls beyond Linux's, and nonsense */
    j       leave_syscall

    /* Something is pending: save what the entry left in place, and let C++ decide. */
4:  ld      t2, HART_FRAME(tp)
    csrr    t3, sepc
    csrr    t4, sstatus
    ld      t5, FRAME_X(10)(t2)     /* the call may begin anew */
    sd      t3, FRAME_PC(t2)
    sd      t4, FRAME_STATUS(t2)
    sd      t5, FRAME_FIRST_ARGUMENT(t2)
    sd      a0, FRAME_X(10)(t2)
    call    save_callee_saved
    ld      sp, HART_STACK(tp)
    call    syscall_pending
    unimp

    /* clone: the new thread begins with the caller's registers, so all of them go to the frame. */
    .globl sys_clone_entry
sys_clone_entry:
    ld      t2, HART_FRAME(tp)
    csrr    t3, sepc
    csrr    t4, sstatus
    sd      t3, FRAME_PC(t2)
    sd      t4, FRAME_STATUS(t2)
    mv      t6, ra
    call    save_callee_saved
    mv      ra, t6
    tail    sys_clone

    .globl enter_trap
    .balign 4
enter_trap:
    ld      gp, HART_GP(tp)
    ld      sp, HART_STACK(tp)
    ld      t2, HART_FRAME(tp)
    csrr    t3, sepc
    csrr    t4, sstatus
    sd      t3, FRAME_PC(t2)
    sd      t4, FRAME_STATUS(t2)
    call    save_callee_saved
    mv      a0, t2
    csrr    a1, scause
    csrr    a2, stval
    call    handle_user_trap
    unimp

    /* t2 = frame, kernel address */
save_callee_saved:
    sd      s0, FRAME_X(8)(t2)
    sd      s1, FRAME_X(9)(t2)
    sd      s2, FRAME_X(18)(t2)
    sd      s3, FRAME_X(19)(t2)
    sd      s4, FRAME_X(20)(t2)
    sd      s5, FRAME_X(21)(t2)
    sd      s6, FRAME_X(22)(t2)
    sd      s7, FRAME_X(23)(t2)
    sd      s8, FRAME_X(24)(t2)
    sd      s9, FRAME_X(25)(t2)
    sd      s10, FRAME_X(26)(t2)
    sd      s11, FRAME_X(27)(t2)
    ret

    /* Runs the current thread: [[noreturn]] void return_to_user() */
    .globl return_to_user
return_to_user:
    ld      a0, HART_FRAME_USER(tp)
    ld      a1, HART_USER_SATP(tp)
    ld      t0, HART_LEAVE(tp)
    jr      -4(t0)                  /* the jump to trampoline_return */

    /* void leave_stack(uint64_t* sp, uint64_t top, void (*then)()) returns by return_to_stack */
    .globl leave_stack
leave_stack:
    addi    sp, sp, -112
    sd      ra, 0(sp)
    sd      s0, 8(sp)
    sd      s1, 16(sp)
    sd      s2, 24(sp)
    sd      s3, 32(sp)
    sd      s4, 40(sp)
    sd      s5, 48(sp)
    sd      s6, 56(sp)
    sd      s7, 64(sp)
    sd      s8, 72(sp)
    sd      s9, 80(sp)
    sd      s10, 88(sp)
    sd      s11, 96(sp)
    sd      sp, 0(a0)
    mv      sp, a1
    jr      a2

    /* [[noreturn]] void return_to_stack(uint64_t sp) */
    .globl return_to_stack
return_to_stack:
    mv      sp, a0
    ld      ra, 0(sp)
    ld      s0, 8(sp)
    ld      s1, 16(sp)
    ld      s2, 24(sp)
    ld      s3, 32(sp)
    ld      s4, 40(sp)
    ld      s5, 48(sp)
    ld      s6, 56(sp)
    ld      s7, 64(sp)
    ld      s8, 72(sp)
    ld      s9, 80(sp)
    ld      s10, 88(sp)
    ld      s11, 96(sp)
    addi    sp, sp, 112
    ret

    .globl trap_in_kernel_entry
    .balign 4
trap_in_kernel_entry:               /* sp = the old one, sscratch = the old ra */
    mv      a4, sp
    ld      sp, HART_EMERGENCY(tp)
    csrr    a3, sscratch
    csrr    a0, scause
    csrr    a1, sepc
    csrr    a2, stval
    csrw    sscratch, zero
    call    kernel_trap
    unimp

    /* Floating-point registers of a frame: a0 = its f[0]; fcsr follows the 32 registers. */
    .option push
    .option arch, +d
    .globl save_float
save_float:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fsd     f\n, 8*\n(a0)
    .endr
    frcsr   t0
    sd      t0, 256(a0)
    ret

    .globl load_float
load_float:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fld     f\n, 8*\n(a0)
    .endr
    ld      t0, 256(a0)
    fscsr   t0
    ret
    .option pop
