/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UINTC, the user-interrupt controller: its memory-mapped registers.
 *
 * Source: RISC-V User-Interrupt Specification 0.1.1 (U-interrupt/uintr, doc/spec.md).
 * What Ouros adds is in reserved bits and above the published window, and is marked
 * "Ouros:". Full description: docs/specs/riscv-uintc.rst.
 *
 * The UINTC holds receivers. One receiver belongs to one thread:
 *
 *     { generation, active, hart, wake-enable, pending[64] }
 *
 *   line(hart) = OR over receivers with that hart of (active && pending != 0)
 *
 * The line is the hart's user software interrupt (USIP, cause 0) and is a level, so no
 * order of send, read, activate and migrate can lose a bit. A receiver that is not active
 * and has wake-enable set enters the wake list when a bit is (or already is) pending; the
 * wake list drives one supervisor interrupt, also a level.
 *
 *   base + i * 0x20:  one window per receiver, kernel access (aligned 8 bytes, or 4)
 *     +0x00 SEND    W   [15:0] vector 0..63, [31:16] Ouros: generation (0 = unchecked)
 *     +0x08 LOW     RW  [0] active, [1] mode (1 = 64 bit), [2] Ouros: wake enable,
 *                       [3] Ouros: keep (write only), [31:16] hart, [47:32] Ouros: generation.
 *                       A write that changes the generation clears pending: the next owner sees
 *                       nothing old. With `keep` it does not: a kernel that takes the slot away
 *                       refuses new sends first and takes what has come after that.
 *     +0x10 HIGH    R   take: returns the pending vectors and clears them, atomically
 *                   W   ORs vectors into pending; a write of 0 clears all
 *     +0x18 ACTIVE  RW  [0] active
 *   base + 0x4000:  Ouros: global registers, 32 bits unless said
 */
#ifndef STANDARD_HEADERS_OUROS_UINTC_H
#define STANDARD_HEADERS_OUROS_UINTC_H

#define OUROS_UINTC_BASE            0x2f10000   /* on `virt`, as published */
#define OUROS_UINTC_SIZE            0x5000
#define OUROS_UINTC_COMPATIBLE      "ouros,uintc"
#define OUROS_UINTC_RECEIVERS       512 /* at most: OUROS_UINTC_CAPACITY says how many */
#define OUROS_UINTC_VECTORS         64

#define OUROS_UINTC_RECEIVER_SIZE   0x20
#define OUROS_UINTC_SEND            0x00
#define OUROS_UINTC_LOW             0x08
#define OUROS_UINTC_HIGH            0x10
#define OUROS_UINTC_ACTIVE          0x18

/* The 32 bits that a send carries; a device's message data has the same layout. */
#define OUROS_UINTC_SEND_VECTOR_MASK        0xffffu
#define OUROS_UINTC_SEND_GENERATION_SHIFT   16

#define OUROS_UINTC_LOW_ACTIVE              (1ull << 0)
#define OUROS_UINTC_LOW_MODE64              (1ull << 1)
#define OUROS_UINTC_LOW_WAKE_ENABLE         (1ull << 2)
#define OUROS_UINTC_LOW_KEEP                (1ull << 3)
#define OUROS_UINTC_LOW_HART_SHIFT          16
#define OUROS_UINTC_LOW_GENERATION_SHIFT    32
#define OUROS_UINTC_LOW_FIELD_MASK          0xffffull

/* Ouros: global registers. */
#define OUROS_UINTC_MAGIC           0x4000  /* R  OUROS_UINTC_MAGIC_VALUE */
#define OUROS_UINTC_VERSION         0x4004  /* R  1 */
#define OUROS_UINTC_CAPACITY        0x4008  /* R  number of receivers */
/*
 * WAKE: R takes one receiver off the wake list: OUROS_UINTC_WAKE_VALID | index, with its
 * wake-enable cleared (the kernel sets it again when the thread blocks again); 0 when the
 * list is empty, which is when the supervisor interrupt falls.
 */
#define OUROS_UINTC_WAKE            0x400c

#define OUROS_UINTC_MAGIC_VALUE     0x43544e55u /* "UNTC" */
#define OUROS_UINTC_WAKE_VALID      (1u << 31)

#endif /* STANDARD_HEADERS_OUROS_UINTC_H */
