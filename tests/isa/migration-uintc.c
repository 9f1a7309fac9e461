/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N16: the machine is saved and loaded while a receiver of the UINTC holds the hart's line up, and
 * while it is held back. Run by run-points.
 */
#include "points.h"
#include "uipi.h"

POINT(line_up)
POINT(line_and_software)
POINT(pending_not_active)
POINT(in_handler)

static __attribute__((aligned(4096))) uint64_t table[512];

static long line(long unused)
{
    uipi_send(1);
    line_up();
    EQUAL(csr_read(uip), USI);
    csr_set(uip, USI);
    line_and_software();
    EQUAL(uipi_read(), 2);
    EQUAL(csr_read(uip), USI);
    csr_clear(uip, USI);
    EQUAL(csr_read(uip), 0);

    uipi_deactivate();
    uipi_send(2);
    pending_not_active();
    EQUAL(csr_read(uip), 0);
    uipi_activate();
    EQUAL(csr_read(uip), USI);
    EQUAL(uipi_read(), 4);
    return unused;
}

static void take(struct frame *frame)
{
    in_handler();
    EQUAL(csr_read(uepc), frame->epc);
    EQUAL(csr_read(ucause), INTERRUPT | 0);
    EQUAL(csr_read(uip), USI);
    EQUAL(uipi_read(), 2);
    EQUAL(csr_read(uip), 0);
}

static long to_self(long unused)
{
    csr_set(uie, USI);
    csr_set(ustatus, STATUS_UIE);
    uipi_send(1);
    EQUAL(traps[MODE_U].count, 1);
    return unused;
}

void test(void)
{
    table[1] = sender_entry(5, 1, 9);
    table[2] = sender_entry(5, 2, 9);
    csr_write(0x1b2, OUROS_UINTC_BASE);
    csr_write(0x1b0, sender_table(table, 1));
    csr_write(0x1b1, OUROS_SUIRS_ENABLE | 5);
    uintc_receiver(5, 9);

    fresh();
    delegate_to_user(USI, 0);
    call_in(MODE_U, line, 0);
    fresh();
    delegate_to_user(USI, 0);
    on_trap[MODE_U] = take;
    call_in(MODE_U, to_self, 0);
}
