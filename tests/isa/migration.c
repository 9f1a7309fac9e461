/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N16: the machine is saved and loaded elsewhere at every point: an interrupt pending and not yet
 * delivered, inside the handler, before uret. The program cannot tell. Run by run-points.
 */
#include "points.h"
#include "uipi.h"

POINT(software_pending)
POINT(timer_and_external_pending)
POINT(in_handler)
POINT(in_exception_handler)
POINT(line_up)
POINT(line_and_software)
POINT(pending_not_active)
POINT(all_enabled_in_machine_mode)

static __attribute__((aligned(4096))) reg table[512];

static void in_handler_take(struct frame *frame)
{
    reg scratch = csr_read(uscratch);

    in_handler();
    EQUAL(csr_read(ustatus), STATUS_UPIE);
    EQUAL(csr_read(uepc), frame->epc);
    EQUAL(csr_read(ucause), INTERRUPT | 0);
    EQUAL(csr_read(uscratch), scratch);
    csr_clear(uip, USI);
}

static long software(long unused)
{
    csr_set(uie, USI);
    csr_set(uip, USI);
    software_pending();
    EQUAL(csr_read(uip), USI);
    EQUAL(csr_read(uie), USI);
    csr_set(ustatus, STATUS_UIE);
    EQUAL(traps[MODE_U].count, 1);
    EQUAL(csr_read(ustatus), STATUS_UIE | STATUS_UPIE);
    return unused;
}

static long others(long unused)
{
    timer_and_external_pending();
    EQUAL(csr_read(uip), UTI | UEI);
    return unused;
}

static void exception(struct frame *frame)
{
    in_exception_handler();
    EQUAL(csr_read(ucause), CAUSE_ILLEGAL);
    EQUAL(csr_read(utval), 0x34002073); /* the instruction */
    EQUAL(csr_read(uepc), frame->epc);
    skip(frame);
}

static long illegal_once(long unused)
{
    __asm__ volatile("csrr zero, mscratch" ::: "memory");
    return unused;
}

/* By itself: the point is the instruction before uret. */
__attribute__((naked, aligned(4), used)) static void bare_handler(void)
{
    __asm__("csrci uip, 1\n"
            ".globl point_before_uret\n"
            "point_before_uret:\n\t"
            "uret");
}

static long bare(long unused)
{
    csr_set(uie, USI);
    csr_set(ustatus, STATUS_UIE);
    csr_set(uip, USI);
    EQUAL(csr_read(ustatus), STATUS_UIE | STATUS_UPIE);
    return unused;
}

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

static long empty(long unused)
{
    return unused;
}

void test(void)
{
    delegate_to_user(U_INTS, 0);
    on_trap[MODE_U] = in_handler_take;
    call_in(MODE_U, software, 0);

    fresh();
    delegate_to_user(U_INTS, 0);
    csr_write(mip, UTI | UEI);
    call_in(MODE_U, others, 0);

    fresh();
    delegate_to_user(0, 1 << CAUSE_ILLEGAL);
    on_trap[MODE_U] = exception;
    call_in(MODE_U, illegal_once, 0);
    EQUAL(traps[MODE_U].count, 1);

    fresh();
    delegate_to_user(USI, 0);
    csr_write(utvec, bare_handler);
    call_in(MODE_U, bare, 0);

    fresh();
    delegate_to_user(USI, 0);
    table[1] = sender_entry(5, 1, 9);
    table[2] = sender_entry(5, 2, 9);
    csr_write(0x1b2, OUROS_UINTC_BASE);
    csr_write(0x1b0, sender_table(table, 1));
    csr_write(0x1b1, OUROS_SUIRS_ENABLE | 5);
    uintc_receiver(5, 9);
    call_in(MODE_U, line, 0);

    /* Everything set, one mret away from delivery. */
    fresh();
    delegate_to_user(U_INTS, 0);
    on_trap[MODE_U] = take_usi;
    csr_write(mip, USI);
    csr_write(mie, USI);
    csr_set(mstatus, STATUS_UIE);
    all_enabled_in_machine_mode();
    call_in(MODE_U, empty, 0);
    EQUAL(traps[MODE_U].count, 1);
    EQUAL(traps[MODE_U].epc, empty);
}
