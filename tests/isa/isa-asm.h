/* SPDX-License-Identifier: BSD-2-Clause */
/* What start.S and the tests share. */
#ifndef ISA_ASM_H
#define ISA_ASM_H

#define MODE_U 0
#define MODE_S 1
#define MODE_M 3

#define STACK_SIZE 4096

/* struct frame */
#define FRAME_EPC 0
#define FRAME_SIZE 256

/* Of a register, in bytes. */
#define REG_SIZE (__riscv_xlen / 8)

#endif
