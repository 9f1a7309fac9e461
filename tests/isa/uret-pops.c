/* SPDX-License-Identifier: BSD-2-Clause */
/* N1: uret sets UIE = UPIE, UPIE = 1, pc = uepc and the mode to U, wherever it is executed. */
#include "isa.h"

#define STATUS_MPRV (1ull << 17)

/* In any mode: returns with what ustatus is after uret to the next line. An ecall tells the mode. */
static long uret_with(long status)
{
    long after;

    __asm__ volatile("la t0, 1f\n\t"
                     "csrw uepc, t0\n\t"
                     "csrw ustatus, %1\n\t"
                     "uret\n\t"
                     "j 2f\n"
                     "1: csrr %0, ustatus\n\t"
                     "ecall\n"
                     "2:"
                     : "=&r"(after)
                     : "r"(status)
                     : "t0", "memory");
    return after;
}

/* At once: the return to U mode by mret would clear it, too. */
static void check_mprv(struct frame *frame)
{
    EQUAL(traps[MODE_M].status & STATUS_MPRV, 0);
    skip(frame);
}

void test(void)
{
    static const long modes[] = {MODE_U, MODE_S, MODE_M};

    for (int i = 0; i < 3; i++) {
        if (modes[i] == MODE_S && !has_s)
            continue;
        for (reg status = 0; status < 2; status++) {
            /* UIE is the opposite of UPIE, so that it must change. */
            reg before = status ? STATUS_UPIE : STATUS_UIE;
            reg after = STATUS_UPIE | (status ? STATUS_UIE : 0);

            fresh();
            on_trap[MODE_M] = skip;
            EQUAL(call_in(modes[i], uret_with, before), after);
            EQUAL(traps[MODE_M].count, 1);
            EQUAL(traps[MODE_M].cause, CAUSE_ECALL_U);
            EQUAL(csr_read(mstatus) & (STATUS_UIE | STATUS_UPIE), after);
        }
    }

    /* A return to a less privileged mode ends MPRV, as mret's does. */
    fresh();
    on_trap[MODE_M] = check_mprv;
    csr_set(mstatus, STATUS_MPRV);
    call_in(MODE_M, uret_with, 0);
    EQUAL(traps[MODE_M].count, 1);
}
