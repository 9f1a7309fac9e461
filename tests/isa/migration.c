/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N16: the machine is saved and loaded at every point: each interrupt pending and not yet
 * delivered, inside its handler, before uret, and with a timer that runs. The program cannot tell.
 * Run by run-points.
 */
#include "isa.h"
#include "points.h"
#include "timer.h"

#define LONG 3000000 /* 0.3 s */
#define AGES ((uint64_t)1 << 40)

POINT(software_pending)
POINT(in_software_handler)
POINT(software_bits_of_the_others)
POINT(timer_running)
POINT(timer_pending)
POINT(in_timer_handler)
POINT(machine_timer_running)
POINT(machine_timer_pending)
POINT(external_pending)
POINT(external_pending_besides_its_software_bit)
POINT(in_external_handler)
POINT(in_exception_handler)
POINT(kept_by_supervisor_mode)
POINT(all_enabled_in_machine_mode)
POINT(all_enabled_in_supervisor_mode)

INPUT(raise_external, 8, 1)
INPUT(lower_external_in_handler, 8, 0)
INPUT(raise_external_again, 8, 1)
INPUT(lower_external_again, 8, 0)

/* What every handler finds, before and after it was saved. */
static void check_handler(const struct frame *frame, reg cause, void (*point)(void))
{
    reg scratch = csr_read(uscratch);
    uint64_t since = now();

    for (int after = 0; after < 2; after++) {
        EQUAL(csr_read(ustatus), cause & INTERRUPT ? STATUS_UPIE : 0);
        EQUAL(csr_read(uepc), frame->epc);
        EQUAL(csr_read(ucause), cause);
        EQUAL(csr_read(uscratch), scratch);
        EQUAL(csr_read(utvec), trap_u);
        if (!after)
            point();
    }
    /* Backwards is ages forwards. */
    CHECK(now() - since < AGES);
}

static void software_handler(struct frame *frame)
{
    check_handler(frame, INTERRUPT | 0, in_software_handler);
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
    EQUAL(csr_read(uip), 0);
    return unused;
}

static long others(long unused)
{
    software_bits_of_the_others();
    EQUAL(csr_read(uip), UTI | UEI);
    return unused;
}

static uint64_t expires, taken_at;

static void timer_handler(struct frame *frame)
{
    taken_at = now();
    check_handler(frame, INTERRUPT | 4, in_timer_handler);
    CHECK(utimecmp() == expires);
    EQUAL(csr_read(uip), UTI);
    set_utimecmp(NEVER);
    EQUAL(csr_read(uip), 0);
}

static long timer(long unused)
{
    csr_set(uie, UTI);
    csr_set(ustatus, STATUS_UIE);
    expires = now() + LONG;
    set_utimecmp(expires);
    timer_running();
    /* QEMU may let time pass while it stands still; the timer is neither early nor lost. */
    while (!traps[MODE_U].count)
        __asm__ volatile("wfi" ::: "memory");
    EQUAL(traps[MODE_U].count, 1);
    CHECK(taken_at >= expires);

    csr_clear(ustatus, STATUS_UIE);
    expires = 1;
    set_utimecmp(expires);
    timer_pending();
    EQUAL(csr_read(uip), UTI);
    csr_set(ustatus, STATUS_UIE);
    EQUAL(traps[MODE_U].count, 2);
    return unused;
}

#define MTIMECMP ((volatile uint32_t *)0x2004000)

static void set_mtimecmp(uint64_t when)
{
    MTIMECMP[0] = -1;
    MTIMECMP[1] = when >> 32;
    MTIMECMP[0] = when;
}

/* The machine's own timer, which a firmware or a kernel lives by. */
static void machine_timer(void)
{
    uint64_t when = now() + LONG;

    csr_write(mie, MTI);
    set_mtimecmp(when);
    EQUAL(csr_read(mip) & MTI, 0);
    machine_timer_running();
    while (!(csr_read(mip) & MTI))
        __asm__ volatile("wfi" ::: "memory");
    CHECK(now() - when < AGES);
    csr_write(mie, 0);
    machine_timer_pending();
    EQUAL(csr_read(mip) & MTI, MTI);
    set_mtimecmp(NEVER);
    EQUAL(csr_read(mip) & MTI, 0);
}

static void external_handler(struct frame *frame)
{
    check_handler(frame, INTERRUPT | 8, in_external_handler);
    EQUAL(csr_read(uip), UEI);
    /* The device outside was told of nothing: the line is still its own to take down. */
    lower_external_in_handler();
    EQUAL(csr_read(uip), 0);
}

static long external(long unused)
{
    csr_set(uie, UEI);
    raise_external();
    external_pending();
    EQUAL(csr_read(uip), UEI);
    csr_set(ustatus, STATUS_UIE);
    EQUAL(traps[MODE_U].count, 1);
    return unused;
}

