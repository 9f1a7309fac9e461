/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N12: exceptions that are delegated to U mode reach utvec with the right utval; the same ones
 * taken in S mode do not.
 */
#include "isa.h"

#define PTE_V 1ul
#define PTE_RWX (7ul << 1)
#define PTE_U (1ul << 4)
#define PTE_AD (3ul << 6)

/* The largest pages there are map the first 4 GiB as they are; PAGE_AT has no mapping. */
#if __riscv_xlen == 64 /* Sv39 */
#define SATP_MODE (8ul << 60)
#define ENTRIES 512
#define USED_ENTRIES 4
#define PPN_SHIFT 28
#define PAGE_AT 0x4000001000
#else /* Sv32 */
#define SATP_MODE (1ul << 31)
#define ENTRIES 1024
#define USED_ENTRIES 1023
#define PPN_SHIFT 20
#define PAGE_AT 0xffc01000
#endif

static __attribute__((aligned(4096))) reg root[ENTRIES];

static reg trapping_pc, wanted_tval;
static uint32_t word;

/* The instruction, with its address in trapping_pc; `address` is in a0. */
#define TRAPPING(name, instruction)                                             \
    static long name(long address)                                              \
    {                                                                           \
        register long a0 __asm__("a0") = address;                               \
        __asm__ volatile("la t0, 1f\n\t"                                        \
                         REG_S " t0, %0\n\t"                                        \
                         ".option push\n\t"                                     \
                         ".option norvc\n"                                      \
                         "1: " instruction "\n\t"                               \
                         ".option pop"                                          \
                         : "=m"(trapping_pc), "+r"(a0)::"t0", "ra", "memory");  \
        return a0;                                                              \
    }

TRAPPING(illegal, "csrr zero, mscratch")
TRAPPING(breakpoint, "ebreak")
TRAPPING(ecall, "ecall")
TRAPPING(load_misaligned, "lr.w t0, (a0)")
TRAPPING(store_misaligned, "amoadd.w t0, t0, (a0)")
TRAPPING(load, "lw t0, 4(a0)")
TRAPPING(store, "sw t0, 4(a0)")

/* What the handler returns to after a fetch that failed. */
__attribute__((used)) static reg fetch_return;

static __attribute__((naked)) long fetch(long address)
{
    (void)address;
    __asm__("la t0, fetch_return\n\t"
            REG_S " ra, (t0)\n\t"
            "jr a0");
}

static const struct {
    long (*run)(long);
    reg cause;
    long address;
    bool paged;
    enum { ZERO, INSTRUCTION, PC, ADDRESS, ADDRESS_4 } tval;
} cases[] = {
    {illegal, CAUSE_ILLEGAL, 0, false, INSTRUCTION},
    {breakpoint, CAUSE_BREAKPOINT, 0, false, PC},
    {ecall, CAUSE_ECALL_U, 0, false, ZERO},
    {load_misaligned, CAUSE_LOAD_MISALIGNED, (long)&word + 1, false, ADDRESS},
    {store_misaligned, CAUSE_STORE_MISALIGNED, (long)&word + 2, false, ADDRESS},
    {load, CAUSE_LOAD_PAGE, (long)PAGE_AT, true, ADDRESS_4},
    {store, CAUSE_STORE_PAGE, (long)PAGE_AT, true, ADDRESS_4},
    {fetch, CAUSE_FETCH_PAGE, (long)PAGE_AT, true, ADDRESS},
};

static void after(struct frame *frame)
{
    if (trapping_pc)
        frame->epc = trapping_pc + 4;
    else
        frame->epc = fetch_return;
}

static void build_tables(bool for_user)
{
    for (reg i = 0; i < USED_ENTRIES; i++)
        root[i] = i << PPN_SHIFT | PTE_AD | PTE_RWX | PTE_V | (for_user ? PTE_U : 0);
    csr_write(satp, SATP_MODE | (reg)root >> 12);
    __asm__ volatile("sfence.vma" ::: "memory");
}

static void check(const struct trap *trap, unsigned i, reg cause)
{
    EQUAL(trap->count, 1);
    EQUAL(trap->cause, cause);
    EQUAL(trap->epc, cases[i].run == fetch ? (reg)cases[i].address : trapping_pc);
    wanted_tval = cases[i].tval == ZERO          ? 0
                  : cases[i].tval == PC          ? trapping_pc
                  : cases[i].tval == ADDRESS     ? (reg)cases[i].address
                  : cases[i].tval == INSTRUCTION ? *(uint32_t *)trapping_pc
                                                 : (reg)cases[i].address + 4;
    EQUAL(trap->tval, wanted_tval);
}

void test(void)
{
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        reg cause = cases[i].cause;

        if (cases[i].paged && !has_s)
            continue;
        /* From U mode, with no interrupt enabled: UIE does not hold exceptions back. */
        fresh();
        trapping_pc = 0;
        on_trap[MODE_U] = after;
        delegate_to_user(0, 1ull << cause);
        if (cases[i].paged)
            build_tables(true);
        call_in(MODE_U, cases[i].run, cases[i].address);
        if (has_s)
            csr_write(satp, 0);
        check(&traps[MODE_U], i, cause);
        EQUAL(traps[MODE_S].count + traps[MODE_M].count, 0);

        /* Without sedeleg, to the mode above. */
        fresh();
        trapping_pc = 0;
        on_trap[MODE_S] = after;
        on_trap[MODE_M] = after;
        if (has_s)
            csr_write(medeleg, 1ull << cause);
        if (cases[i].paged)
            build_tables(true);
        if (cases[i].paged) {
            /* S mode's handler would lie in pages of U mode, which it may not execute. */
            csr_write(medeleg, 0);
            call_in(MODE_U, cases[i].run, cases[i].address);
            csr_write(satp, 0);
            check(&traps[MODE_M], i, cause);
        } else {
            call_in(MODE_U, cases[i].run, cases[i].address);
            check(&traps[has_s ? MODE_S : MODE_M], i, cause);
        }
        EQUAL(traps[MODE_U].count, 0);

        /* The same fault in S mode is S mode's, sedeleg or not. */
        if (!has_s)
            continue;
        if (cause == CAUSE_ECALL_U)
            cause = CAUSE_ECALL_S;
        fresh();
        trapping_pc = 0;
        on_trap[MODE_S] = after;
        delegate_to_user(0, 1ull << cause | 1ull << cases[i].cause);
        if (cases[i].paged)
            build_tables(false);
        call_in(MODE_S, cases[i].run, cases[i].address);
        csr_write(satp, 0);
        check(&traps[MODE_S], i, cause);
        EQUAL(traps[MODE_U].count + traps[MODE_M].count, 0);
    }
}
