/* SPDX-License-Identifier: BSD-2-Clause */
/* N4: a user interrupt is taken only with UIE, uie, uip, delegation and U mode, all of them. */
#include "isa.h"

enum missing { NOTHING, UIE, IE, IP, DELEGATION, USER_MODE, KINDS };

static long wait_a_little(long unused)
{
    for (int i = 0; i < 50; i++)
        __asm__ volatile("csrr zero, uscratch" ::: "memory");
    return unused;
}

static void mask_u(struct frame *frame)
{
    (void)frame;
    csr_write(uie, 0);
}

static void mask_s(struct frame *frame)
{
    (void)frame;
    csr_clear(sie, U_INTS);
}

static void mask_m(struct frame *frame)
{
    (void)frame;
    csr_clear(mie, U_INTS);
}

void test(void)
{
    static const reg bits[] = {USI, UTI, UEI};

    for (int i = 0; i < 3; i++) {
        for (enum missing missing = NOTHING; missing < KINDS; missing++) {
            reg bit = bits[i];

            if (missing == USER_MODE && !has_s)
                continue;
            fresh();
            on_trap[MODE_U] = mask_u;
            on_trap[MODE_S] = mask_s;
            on_trap[MODE_M] = mask_m;
            delegate_to_user(missing == DELEGATION ? U_INTS & ~bit : U_INTS, 0);
            csr_write(mip, missing == IP ? U_INTS & ~bit : bit);
            csr_write(mie, missing == IE ? U_INTS & ~bit : bit);
            csr_write(mstatus, missing == UIE ? 0 : STATUS_UIE);
            call_in(missing == USER_MODE ? MODE_S : MODE_U, wait_a_little, 0);

            EQUAL(traps[MODE_U].count, missing == NOTHING);
            /* Not delegated to U mode, it is the business of the mode above. */
            EQUAL(traps[MODE_S].count, has_s && missing == DELEGATION);
            EQUAL(traps[MODE_M].count, !has_s && missing == DELEGATION);
            if (missing == NOTHING)
                EQUAL(traps[MODE_U].cause, INTERRUPT | (reg)i * 4);
        }
    }
}
