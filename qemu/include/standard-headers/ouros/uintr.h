/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * User interrupts: the CSRs and instructions that software and the CPU model share.
 *
 * Sources:
 *  - "N" Standard Extension for User-Level Interrupts, version 1.1, in The RISC-V
 *    Instruction Set Manual, Volume II (Privileged Architecture 1.11), chapter "N";
 *  - RISC-V User-Interrupt Specification 0.1.1 (U-interrupt/uintr, doc/spec.md), for
 *    suist, suirs, suicfg and `uipi`. What Ouros adds uses reserved bits only and is
 *    marked "Ouros:"; a value of 0 there gives the published behaviour.
 *
 * Plain C, also valid as C++ and (the numbers) in assembly.
 */
#ifndef STANDARD_HEADERS_OUROS_UINTR_H
#define STANDARD_HEADERS_OUROS_UINTR_H

/* N extension: user trap CSRs. UIE and UPIE are also in mstatus and sstatus. */
#define OUROS_CSR_USTATUS   0x000
#define OUROS_CSR_UIE       0x004
#define OUROS_CSR_UTVEC     0x005
#define OUROS_CSR_USCRATCH  0x040
#define OUROS_CSR_UEPC      0x041
#define OUROS_CSR_UCAUSE    0x042
#define OUROS_CSR_UTVAL     0x043
#define OUROS_CSR_UIP       0x044
#define OUROS_CSR_SEDELEG   0x102
#define OUROS_CSR_SIDELEG   0x103

#define OUROS_USTATUS_UIE   (1u << 0)
#define OUROS_USTATUS_UPIE  (1u << 4)

/* Interrupt numbers, and bits in uie, uip, sideleg, mideleg. */
#define OUROS_IRQ_U_SOFT    0   /* the UINTC's line, or set by software */
#define OUROS_IRQ_U_TIMER   4
#define OUROS_IRQ_U_EXT     8   /* the PLIC's line for the hart's U context */
#define OUROS_UIP_USIP      (1u << OUROS_IRQ_U_SOFT)
#define OUROS_UIP_UTIP      (1u << OUROS_IRQ_U_TIMER)
#define OUROS_UIP_UEIP      (1u << OUROS_IRQ_U_EXT)

/*
 * Ouros: the user timer, in the custom range, after Sstc's stimecmp: UTIP is pending while
 * time >= utimecmp. Accessible in the modes that may read `time`; all ones after reset.
 */
#define OUROS_CSR_UTIMECMP  0x800
#define OUROS_CSR_UTIMECMPH 0x880   /* RV32: the upper half */

/* UIPI: supervisor CSRs. */
#define OUROS_CSR_SUIST     0x1b0   /* sender table of the running process */
#define OUROS_CSR_SUIRS     0x1b1   /* receiver of the running thread */
#define OUROS_CSR_SUICFG    0x1b2   /* physical address of the UINTC */

/* suist: [63] enable, [55:44] size in 4 KiB pages, [43:0] physical page number. */
#define OUROS_SUIST_ENABLE      (1ull << 63)
#define OUROS_SUIST_SIZE_SHIFT  44
#define OUROS_SUIST_SIZE_MASK   0xfffull
#define OUROS_SUIST_PPN_MASK    0xfffffffffffull

/* suirs: [63] enable, [15:0] index of the receiver in the UINTC. */
#define OUROS_SUIRS_ENABLE      (1ull << 63)
#define OUROS_SUIRS_INDEX_MASK  0xffffull

/*
 * Sender table entry, 8 bytes little-endian, written by the kernel, read once by `uipi`:
 * [0] valid, [31:16] vector, [47:32] Ouros: generation (0 = unchecked), [63:48] receiver.
 * (The published text once gives 128 bytes; its code, and this one, use 8.)
 */
#define OUROS_UISTE_SIZE              8
#define OUROS_UISTE_VALID             (1ull << 0)
#define OUROS_UISTE_VECTOR_SHIFT      16
#define OUROS_UISTE_GENERATION_SHIFT  32
#define OUROS_UISTE_RECEIVER_SHIFT    48
#define OUROS_UISTE_FIELD_MASK        0xffffull

/*
 * uipi rd, rs1: opcode 0x7b, I-type, funct3 010, the operation in bits 31:20.
 *   SEND        rs1 = index in the sender table; Ouros: rd = OUROS_UIPI_*
 *   READ        rd = pending vectors of the own receiver, which are cleared
 *   WRITE       rs1 = vectors to make pending in the own receiver (ORed in)
 *   ACTIVATE    delivery to the own receiver on
 *   DEACTIVATE  ... off
 */
#define OUROS_UIPI_OPCODE       0x7b
#define OUROS_UIPI_FUNCT3       2
#define OUROS_UIPI_SEND         0
#define OUROS_UIPI_READ         1
#define OUROS_UIPI_WRITE        2
#define OUROS_UIPI_ACTIVATE     3
#define OUROS_UIPI_DEACTIVATE   4

/* What `uipi SEND` leaves in rd. */
#define OUROS_UIPI_SENT         0
#define OUROS_UIPI_NO_SENDER    1   /* table off, index out of range, entry not valid */
#define OUROS_UIPI_REFUSED      2   /* the UINTC refused: stale generation, bad vector or slot */

#endif /* STANDARD_HEADERS_OUROS_UINTR_H */
