/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N13: wfi wakes for a pending and enabled user interrupt, deliverable or not, in every mode; and
 * U mode may wait when it was given one and mstatus.TW is clear.
 */
#include "isa.h"

static volatile uint64_t *const mtime = (volatile uint64_t *)0x200bff8;
static volatile uint64_t *const mtimecmp = (volatile uint64_t *)0x2004000;

#define LONG 1000000 /* 0.1 s */

static long slept;

static long sleep_once(long unused)
{
    uint64_t before = *mtime;

    __asm__ volatile("wfi" ::: "memory");
    slept = (long)(*mtime - before);
    return unused;
}

/* Ends the sleep that nothing else ended. */
static void timer(struct frame *frame)
{
    (void)frame;
    *mtimecmp = -1ull;
}

static void prepare(reg ie, reg ip)
{
    fresh();
    delegate_to_user(U_INTS, 0);
    on_trap[MODE_M] = timer;
    *mtimecmp = *mtime + LONG;
    csr_write(mip, ip);
    csr_write(mie, ie | MTI);
    slept = -1;
}

static void sleep_in(long mode)
{
    if (mode == MODE_M)
        sleep_once(0);
    else
        call_in(mode, sleep_once, 0);
}

void test(void)
{
    static const long modes[] = {MODE_U, MODE_S, MODE_M};
    static const reg bits[] = {USI, UTI, UEI};

    for (int i = 0; i < 3; i++) {
        long mode = modes[i];

        if (mode == MODE_S && !has_s)
            continue;
        for (int j = 0; j < 3; j++) {
            /* UIE is clear: it can be delivered nowhere, and wakes. */
            prepare(bits[j], bits[j]);
            sleep_in(mode);
            CHECK(slept >= 0 && slept < LONG / 10);
            EQUAL(traps[MODE_U].count + traps[MODE_M].count, 0);
        }
        /* Not pending, or not enabled: only the timer ends it. */
        prepare(USI, UTI);
        sleep_in(mode);
        CHECK(slept >= LONG / 2);
        EQUAL(traps[MODE_U].count, 0);
    }

    /* U mode woken by an interrupt that it can take. */
    prepare(USI, USI);
    csr_set(mstatus, STATUS_UIE);
    on_trap[MODE_U] = take_usi;
    call_in(MODE_U, sleep_once, 0);
    EQUAL(traps[MODE_U].count, 1);

    /* mstatus.TW takes it away. */
    prepare(USI, USI);
    on_trap[MODE_M] = skip;
    csr_set(mstatus, STATUS_TW);
    call_in(MODE_U, sleep_once, 0);
    EQUAL(traps[MODE_M].count, 1);
    EQUAL(traps[MODE_M].cause, CAUSE_ILLEGAL);

    /* With S mode, so does not being given any user interrupt. */
    if (has_s) {
        prepare(USI, USI);
        on_trap[MODE_M] = skip;
        csr_write(mie, 0);
        csr_write(sideleg, 0);
        call_in(MODE_U, sleep_once, 0);
        EQUAL(traps[MODE_M].count, 1);
        EQUAL(traps[MODE_M].cause, CAUSE_ILLEGAL);
    }
}
