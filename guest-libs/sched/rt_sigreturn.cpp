// SPDX-License-Identifier: BSD-2-Clause
//
// Where the kernel lets a signal handler return to: the system call that ends it. The two
// instructions, in this form, are how debuggers and unwinders tell the frame of a handler, so there
// is nothing between them and both are 4 bytes. Unwinders look at the instruction before a return
// address: the nop is for them. The name is the one that Linux's vDSO has for it.
asm("    .text\n"
    "    .option push\n"
    "    .option norvc\n"
    "    .balign 4\n"
    "    nop\n"
    "    .globl __vdso_rt_sigreturn\n"
    "    .type __vdso_rt_sigreturn, @function\n"
    "__vdso_rt_sigreturn:\n"
    "    li a7, 139\n"
    "    ecall\n"
    "    .size __vdso_rt_sigreturn, . - __vdso_rt_sigreturn\n"
    "    .option pop\n");
