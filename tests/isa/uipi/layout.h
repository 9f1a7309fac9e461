/* SPDX-License-Identifier: BSD-2-Clause */
/* What boot.S and the C++ files share. */
#ifndef UIPI_LAYOUT_H
#define UIPI_LAYOUT_H

#define MAX_HARTS 4
#define KERNEL_STACK_SIZE 16384

/* The kernel runs where it was loaded; U mode sees the same gigabyte 0x40000000 higher. */
#define KERNEL_BASE 0x80000000
#define USER_OFFSET 0x40000000

/* struct Frame */
#define FRAME_PC 0
#define FRAME_KERNEL_SP 256
#define FRAME_SIZE 264

#endif
