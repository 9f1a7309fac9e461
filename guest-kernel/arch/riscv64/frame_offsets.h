/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where assembly finds things in struct user_frame (frame.h) and struct hart (hart.h). Checked
 * there by static_assert.
 */
#ifndef KERNEL_FRAME_OFFSETS_H
#define KERNEL_FRAME_OFFSETS_H

/* struct user_frame. Register xN is at 8 * N; x0's place holds the pc. */
#define FRAME_PC 0
#define FRAME_X(n) (8 * (n))
#define FRAME_STATUS 256
#define FRAME_KERNEL_SATP 264
#define FRAME_ENTER 272
#define FRAME_HART 280
#define FRAME_SYSCALLS 288
#define FRAME_ENTER_TRAP 296
#define FRAME_FIRST_ARGUMENT 304

/* struct hart. */
#define HART_STACK 0
#define HART_EMERGENCY 8
#define HART_KERNEL_SATP 16
#define HART_PENDING 24
#define HART_FRAME 32
#define HART_FRAME_USER 40
#define HART_USER_SATP 48
#define HART_LEAVE 56
#define HART_THREAD 64
#define HART_PROCESS 72
#define HART_GP 80
#define HART_TRAP_IN_KERNEL 88
#define HART_STRETCH_BEGAN 96
#define HART_STRETCH_ENTRY 104
#define HART_LEAVE_MEASURED 112

/* System call numbers below it are in syscall_functions (syscalls/table.cpp). */
#define SYSCALL_LIMIT 512

#endif
