/* SPDX-License-Identifier: BSD-2-Clause */
/* N2, N3: what a trap to U mode writes, and that it leaves the other modes' registers alone. */
#include "isa.h"

static reg trapped_at;
static reg interrupts_left;

static long raise_usi(long unused)
{
    (void)unused;
    csr_set(uie, USI);
    csr_set(ustatus, STATUS_UIE);
    __asm__ volatile("la t0, 1f\n\t"
                     REG_S " t0, %0\n\t"
                     "csrsi uip, 1\n"
                     "1:"
                     : "=m"(trapped_at)::"t0", "memory");
    return (long)csr_read(ustatus);
}

static void mask_it(struct frame *frame)
{
    (void)frame;
    csr_clear(uie, 1ull << (traps[MODE_U].cause & 63));
}

static long enable_all(long unused)
{
    (void)unused;
    csr_set(ustatus, STATUS_UIE);
    csr_set(uie, interrupts_left);
    return 0;
}

static uint32_t word;

/* Stores without a reservation of its own: t2 says whether it failed. */
static __attribute__((naked, aligned(4))) void sc_handler(void)
{
    __asm__("csrci uip, 1\n\t"
            "sc.w t2, t0, (t1)\n\t"
            "uret");
}

/* 3, if neither the handler nor what it interrupted could use the reservation. */
static long trap_between_lr_and_sc(long unused)
{
    long failed;

    (void)unused;
    csr_set(uie, USI);
    csr_set(ustatus, STATUS_UIE);
    __asm__ volatile("mv t1, %1\n\t"
                     "lr.w t0, (t1)\n\t"
                     "csrsi uip, 1\n\t"
                     "sc.w %0, t0, (t1)\n\t"
                     "slli t2, t2, 1\n\t"
                     "or %0, %0, t2"
                     : "=&r"(failed)
                     : "r"(&word)
                     : "t0", "t1", "t2", "memory");
    return failed;
}

void test(void)
{
    reg status = 0;

    fresh();
    delegate_to_user(U_INTS, 0);
    on_trap[MODE_U] = take_usi;
    if (has_s) {
        csr_write(sepc, 0x1110);
        csr_write(scause, 0x2);
        csr_write(stval, 0x3330);
        status = csr_read(sstatus);
    }
    csr_write(utval, 0x5550);
    csr_write(mcause, 3);

    reg after = (reg)call_in(MODE_U, raise_usi, 0);

    EQUAL(traps[MODE_U].count, 1);
    EQUAL(traps[MODE_U].epc, trapped_at);
    EQUAL(traps[MODE_U].cause, INTERRUPT | 0);
    EQUAL(traps[MODE_U].tval, 0);
    EQUAL(traps[MODE_U].status, STATUS_UPIE);
    EQUAL(after, STATUS_UIE | STATUS_UPIE);
    EQUAL(traps[MODE_S].count, 0);
    EQUAL(traps[MODE_M].count, 0);
    if (has_s) {
        EQUAL(csr_read(sepc), 0x1110);
        EQUAL(csr_read(scause), 0x2);
        EQUAL(csr_read(stval), 0x3330);
        EQUAL(csr_read(sscratch), trap_stack_s + STACK_SIZE);
        EQUAL(csr_read(sstatus) & ~(STATUS_UIE | STATUS_UPIE),
              status & ~(STATUS_UIE | STATUS_UPIE));
    }

    /* A handler that takes a lock must not make the lock of what it interrupted look untouched. */
    fresh();
    delegate_to_user(U_INTS, 0);
    csr_write(utvec, sc_handler);
    EQUAL(call_in(MODE_U, trap_between_lr_and_sc, 0), 3);

    /* With UIE clear before, UPIE is clear in the handler: an exception shows it. */
    fresh();
    delegate_to_user(0, 1 << CAUSE_ECALL_U);
    on_trap[MODE_U] = skip;
    long ecall_once(long);
    call_in(MODE_U, ecall_once, 0);
    EQUAL(traps[MODE_U].cause, CAUSE_ECALL_U);
    EQUAL(traps[MODE_U].status, 0);

    /* ucause of each interrupt. */
    static const reg causes[] = {0, 4, 8};
    for (int i = 0; i < 3; i++) {
        fresh();
        delegate_to_user(U_INTS, 0);
        on_trap[MODE_U] = mask_it;
        interrupts_left = U_INTS;
        csr_write(mip, 1ull << causes[i]);
        call_in(MODE_U, enable_all, 0);
        EQUAL(traps[MODE_U].count, 1);
        EQUAL(traps[MODE_U].cause, INTERRUPT | causes[i]);
    }
}

long ecall_once(long unused)
{
    __asm__ volatile("ecall" ::: "memory");
    return unused;
}
