/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entry of all traps of a thread to user mode.
 *
 * uscratch holds the address of a struct context on the handler's stack while the thread's own code
 * runs, and 0 while a handler does. A trap in a handler thus finds 0, and makes its context below
 * the handler's stack pointer. Nothing between the trap and the reset of uscratch can fault: this
 * page, the stack and the thread's block are resident.
 */
#include <ouros/uintr.h>

#define USER_EXCEPTIONS 20233           /* OUROS_SYS_user_exceptions, in a header of C */
#define X(n) (8 * (n))
#define PC 0
#define CAUSE 256
#define VALUE 264
#define STATUS 272
#define HOME 280                        /* what uscratch becomes again */
#define SIZE 288

    .macro caller_saved op
    \op     ra, X(1)(sp)
    \op     t0, X(5)(sp)
    \op     t1, X(6)(sp)
    \op     t2, X(7)(sp)
    \op     a0, X(10)(sp)
    \op     a1, X(11)(sp)
    \op     a2, X(12)(sp)
    \op     a3, X(13)(sp)
    \op     a4, X(14)(sp)
    \op     a5, X(15)(sp)
    \op     a6, X(16)(sp)
    \op     a7, X(17)(sp)
    \op     t3, X(28)(sp)
    \op     t4, X(29)(sp)
    \op     t5, X(30)(sp)
    \op     t6, X(31)(sp)
    .endm

    .macro callee_saved op
    \op     gp, X(3)(sp)
    \op     s0, X(8)(sp)
    \op     s1, X(9)(sp)
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

    .section ouros_exceptions_text, "ax", @progbits
    .balign 64
    .globl ouros_exceptions_entry
    .type ouros_exceptions_entry, @function
ouros_exceptions_entry:
    csrrw   sp, OUROS_CSR_USCRATCH, sp
    beqz    sp, 5f
    sd      sp, HOME(sp)
1:  caller_saved sd
    csrrw   t0, OUROS_CSR_USCRATCH, zero
    csrr    t1, OUROS_CSR_UEPC
    csrr    t2, OUROS_CSR_UCAUSE
    csrr    t3, OUROS_CSR_USTATUS
    sd      t0, X(2)(sp)
    sd      t1, PC(sp)
    sd      t3, STATUS(sp)
    bltz    t2, 4f
    csrr    t4, OUROS_CSR_UTVAL
    sd      t2, CAUSE(sp)
    sd      t4, VALUE(sp)
    sd      tp, X(4)(sp)
    callee_saved sd
    mv      a0, sp
    call    ouros_exceptions_dispatch
    callee_saved ld
2:  ld      t0, PC(sp)
    ld      t1, STATUS(sp)
    ld      t2, HOME(sp)
    csrw    OUROS_CSR_UEPC, t0
    csrw    OUROS_CSR_USTATUS, t1
    csrw    OUROS_CSR_USCRATCH, t2
    caller_saved ld
    ld      sp, X(2)(sp)
    .word   0x00200073                  /* uret */

    /* A user interrupt. */
4:  mv      a0, t2
    call    ouros_exceptions_interrupt
    j       2b

    /* In a handler: is there room for another? */
5:  csrrw   sp, OUROS_CSR_USCRATCH, t0
    lui     t0, %tprel_hi(ouros_exceptions_lowest)
    add     t0, t0, tp, %tprel_add(ouros_exceptions_lowest)
    ld      t0, %tprel_lo(ouros_exceptions_lowest)(t0)
    bltu    sp, t0, 6f
    csrrw   t0, OUROS_CSR_USCRATCH, sp
    addi    sp, sp, -SIZE
    sd      zero, HOME(sp)
    j       1b

    /* Handlers that fault in handlers, without end. The kernel says what happens to such a program:
       what any program gets that runs out of stack. */
6:  li      a0, 0
    li      a1, 0
    li      a7, USER_EXCEPTIONS
    ecall
    lui     t0, %tprel_hi(ouros_exceptions_guard)
    add     t0, t0, tp, %tprel_add(ouros_exceptions_guard)
    ld      t0, %tprel_lo(ouros_exceptions_guard)(t0)
    sd      zero, 0(t0)
    j       6b
    .size ouros_exceptions_entry, . - ouros_exceptions_entry
