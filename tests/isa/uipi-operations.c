/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * U3, N6: uipi in U mode, to a receiver of its own: every vector arrives, before the next
 * instruction; READ takes all and lets the line fall; WRITE puts back; DEACTIVATE holds back what
 * comes, ACTIVATE delivers it.
 */
#include "uipi.h"

static __attribute__((aligned(4096))) uint64_t table[2 * 512];

static uint64_t taken;

static void take(struct frame *frame)
{
    (void)frame;
    taken |= uipi_read();
}

static long send_each(long unused)
{
    csr_set(uie, USI);
    csr_set(ustatus, STATUS_UIE);
    for (uint64_t vector = 0; vector < 64; vector++) {
        uint64_t count = traps[MODE_U].count;

        taken = 0;
        EQUAL(uipi_send(vector), OUROS_UIPI_SENT);
        EQUAL(traps[MODE_U].count, count + 1);
        EQUAL(taken, 1ull << vector);
        EQUAL(csr_read(uip), 0);
    }
    /* The last entry of the second page. */
    EQUAL(uipi_send(1023), OUROS_UIPI_SENT);
    EQUAL(taken, 1ull << 63 | 1 << 5);
    return unused;
}

static uint64_t sent_at;

static long before_the_next_instruction(long unused)
{
    csr_set(uie, USI);
    csr_set(ustatus, STATUS_UIE);
    __asm__ volatile("la t0, 1f\n\t"
                     "sd t0, %0\n\t"
                     ".insn i 0x7b, 2, x0, x0, 0\n"
                     "1: nop"
                     : "=m"(sent_at)::"t0", "memory");
    return unused;
}

/* With UIE clear: looking at the state between. */
static long read_write_active(long unused)
{
    csr_clear(ustatus, STATUS_UIE);

    /* Two sends of one vector are one, two vectors are two; READ takes them all. */
    uipi_send(3);
    uipi_send(3);
    uipi_send(40);
    EQUAL(csr_read(uip), USI);
    EQUAL(uipi_read(), 1ull << 3 | 1ull << 40);
    EQUAL(csr_read(uip), 0);
    EQUAL(uipi_read(), 0);

    /* WRITE ORs, and nothing is nothing. */
    uipi_write(1ull << 63);
    uipi_send(0);
    uipi_write(0);
    uipi_write(2);
    EQUAL(csr_read(uip), USI);
    EQUAL(uipi_read(), 1ull << 63 | 3);

    /* The line is pending and active. Clearing USIP does not lose anything. */
    uipi_deactivate();
    uipi_send(7);
    EQUAL(csr_read(uip), 0);
    uipi_activate();
    EQUAL(csr_read(uip), USI);
    csr_clear(uip, USI);
    EQUAL(csr_read(uip), USI);
    uipi_deactivate();
    EQUAL(csr_read(uip), 0);
    uipi_activate();
    EQUAL(uipi_read(), 1 << 7);
    return unused;
}

void test(void)
{
    for (uint64_t vector = 0; vector < 64; vector++)
        table[vector] = sender_entry(5, vector, 0);
    table[1023] = sender_entry(5, 5, 0);
    csr_write(0x1b2, OUROS_UINTC_BASE);
    csr_write(0x1b0, sender_table(table, 2));
    csr_write(0x1b1, OUROS_SUIRS_ENABLE | 5);
    uintc_receiver(5, 0);

    fresh();
    delegate_to_user(USI, 0);
    on_trap[MODE_U] = take;
    call_in(MODE_U, send_each, 0);

    fresh();
    delegate_to_user(USI, 0);
    on_trap[MODE_U] = take;
    call_in(MODE_U, before_the_next_instruction, 0);
    EQUAL(traps[MODE_U].count, 1);
    EQUAL(traps[MODE_U].epc, sent_at);

    fresh();
    delegate_to_user(USI, 0);
    call_in(MODE_U, read_write_active, 0);
}
