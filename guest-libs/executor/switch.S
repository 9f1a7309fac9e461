/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing threads. A thread that is parked has its registers, floating point included, on its own
 * stack; thread::registers says where. Interrupts are off (UIE = 0) in all of this.
 *
 *   timer ----> ouros_preempt_entry ---- ouros_preempt() ----> another thread, or back
 *   call over -> ouros_worker_lost ----- ouros_thread_returned() ----> stand by
 *   stood by ---> ouros_take_over() ---> a free or a parked thread
 *   strand picked -> ouros_thread_resume ---> a parked thread
 */
#include <ouros/uintr.h>

#define STAND_BY 20237                  /* OUROS_SYS_stand_by, in a header of C */
#define NEXT 16                         /* struct user_thread */
#define THREAD_POINTER 24
#define STACK_TOP 32
#define REGISTERS 40

#define PC 0                            /* on a parked thread's stack */
#define STATUS 8                        /* UPIE: was UIE set? */
#define X(n) (16 + 8 * (n))
#define F(n) (256 + 8 * (n))
#define FCSR 512
#define SIZE 528

    .macro  caller_saved op
    \op     ra, X(0)(sp)
    \op     t0, X(1)(sp)
    \op     t1, X(2)(sp)
    \op     t2, X(3)(sp)
    \op     a0, X(4)(sp)
    \op     a1, X(5)(sp)
    \op     a2, X(6)(sp)
    \op     a3, X(7)(sp)
    \op     a4, X(8)(sp)
    \op     a5, X(9)(sp)
    \op     a6, X(10)(sp)
    \op     a7, X(11)(sp)
    \op     t3, X(12)(sp)
    \op     t4, X(13)(sp)
    \op     t5, X(14)(sp)
    \op     t6, X(15)(sp)
    .endm

    .macro  callee_saved op
    \op     s0, X(16)(sp)
    \op     s1, X(17)(sp)
    \op     s2, X(18)(sp)
    \op     s3, X(19)(sp)
    \op     s4, X(20)(sp)
    \op     s5, X(21)(sp)
    \op     s6, X(22)(sp)
    \op     s7, X(23)(sp)
    \op     s8, X(24)(sp)
    \op     s9, X(25)(sp)
    \op     s10, X(26)(sp)
    \op     s11, X(27)(sp)
    .endm

    .macro  floating op
    .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \op     f\n, F(\n)(sp)
    .endr
    .endm

    .macro  this_thread to
    lui     \to, %tprel_hi(ouros_this_thread)
    add     \to, \to, tp, %tprel_add(ouros_this_thread)
    addi    \to, \to, %tprel_lo(ouros_this_thread)
    .endm

    /* t0 is free. */
    .macro  save_rest
    callee_saved sd
    floating fsd
    frcsr   t0
    sd      t0, FCSR(sp)
    .endm

    .text

    /* The reactor's entry (OUROS_UINTR_TABLE), but for the timer. */
    .balign 64
    .option push
    .option norvc
    .rept   4
    j       ouros_threaded_entry
    .endr
    j       ouros_preempt_entry
    .rept   3
    j       ouros_threaded_entry
    .endr
    j       ouros_uintr_source_entry
    nop
    .option pop
    .dword  ouros_reactor_dispatch
    .globl  ouros_threaded_entry
    .type   ouros_threaded_entry, @function
ouros_threaded_entry:
    j       ouros_reactor_entry

    .balign 4
ouros_preempt_entry:
    addi    sp, sp, -SIZE
    caller_saved sd
    call    ouros_preempt
    bnez    a0, 1f
    caller_saved ld
    addi    sp, sp, SIZE
    .word   0x00200073                  /* uret */
1:  save_rest
    csrr    t0, OUROS_CSR_UEPC
    li      t1, 0x10
    this_thread t2
    sd      t0, PC(sp)
    sd      t1, STATUS(sp)
    sd      sp, REGISTERS(t2)

    /* a0 = the thread, a1 = the coroutine it resumes, or 0: it is parked */
switch_to:
    beqz    a1, go_on
    ld      tp, THREAD_POINTER(a0)
    ld      sp, STACK_TOP(a0)
    mv      a0, a1
    call    ouros_thread_main

    /* void ouros_thread_resume(user_thread*): as a coroutine is resumed, interrupts on */
    .globl  ouros_thread_resume
    .type   ouros_thread_resume, @function
ouros_thread_resume:
    csrci   OUROS_CSR_USTATUS, 1
    call    ouros_thread_switch         /* the stack is not needed any more; a0 stays */
go_on:
    ld      tp, THREAD_POINTER(a0)
    ld      sp, REGISTERS(a0)
    ld      t0, PC(sp)
    ld      t1, STATUS(sp)
    csrw    OUROS_CSR_UEPC, t0
    csrw    OUROS_CSR_USTATUS, t1
    ld      t0, FCSR(sp)
    floating fld
    fscsr   t0
    caller_saved ld
    callee_saved ld
    addi    sp, sp, SIZE
    .word   0x00200073                  /* uret */

    /* void ouros_thread_leave(user_thread* self, user_thread* to, void* coroutine) */
    .globl  ouros_thread_leave
    .type   ouros_thread_leave, @function
ouros_thread_leave:
    addi    sp, sp, -SIZE
    caller_saved sd
    save_rest
    sd      ra, PC(sp)
    sd      zero, STATUS(sp)
    sd      sp, REGISTERS(a0)
    mv      a0, a1
    mv      a1, a2
    j       switch_to

    /* void ouros_thread_retire(kernel_thread* self, user_thread* thread) */
    .globl  ouros_thread_retire
    .type   ouros_thread_retire, @function
ouros_thread_retire:
    sd      sp, STACK_TOP(a1)
    ld      sp, 0(a0)
    mv      s0, a0
    mv      a0, a1
    call    ouros_thread_arrived
    j       stand_by

    /* The system call of a thread that has lost its worker meanwhile is over: utval points to the
       struct kernel_thread, whose stack begins with its address. */
    .globl  ouros_worker_lost
    .balign 4
ouros_worker_lost:
    addi    sp, sp, -SIZE
    caller_saved sd
    save_rest
    csrr    t0, OUROS_CSR_UEPC
    csrr    t1, OUROS_CSR_USTATUS
    csrr    s0, OUROS_CSR_UTVAL
    andi    t1, t1, 0x10
    this_thread a0
    sd      t0, PC(sp)
    sd      t1, STATUS(sp)
    sd      sp, REGISTERS(a0)
    ld      sp, 0(s0)
    call    ouros_thread_returned       /* from here on the thread may run elsewhere */
stand_by:
    mv      a0, s0
    li      a1, 0
    li      a7, STAND_BY
    ecall
    bnez    a0, stand_by
    mv      a0, a1
    mv      a1, s0
    call    ouros_take_over
    j       switch_to
