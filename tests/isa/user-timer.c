/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N3, N13: utimecmp raises UTIP when its time has come, and only then, without a trap to any other
 * mode; U mode can wait for it. Who may not read the time may not set it.
 */
#include "isa.h"
#include "timer.h"

#define COUNTEREN_TM 2
#define LONG 20000 /* 2 ms */
#define SHORT 500  /* 50 us, in which QEMU executes 50 000 instructions here */

static uint64_t taken_at;

static void expired(struct frame *frame)
{
    (void)frame;
    taken_at = now();
    CHECK(taken_at >= utimecmp());
    EQUAL(csr_read(uip), UTI);
    set_utimecmp(NEVER);
    EQUAL(csr_read(uip), 0);
}

static long user(long unused)
{
    uint64_t start;

    CHECK(utimecmp() == NEVER);
    EQUAL(csr_read(uip), 0);
    csr_set(uie, UTI);

    /* Running: not before its time, and before long. */
    csr_set(ustatus, STATUS_UIE);
    start = now();
    set_utimecmp(start + LONG);
    while (!traps[MODE_U].count && now() < start + 10 * LONG)
        ;
    EQUAL(traps[MODE_U].count, 1);
    EQUAL(traps[MODE_U].cause, INTERRUPT | 4);
    CHECK(taken_at >= start + LONG && taken_at < start + LONG + LONG / 4);

    /* Waiting. */
    start = now();
    set_utimecmp(start + LONG);
    __asm__ volatile("wfi" ::: "memory");
    EQUAL(traps[MODE_U].count, 2);
    CHECK(taken_at >= start + LONG && taken_at < start + LONG + LONG / 4);

    /* A time that is past: before the next instruction. Moved away in time: never. */
    set_utimecmp(1);
    EQUAL(traps[MODE_U].count, 3);
    start = now();
    set_utimecmp(start + LONG);
    set_utimecmp(start + 100 * LONG);
    while (now() < start + 2 * LONG)
        ;
    EQUAL(traps[MODE_U].count, 3);
    set_utimecmp(NEVER);
    csr_clear(ustatus, STATUS_UIE);

    /* Close ahead is not yet; and what was pending is not, once its time is moved. */
    set_utimecmp(now() + SHORT);
    EQUAL(csr_read(uip), 0);
    set_utimecmp(1);
    EQUAL(csr_read(uip), UTI);
    set_utimecmp(now() + LONG);
    EQUAL(csr_read(uip), 0);
    set_utimecmp(NEVER);
    return unused;
}

static long user_write(long unused)
{
    csr_write(0x800, 0);
    return unused;
}

static long user_write_high(long unused)
{
    csr_write(0x880, 0);
    return unused;
}

void test(void)
{
    fresh();
    delegate_to_user(UTI, 0);
    on_trap[MODE_U] = expired;
    csr_write(mcounteren, COUNTEREN_TM);
    if (has_s)
        csr_write(scounteren, COUNTEREN_TM);
    call_in(MODE_U, user, 0);
    EQUAL(traps[MODE_S].count + traps[MODE_M].count, 0);

    /* M mode's bit is another than the timer's. */
    csr_write(mip, UTI);
    set_utimecmp(0);
    set_utimecmp(NEVER);
    EQUAL(csr_read(mip) & U_INTS, UTI);
    set_utimecmp(0);
    csr_write(mip, 0);
    EQUAL(csr_read(mip) & U_INTS, UTI);
    set_utimecmp(NEVER);
    EQUAL(csr_read(mip) & U_INTS, 0);

    /* S mode, or M mode without S, says who may use it. */
    on_trap[MODE_M] = skip;
    if (has_s)
        csr_write(scounteren, 0);
    else
        csr_write(mcounteren, 0);
    call_in(MODE_U, user_write, 0);
    EQUAL(traps[MODE_M].count, 1);
    EQUAL(traps[MODE_M].cause, CAUSE_ILLEGAL);
    if (has_s) {
        call_in(MODE_S, user_write, 0);
        EQUAL(traps[MODE_M].count, 1);
        EQUAL(csr_read(0x800), 0);
        set_utimecmp(NEVER);
        csr_write(mcounteren, 0);
        call_in(MODE_S, user_write, 0);
        EQUAL(traps[MODE_M].count, 2);
    }
    CHECK(utimecmp() == NEVER);

    /* The upper half has a register only where it needs one; it has the same guards. */
    fresh();
    on_trap[MODE_M] = skip;
    csr_write(0x880, 1);
    if (__riscv_xlen == 64) {
        EQUAL(traps[MODE_M].count, 1);
        EQUAL(traps[MODE_M].cause, CAUSE_ILLEGAL);
    } else {
        EQUAL(traps[MODE_M].count, 0);
        EQUAL(csr_read(0x880), 1);
        EQUAL(csr_read(0x800), -1ul);
        csr_write(mcounteren, 0);
        call_in(MODE_U, user_write_high, 0);
        EQUAL(traps[MODE_M].count, 1);
        EQUAL(csr_read(0x880), 1);
    }
}
