/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * U5, U6, U7: a send that must not happen has no effect, and its status says why; what a register
 * keeps; which encodings are illegal; PMP.
 */
#include "uipi.h"

static __attribute__((aligned(4096))) uint64_t table[512];
static __attribute__((aligned(4096))) uint64_t closed[512];

enum { GOOD, INVALID, STALE, VECTOR, RECEIVER, UNCHECKED };

static long send(long index)
{
    return uipi_send((uint64_t)index);
}

static long read_own(long unused)
{
    (void)unused;
    return (long)uipi_read();
}

static long use_own(long unused)
{
    uipi_write(-1ull);
    uipi_activate();
    uipi_deactivate();
    return unused;
}

static long user_csr(long unused)
{
    csr_read(0x1b0);
    csr_write(0x1b1, 0);
    csr_write(0x1b2, 0);
    return unused;
}

#define ILLEGAL(instruction)                                                    \
    do {                                                                        \
        uint64_t count_ = traps[MODE_M].count;                                  \
        __asm__ volatile(".insn i 0x7b, " instruction ::: "memory");            \
        EQUAL(traps[MODE_M].count, count_ + 1);                                 \
        EQUAL(traps[MODE_M].cause, CAUSE_ILLEGAL);                              \
    } while (0)

static void check_modes(long index, uint64_t status)
{
    for (long mode = MODE_U; mode <= MODE_S; mode++)
        EQUAL(call_in(mode, send, index), status);
    EQUAL(send(index), status);
}

static void check_nothing_pending(void)
{
    for (uint64_t receiver = 0; receiver < OUROS_UINTC_RECEIVERS; receiver++)
        EQUAL(*uintc_register(receiver, OUROS_UINTC_HIGH), 0);
}

void test(void)
{
    fresh();
    table[GOOD] = sender_entry(5, 1, 7);
    table[INVALID] = sender_entry(5, 1, 7) & ~OUROS_UISTE_VALID;
    table[STALE] = sender_entry(5, 1, 6);
    table[VECTOR] = sender_entry(5, 64, 7);
    table[RECEIVER] = sender_entry(OUROS_UINTC_RECEIVERS, 1, 7);
    table[UNCHECKED] = sender_entry(5, 2, 0);
    closed[0] = sender_entry(5, 1, 7);
    uintc_receiver(5, 7);
    csr_write(0x1b2, OUROS_UINTC_BASE);
    csr_write(0x1b1, OUROS_SUIRS_ENABLE | 5);

    csr_write(0x1b0, sender_table(table, 1));
    check_modes(INVALID, OUROS_UIPI_NO_SENDER);
    check_modes(512, OUROS_UIPI_NO_SENDER);
    check_modes(-1, OUROS_UIPI_NO_SENDER);
    check_modes(1l << 61, OUROS_UIPI_NO_SENDER);
    check_modes(STALE, OUROS_UIPI_REFUSED);
    check_modes(VECTOR, OUROS_UIPI_REFUSED);
    check_modes(RECEIVER, OUROS_UIPI_REFUSED);
    check_nothing_pending();
    csr_write(0x1b0, sender_table(table, 0));
    check_modes(GOOD, OUROS_UIPI_NO_SENDER);
    csr_write(0x1b0, sender_table(table, 1) & ~OUROS_SUIST_ENABLE);
    check_modes(GOOD, OUROS_UIPI_NO_SENDER);
    /* A table where there is no memory. */
    csr_write(0x1b0, sender_table((void *)0x7ff000000000, 1));
    check_modes(GOOD, OUROS_UIPI_NO_SENDER);
    check_nothing_pending();

    /* No UINTC at that address. */
    csr_write(0x1b0, sender_table(table, 1));
    csr_write(0x1b2, 0x7ff000000000);
    check_modes(GOOD, OUROS_UIPI_REFUSED);
    EQUAL(call_in(MODE_U, read_own, 0), 0);
    csr_write(0x1b2, OUROS_UINTC_BASE);
    check_nothing_pending();

    check_modes(GOOD, OUROS_UIPI_SENT);
    EQUAL(call_in(MODE_U, read_own, 0), 1 << 1);
    check_modes(UNCHECKED, OUROS_UIPI_SENT);
    EQUAL(call_in(MODE_U, read_own, 0), 1 << 2);

    /* The slot has a new owner: the old sender's error, and nothing for the new one. */
    check_modes(GOOD, OUROS_UIPI_SENT);
    uintc_receiver(5, 8);
    EQUAL(call_in(MODE_U, read_own, 0), 0);
    check_modes(GOOD, OUROS_UIPI_REFUSED);
    EQUAL(call_in(MODE_U, read_own, 0), 0);
    uintc_receiver(5, 7);

    /* No receiver of one's own: READ gives 0, the rest does nothing. */
    check_modes(GOOD, OUROS_UIPI_SENT);
    csr_write(0x1b1, 5);
    EQUAL(call_in(MODE_U, read_own, 0), 0);
    call_in(MODE_U, use_own, 0);
    EQUAL(*uintc_register(5, OUROS_UINTC_ACTIVE), 1);
    csr_write(0x1b1, OUROS_SUIRS_ENABLE | 5);
    EQUAL(call_in(MODE_U, read_own, 0), 1 << 1);

    /* What M mode keeps from S mode, S mode cannot reach through uipi: a table ... */
    csr_write(pmpaddr2, csr_read(pmpaddr1));
    csr_write(pmpaddr1, (uint64_t)closed >> 2 | (4096 / 8 - 1));
    csr_write(pmpcfg0, 0x1f1818);
    csr_write(0x1b0, sender_table(closed, 1));
    EQUAL(call_in(MODE_U, send, 0), OUROS_UIPI_NO_SENDER);
    EQUAL(call_in(MODE_S, send, 0), OUROS_UIPI_NO_SENDER);
    EQUAL(send(0), OUROS_UIPI_SENT);
    EQUAL(call_in(MODE_U, read_own, 0), 1 << 1);
    /* ... and memory that is said to be the UINTC. */
    csr_write(0x1b2, closed);
    csr_write(0x1b1, OUROS_SUIRS_ENABLE | 0);
    call_in(MODE_U, use_own, 0);
    EQUAL(call_in(MODE_U, read_own, 0), 0);
    EQUAL(closed[OUROS_UINTC_HIGH / 8], 0);
    EQUAL(closed[OUROS_UINTC_ACTIVE / 8], 0);

    /* The registers keep their fields, for S mode only. */
    csr_write(0x1b0, -1ull);
    EQUAL(csr_read(0x1b0), 0x80ffffffffffffff);
    csr_write(0x1b1, -1ull);
    EQUAL(csr_read(0x1b1), OUROS_SUIRS_ENABLE | 0xffff);
    csr_write(0x1b2, -1ull);
    EQUAL(csr_read(0x1b2), 0x00fffffffffff000);
    on_trap[MODE_M] = skip;
    call_in(MODE_U, user_csr, 0);
    EQUAL(traps[MODE_M].count, 3);
    EQUAL(traps[MODE_M].cause, CAUSE_ILLEGAL);

    /* Other operations, and fields that an operation does not have. */
    ILLEGAL("2, x0, x0, 5");
    ILLEGAL("2, x0, x0, -1");
    ILLEGAL("2, x0, t0, 1");
    ILLEGAL("2, t0, x0, 2");
    ILLEGAL("2, x0, t0, 3");
    ILLEGAL("2, t0, x0, 4");
    ILLEGAL("6, x0, x0, 0");
}
