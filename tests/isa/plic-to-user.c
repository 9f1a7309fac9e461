/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N3, N4: a device's interrupt comes to U mode through the PLIC's context for it: claimed, served
 * and completed there, without a trap to another mode. The device is the console's
 * UART, which has an interrupt to give whenever its transmitter is empty.
 */
#include "isa.h"
#include "points.h"

/* N16: run-points saves and loads the machine here. */
POINT(claimed)
POINT(pending_in_the_plic)

#define PLIC 0xc000000ul
#define USER_CONTEXT 2 /* of the only hart: behind its contexts for M and S mode */
#define UART_SOURCE 10

static volatile uint32_t *const priority = (volatile uint32_t *)(PLIC + 4 * UART_SOURCE);
static volatile uint32_t *const enable = (volatile uint32_t *)(PLIC + 0x2000 + 0x80 * USER_CONTEXT);
static volatile uint32_t *const threshold =
    (volatile uint32_t *)(PLIC + 0x200000 + 0x1000 * USER_CONTEXT);
static volatile uint32_t *const claim =
    (volatile uint32_t *)(PLIC + 0x200004 + 0x1000 * USER_CONTEXT);
static volatile uint8_t *const uart_enable = (volatile uint8_t *)0x10000001;

static void serve(struct frame *frame)
{
    (void)frame;
    EQUAL(csr_read(uip), UEI);
    EQUAL(*claim, UART_SOURCE);
    claimed();
    /* Claimed: the context has nothing more to give. */
    EQUAL(csr_read(uip), 0);
    EQUAL(*claim, 0);
    *uart_enable = 0;
    *claim = UART_SOURCE;
    EQUAL(csr_read(uip), 0);
}

static long driver(long unused)
{
    csr_set(uie, UEI);
    csr_set(ustatus, STATUS_UIE);

    for (reg i = 1; i <= 10; i++) {
        *uart_enable = 2;
        EQUAL(csr_read(uip), 0);
        EQUAL(traps[MODE_U].count, i);
    }

    /* Held back by the context's own threshold, until that is lower. */
    *threshold = 7;
    *uart_enable = 2;
    EQUAL(csr_read(uip), 0);
    EQUAL(traps[MODE_U].count, 10);
    *threshold = 0;
    EQUAL(csr_read(uip), 0);
    EQUAL(traps[MODE_U].count, 11);

    /* Masked here: it waits in the PLIC. */
    csr_clear(uie, UEI);
    *uart_enable = 2;
    EQUAL(csr_read(uip), UEI);
    pending_in_the_plic();
    EQUAL(csr_read(uip), UEI);
    EQUAL(traps[MODE_U].count, 11);
    csr_set(uie, UEI);
    EQUAL(traps[MODE_U].count, 12);
    csr_clear(ustatus, STATUS_UIE);
    return unused;
}

void test(void)
{
    fresh();
    delegate_to_user(UEI, 0);
    on_trap[MODE_U] = serve;
    *priority = 1;
    *enable = 1 << UART_SOURCE;
    call_in(MODE_U, driver, 0);
    EQUAL(traps[MODE_U].cause, INTERRUPT | 8);
    EQUAL(traps[MODE_S].count + traps[MODE_M].count, 0);

    /* Not passed on, it is the next mode's; taken from the PLIC, it is nobody's. */
    fresh();
    *uart_enable = 2;
    EQUAL(csr_read(mip) & (U_INTS | SEI), UEI);
    csr_write(mip, 0);
    EQUAL(csr_read(mip) & U_INTS, UEI);
    *enable = 0;
    EQUAL(csr_read(mip) & U_INTS, 0);
    *uart_enable = 0;
}