static void exception_handler(struct frame *frame)
{
    check_handler(frame, CAUSE_ILLEGAL, in_exception_handler);
    EQUAL(csr_read(utval), 0x34002073); /* the instruction */
    skip(frame);
}

static long illegal_twice(long unused)
{
    __asm__ volatile("csrr zero, mscratch" ::: "memory");
    /* Once more, to be delegated as before. */
    __asm__ volatile("csrr zero, mscratch" ::: "memory");
    return unused;
}

/* Handlers in a few instructions, because the point is that before uret. */
#define BARE(name, take_down)                                                                      \
    static __attribute__((naked, aligned(4))) void bare_##name(void)                               \
    {                                                                                              \
        __asm__(take_down "\n"                                                                     \
                ".globl point_before_uret_of_" #name "\n"                                          \
                "point_before_uret_of_" #name ":\n\t"                                              \
                "uret");                                                                           \
    }

BARE(software, "csrci uip, 1")
BARE(timer, "csrci uie, 1 << 4")
BARE(external, "csrrc zero, uie, tp") /* tp is UEI: the test does not use it otherwise */

static long bare(long interrupt)
{
    reg pending = (reg)interrupt;

    __asm__ volatile("mv tp, %0" ::"r"((reg)UEI));
    csr_set(uie, pending);
    if (pending == USI)
        csr_set(uip, USI);
    csr_set(ustatus, STATUS_UIE);
    EQUAL(csr_read(ustatus), STATUS_UIE | STATUS_UPIE);
    return interrupt;
}

static void mask_s(struct frame *frame)
{
    (void)frame;
    kept_by_supervisor_mode();
    EQUAL(csr_read(scause), INTERRUPT | 0);
    csr_clear(sie, U_INTS);
}

__attribute__((used)) static long empty(long unused)
{
    return unused;
}

/* S mode, one sret away from delivery. */
static long sret_to_empty(long unused)
{
    all_enabled_in_supervisor_mode();
    __asm__ volatile("la t0, empty\n\t"
                     "csrw sepc, t0\n\t"
                     "li t0, 1 << 8\n\t"
                     "csrc sstatus, t0\n\t"
                     "la ra, exit_gate\n\t"
                     "sret" ::
                         : "t0", "ra", "memory");
    return unused;
}

static void ready(reg interrupts, reg exceptions, void (*handler)(struct frame *frame))
{
    fresh();
    delegate_to_user(interrupts, exceptions);
    on_trap[MODE_U] = handler;
}

static void run_bare(reg interrupt, void (*handler)(void))
{
    ready(U_INTS, 0, 0);
    csr_write(utvec, handler);
    if (interrupt != USI)
        csr_write(mip, interrupt);
    call_in(MODE_U, bare, (long)interrupt);
    csr_write(mip, 0);
}

void test(void)
{
    csr_write(mcounteren, -1);
    if (has_s)
        csr_write(scounteren, -1);

    ready(U_INTS, 0, software_handler);
    call_in(MODE_U, software, 0);
    ready(U_INTS, 0, 0);
    csr_write(mip, UTI | UEI);
    call_in(MODE_U, others, 0);
    ready(U_INTS, 0, timer_handler);
    call_in(MODE_U, timer, 0);
    fresh();
    machine_timer();
    ready(U_INTS, 0, external_handler);
    call_in(MODE_U, external, 0);
    EQUAL(traps[MODE_U].count, 1);
    ready(0, 1 << CAUSE_ILLEGAL, exception_handler);
    call_in(MODE_U, illegal_twice, 0);
    EQUAL(traps[MODE_U].count, 2);

    run_bare(USI, bare_software);
    run_bare(UTI, bare_timer);
    run_bare(UEI, bare_external);

    /* The input and the bit that software wrote remain two. */
    fresh();
    csr_write(mip, UEI);
    raise_external_again();
    external_pending_besides_its_software_bit();
    lower_external_again();
    EQUAL(csr_read(mip) & U_INTS, UEI);
    csr_write(mip, 0);
    EQUAL(csr_read(mip) & U_INTS, 0);

    /* Everything set, one mret or sret away from delivery. */
    for (int by_sret = 0; by_sret <= has_s; by_sret++) {
        ready(U_INTS, 0, take_usi);
        csr_write(mip, USI);
        csr_write(mie, USI);
        csr_set(mstatus, STATUS_UIE);
        if (by_sret) {
            call_in(MODE_S, sret_to_empty, 0);
        } else {
            all_enabled_in_machine_mode();
            call_in(MODE_U, empty, 0);
        }
        EQUAL(traps[MODE_U].count, 1);
        EQUAL(traps[MODE_U].epc, empty);
    }

    /* Not passed on to U mode. */
    if (has_s) {
        fresh();
        on_trap[MODE_S] = mask_s;
        csr_write(mip, USI);
        csr_write(mie, USI);
        call_in(MODE_U, empty, 0);
        EQUAL(traps[MODE_S].count, 1);
    }
}
