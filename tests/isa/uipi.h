/* SPDX-License-Identifier: BSD-2-Clause */
/* The uipi instruction, and a UINTC and a sender table for the tests of it. */
#ifndef ISA_UIPI_H
#define ISA_UIPI_H

#include "isa.h"
#include "ouros/uintc.h"

#define UIPI_READS(op, rs1)                                                                        \
    ({                                                                                             \
        long uipi_rd_ = -1;                                                                        \
        __asm__ volatile(".insn i 0x7b, 2, %0, %1, " #op                                           \
                         : "=r"(uipi_rd_)                                                          \
                         : "r"((uint64_t)(rs1))                                                    \
                         : "memory");                                                              \
        uipi_rd_;                                                                                  \
    })

static inline long uipi_send(uint64_t index) {
    return UIPI_READS(0, index);
}

static inline uint64_t uipi_read(void) {
    uint64_t pending;

    __asm__ volatile(".insn i 0x7b, 2, %0, x0, 1" : "=r"(pending)::"memory");
    return pending;
}

static inline void uipi_write(uint64_t vectors) {
    __asm__ volatile(".insn i 0x7b, 2, x0, %0, 2" ::"r"(vectors) : "memory");
}

static inline void uipi_activate(void) {
    __asm__ volatile(".insn i 0x7b, 2, x0, x0, 3" ::: "memory");
}

static inline void uipi_deactivate(void) {
    __asm__ volatile(".insn i 0x7b, 2, x0, x0, 4" ::: "memory");
}

static inline volatile uint64_t* uintc_register(uint64_t receiver, uint64_t offset) {
    return (volatile uint64_t*)(reg)(OUROS_UINTC_BASE + receiver * OUROS_UINTC_RECEIVER_SIZE +
                                     offset);
}

/* The receiver is hart 0's, active, with nothing pending. */
static inline void uintc_receiver(uint64_t receiver, uint64_t generation) {
    *uintc_register(receiver, OUROS_UINTC_LOW) = OUROS_UINTC_LOW_ACTIVE | OUROS_UINTC_LOW_MODE64 |
                                                 generation << OUROS_UINTC_LOW_GENERATION_SHIFT;
    *uintc_register(receiver, OUROS_UINTC_HIGH) = 0;
}

static inline uint64_t sender_entry(uint64_t receiver, uint64_t vector, uint64_t generation) {
    return OUROS_UISTE_VALID | vector << OUROS_UISTE_VECTOR_SHIFT |
           generation << OUROS_UISTE_GENERATION_SHIFT | receiver << OUROS_UISTE_RECEIVER_SHIFT;
}

static inline uint64_t sender_table(const void* table, uint64_t pages) {
    return OUROS_SUIST_ENABLE | pages << OUROS_SUIST_SIZE_SHIFT | (reg)table >> 12;
}

#endif
