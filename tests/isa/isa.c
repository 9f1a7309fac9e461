/* SPDX-License-Identifier: BSD-2-Clause */
#include "isa.h"

static volatile uint8_t *const uart = (volatile uint8_t *)0x10000000;
static volatile uint32_t *const finisher = (volatile uint32_t *)0x100000;

struct trap traps[4];
void (*on_trap[4])(struct frame *frame);
reg vector_taken;
bool has_s;

void print(const char *text)
{
    for (; *text; text++)
        *uart = (uint8_t)*text;
}

void print_hex(reg value)
{
    print("0x");
    for (int shift = __riscv_xlen - 4; shift >= 0; shift -= 4)
        *uart = (uint8_t) "0123456789abcdef"[(value >> shift) & 15];
}

static _Noreturn void finish(uint32_t what)
{
    *finisher = what;
    for (;;)
        ;
}

_Noreturn void pass(void)
{
    print("PASS\n");
    finish(0x5555);
}

static void print_decimal(unsigned value)
{
    if (value >= 10)
        print_decimal(value / 10);
    *uart = (uint8_t)('0' + value % 10);
}

_Noreturn void fail_(const char *file, int line, const char *what, reg got, reg wanted)
{
    static const char *const names[] = {"U", "S", "?", "M"};

    print("FAIL ");
    print(file);
    print(":");
    print_decimal((unsigned)line);
    print(": ");
    print(what);
    print(" is ");
    print_hex(got);
    print(", should be ");
    print_hex(wanted);
    print("\n");
    for (int mode = 0; mode < 4; mode++) {
        if (!traps[mode].count)
            continue;
        print("  last trap to ");
        print(names[mode]);
        print(" mode: cause ");
        print_hex(traps[mode].cause);
        print(" epc ");
        print_hex(traps[mode].epc);
        print(" tval ");
        print_hex(traps[mode].tval);
        print(", of ");
        print_decimal((unsigned)traps[mode].count);
        print("\n");
    }
    finish(0x3333 | 1 << 16);
}

void isa_trap(long mode, struct frame *frame)
{
    struct trap *trap = &traps[mode];
    void call_in_return(void);

    if (mode == MODE_M && csr_read(mcause) == CAUSE_FETCH_ACCESS &&
        (uint32_t)frame->epc == (uint32_t)(reg)exit_gate) { /* sign-extended from 32-bit modes */
        /* Back to call_in()'s caller; it is in M mode. */
        frame->epc = (reg)call_in_return;
        csr_set(mstatus, 3 << 11);
        return;
    }

    trap->count++;
    trap->epc = frame->epc;
    switch (mode) {
    case MODE_M:
        trap->cause = csr_read(mcause);
        trap->tval = csr_read(mtval);
        trap->status = csr_read(mstatus);
        break;
    case MODE_S:
        trap->cause = csr_read(scause);
        trap->tval = csr_read(stval);
        trap->status = csr_read(sstatus);
        break;
    default:
        trap->cause = csr_read(ucause);
        trap->tval = csr_read(utval);
        trap->status = csr_read(ustatus);
        break;
    }
    if (!on_trap[mode])
        fail_(__FILE_NAME__, __LINE__, "a trap that nobody expected: its cause", trap->cause, 0);
    on_trap[mode](frame);
}

void nothing(struct frame *frame)
{
    (void)frame;
}

void skip(struct frame *frame)
{
    frame->epc += (*(uint16_t *)frame->epc & 3) == 3 ? 4 : 2;
}

void take_usi(struct frame *frame)
{
    (void)frame;
    csr_clear(uip, USI);
}

void fresh(void)
{
    for (int mode = 0; mode < 4; mode++) {
        traps[mode] = (struct trap){0};
        on_trap[mode] = 0;
    }
    csr_clear(mstatus, STATUS_MIE | STATUS_SIE | STATUS_UIE | STATUS_UPIE | STATUS_TW);
    csr_write(mie, 0);
    csr_write(mip, 0);
    if (has_s) {
        csr_write(mideleg, 0);
        csr_write(medeleg, 0);
        csr_write(stvec, trap_s);
        csr_write(sscratch, trap_stack_s + STACK_SIZE);
    }
    if (csr_read(misa) & MISA_N) {
        if (has_s) {
            csr_write(sideleg, 0);
        } else {
            csr_write(mideleg, 0);
            csr_write(medeleg, 0);
        }
        csr_write(utvec, trap_u);
        csr_write(uscratch, trap_stack_u + STACK_SIZE);
    }
}

void delegate_to_user(reg interrupts, reg exceptions)
{
    csr_write(mideleg, interrupts);
    csr_write(medeleg, exceptions);
    if (has_s) {
        csr_write(sideleg, interrupts);
        csr_write(sedeleg, exceptions);
    }
}

void isa_main(void)
{
    has_s = csr_read(misa) & MISA_S;
    /* All of memory for all modes, but for the page of exit_gate. */
    csr_write(pmpaddr0, (reg)exit_gate >> 2 | (4096 / 8 - 1));
    csr_write(pmpaddr1, -1ull);
    csr_write(pmpcfg0, 0x1f18);
    fresh();
    test();
    pass();
}
