/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A driver for the RISC-V UINTC, for its QTest testcases: a function per access
 */

#ifndef TESTS_QTEST_RISCV_UINTC_H
#define TESTS_QTEST_RISCV_UINTC_H

#include "libqtest.h"
#include "standard-headers/ouros/uintc.h"

#define HARTS           4
#define UINTC_PATH      "/machine/uintc-device"

#define ACTIVE          OUROS_UINTC_LOW_ACTIVE
#define WAKE_ENABLE     OUROS_UINTC_LOW_WAKE_ENABLE
#define KEEP            OUROS_UINTC_LOW_KEEP
#define HART(h)         ((uint64_t)(h) << OUROS_UINTC_LOW_HART_SHIFT)
#define GENERATION(g)   ((uint64_t)(g) << OUROS_UINTC_LOW_GENERATION_SHIFT)

static inline QTestState *start(void)
{
    return qtest_initf("-machine virt,uintc=on -smp %d", HARTS);
}

static inline uint64_t window(unsigned receiver, unsigned reg)
{
    return OUROS_UINTC_BASE + receiver * OUROS_UINTC_RECEIVER_SIZE + reg;
}

static inline void send_vector(QTestState *qts, unsigned receiver,
                               unsigned vector)
{
    qtest_writeq(qts, window(receiver, OUROS_UINTC_SEND), vector);
}

/* As a device does it: 32 bits. */
static inline void message(QTestState *qts, unsigned receiver,
                           uint16_t generation, uint16_t vector)
{
    qtest_writel(qts, window(receiver, OUROS_UINTC_SEND),
                 (uint32_t)generation << OUROS_UINTC_SEND_GENERATION_SHIFT |
                 vector);
}

static inline void set_low(QTestState *qts, unsigned receiver, uint64_t value)
{
    qtest_writeq(qts, window(receiver, OUROS_UINTC_LOW), value);
}

static inline uint64_t get_low(QTestState *qts, unsigned receiver)
{
    return qtest_readq(qts, window(receiver, OUROS_UINTC_LOW));
}

static inline void add_pending(QTestState *qts, unsigned receiver,
                               uint64_t vectors)
{
    qtest_writeq(qts, window(receiver, OUROS_UINTC_HIGH), vectors);
}

static inline uint64_t take(QTestState *qts, unsigned receiver)
{
    return qtest_readq(qts, window(receiver, OUROS_UINTC_HIGH));
}

static inline void set_active(QTestState *qts, unsigned receiver, bool active)
{
    qtest_writeq(qts, window(receiver, OUROS_UINTC_ACTIVE), active);
}

static inline uint64_t get_active(QTestState *qts, unsigned receiver)
{
    return qtest_readq(qts, window(receiver, OUROS_UINTC_ACTIVE));
}

static inline uint32_t get_global(QTestState *qts, unsigned reg)
{
    return qtest_readl(qts, OUROS_UINTC_BASE + reg);
}

static inline uint32_t take_wake(QTestState *qts)
{
    return get_global(qts, OUROS_UINTC_WAKE);
}

static inline uint32_t woken(unsigned receiver)
{
    return OUROS_UINTC_WAKE_VALID | receiver;
}

#endif
