/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What run-visible looks at while it runs: a handler in U mode, each instruction and each CSR of
 * N, of the user timer and, on RV64, of UIPI.
 */
#include "points.h"
#include "timer.h"
#include "uipi.h"

POINT(in_handler)
POINT(at_the_end)

static void look(struct frame *frame)
{
    in_handler();
    /* The developer wrote this. */
    EQUAL(csr_read(utval), 0x5a);
    take_usi(frame);
}

static void use_uipi(void)
{
#if __riscv_xlen == 64
    csr_write(0x1b0, 0);
    csr_write(0x1b1, 0);
    csr_write(0x1b2, 0);
    uipi_send(0);
    uipi_read();
    uipi_write(0);
    uipi_activate();
    uipi_deactivate();
#endif
}

static long interrupted(long unused)
{
    csr_set(ustatus, STATUS_UIE);
    csr_set(uie, USI);
    csr_set(uip, USI);
    return unused;
}

void test(void)
{
    fresh();
    delegate_to_user(U_INTS, 1 << CAUSE_ILLEGAL);
    on_trap[MODE_U] = look;
    set_utimecmp(NEVER);
    use_uipi();
    call_in(MODE_U, interrupted, 0);
    EQUAL(traps[MODE_U].count, 1);
    at_the_end();
}
