/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * U3, U4: an RV32 kernel reaches the UINTC's 64-bit registers half at a time: each half by itself,
 * as the whole; the line follows. On RV64 halves work, too.
 */
#include "isa.h"
#include "ouros/uintc.h"

#define RECEIVER 5

static volatile uint32_t *half(reg offset)
{
    return (volatile uint32_t *)(OUROS_UINTC_BASE + RECEIVER * OUROS_UINTC_RECEIVER_SIZE + offset);
}

#define LOW (*half(OUROS_UINTC_LOW))
#define LOW_UPPER (*half(OUROS_UINTC_LOW + 4))
#define HIGH (*half(OUROS_UINTC_HIGH))
#define HIGH_UPPER (*half(OUROS_UINTC_HIGH + 4))
#define ACTIVE (*half(OUROS_UINTC_ACTIVE))
#define ACTIVE_UPPER (*half(OUROS_UINTC_ACTIVE + 4))
#define SEND (*half(OUROS_UINTC_SEND))
#define SEND_UPPER (*half(OUROS_UINTC_SEND + 4))

static bool line(void)
{
    return csr_read(mip) & USI;
}

static void refused(volatile uint32_t *where, uint32_t value)
{
    traps[MODE_M].count = 0;
    on_trap[MODE_M] = skip;
    __asm__ volatile("sw %0, (%1)" ::"r"(value), "r"(where) : "memory");
    EQUAL(traps[MODE_M].count, 1);
    EQUAL(traps[MODE_M].cause, CAUSE_STORE_ACCESS);
    on_trap[MODE_M] = 0;
}

static void take(struct frame *frame)
{
    (void)frame;
    EQUAL(HIGH_UPPER, 1 << 8);
    EQUAL(csr_read(uip), 0);
}

static long receive(long unused)
{
    csr_set(uie, USI);
    csr_set(ustatus, STATUS_UIE);
    SEND = 7 << OUROS_UINTC_SEND_GENERATION_SHIFT | 40;
    EQUAL(csr_read(uip), 0);
    csr_clear(ustatus, STATUS_UIE);
    return unused;
}

void test(void)
{
    /* Allocated as the specification says. */
    LOW = OUROS_UINTC_LOW_MODE64;
    LOW_UPPER = 7;
    HIGH = 0;
    HIGH_UPPER = 0;
    EQUAL(LOW, OUROS_UINTC_LOW_MODE64);
    EQUAL(LOW_UPPER, 7);

    /* Active or not, whatever is said about the other half. */
    LOW = OUROS_UINTC_LOW_MODE64 | OUROS_UINTC_LOW_ACTIVE;
    EQUAL(LOW_UPPER, 7);
    EQUAL(ACTIVE, 1);
    ACTIVE_UPPER = 0;
    EQUAL(ACTIVE, 1);
    EQUAL(ACTIVE_UPPER, 0);
    ACTIVE = 0;
    EQUAL(LOW, OUROS_UINTC_LOW_MODE64);

    /* Pending: added, taken and cleared by halves. */
    HIGH = 6;
    HIGH_UPPER = 1u << 31;
    EQUAL(line(), false);
    ACTIVE = 1;
    EQUAL(line(), true);
    EQUAL(HIGH, 6);
    EQUAL(HIGH, 0);
    EQUAL(line(), true);
    EQUAL(HIGH_UPPER, 1u << 31);
    EQUAL(line(), false);
    HIGH = 1;
    HIGH_UPPER = 2;
    HIGH = 0;
    EQUAL(line(), true);
    HIGH_UPPER = 0;
    EQUAL(line(), false);

    /* A slot is taken away: the generation first, then what was sent. */
    SEND = 7 << OUROS_UINTC_SEND_GENERATION_SHIFT | 3;
    SEND = 7 << OUROS_UINTC_SEND_GENERATION_SHIFT | 35;
    ACTIVE = 0;
    LOW_UPPER = 8;
    refused(&SEND, 7 << OUROS_UINTC_SEND_GENERATION_SHIFT | 4);
    refused(&SEND_UPPER, 1);
    EQUAL(HIGH, 1 << 3);
    EQUAL(HIGH_UPPER, 1 << 3);

    fresh();
    LOW_UPPER = 7;
    ACTIVE = 1;
    delegate_to_user(USI, 0);
    on_trap[MODE_U] = take;
    call_in(MODE_U, receive, 0);
    EQUAL(traps[MODE_U].count, 1);
}
