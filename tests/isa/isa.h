/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bare-metal test of the CPU. It starts in M mode with everything disabled and nothing
 * delegated, checks, and returns from test(). A failed CHECK ends it at once: the message goes to
 * the UART, the exit status of QEMU says so.
 *
 * Any trap is recorded in traps[mode] and given to on_trap[mode]; without one it fails the test.
 * call_in() runs a function in a less privileged mode. All of memory is accessible to all modes
 * except exit_gate, a page that only M mode may touch.
 */
#ifndef ISA_H
#define ISA_H

#include <stdbool.h>
#include <stdint.h>

#include "isa-asm.h"
#include "ouros/uintr.h"

/* A register: the tests run on RV64 and, those that do not need 64 bits, on RV32. */
typedef unsigned long reg;

#if __riscv_xlen == 64
#define REG_S "sd"
#else
#define REG_S "sw"
#endif

#define csr_read(csr)                                                                              \
    ({                                                                                             \
        reg csr_value_;                                                                            \
        __asm__ volatile("csrr %0, " #csr : "=r"(csr_value_)::"memory");                           \
        csr_value_;                                                                                \
    })
#define csr_write(csr, value) __asm__ volatile("csrw " #csr ", %0" ::"r"((reg)(value)) : "memory")
#define csr_set(csr, value) __asm__ volatile("csrs " #csr ", %0" ::"r"((reg)(value)) : "memory")
#define csr_clear(csr, value) __asm__ volatile("csrc " #csr ", %0" ::"r"((reg)(value)) : "memory")
#define csr_swap(csr, value)                                                                       \
    ({                                                                                             \
        reg csr_value_;                                                                            \
        __asm__ volatile("csrrw %0, " #csr ", %1"                                                  \
                         : "=r"(csr_value_)                                                        \
                         : "r"((reg)(value))                                                       \
                         : "memory");                                                              \
        csr_value_;                                                                                \
    })

/* Interrupts and exceptions, as bits of xip, xie, xideleg and xedeleg, and as causes. */
#define USI (1ull << 0)
#define SSI (1ull << 1)
#define MSI (1ull << 3)
#define UTI (1ull << 4)
#define STI (1ull << 5)
#define MTI (1ull << 7)
#define UEI (1ull << 8)
#define SEI (1ull << 9)
#define U_INTS (USI | UTI | UEI)
#define INTERRUPT ((reg)1 << (__riscv_xlen - 1))

#define CAUSE_FETCH_ACCESS 1
#define CAUSE_ILLEGAL 2
#define CAUSE_BREAKPOINT 3
#define CAUSE_LOAD_MISALIGNED 4
#define CAUSE_STORE_MISALIGNED 6
#define CAUSE_STORE_ACCESS 7
#define CAUSE_ECALL_U 8
#define CAUSE_ECALL_S 9
#define CAUSE_FETCH_PAGE 12
#define CAUSE_LOAD_PAGE 13
#define CAUSE_STORE_PAGE 15

#define STATUS_UIE (1ull << 0)
#define STATUS_SIE (1ull << 1)
#define STATUS_MIE (1ull << 3)
#define STATUS_UPIE (1ull << 4)
#define STATUS_SPIE (1ull << 5)
#define STATUS_MPIE (1ull << 7)
#define STATUS_TW (1ull << 21)

#define MISA_H (1ull << 7)
#define MISA_N (1ull << 13)
#define MISA_S (1ull << 18)

struct frame {
    reg epc;
    reg x[31]; /* x[i - 1] is register i */
};

/* Of one mode. */
struct trap {
    reg count;
    reg cause, epc, tval;
    reg status; /* mstatus, sstatus or ustatus in the handler */
};

extern struct trap traps[4];
extern void (*on_trap[4])(struct frame* frame);
extern reg vector_taken;
extern bool has_s;

/* The test itself. */
void test(void);

void print(const char* text);
void print_hex(reg value);
_Noreturn void pass(void);
_Noreturn void fail_(const char* file, int line, const char* what, reg got, reg wanted);

/* Traps are forgotten; nothing is pending, enabled or delegated; U and S handlers are in place. */
void fresh(void);
/* Delegates the interrupts, exceptions all the way to U mode, through S mode if there is one. */
void delegate_to_user(reg interrupts, reg exceptions);
void nothing(struct frame* frame);
/* Continues after the instruction that trapped. */
void skip(struct frame* frame);
/* Takes down what is pending and thus makes one interrupt of it. */
void take_usi(struct frame* frame);

long call_in(long mode, long (*function)(long), long argument);
void trap_m(void), trap_s(void), trap_u(void), vector_table(void);
extern char exit_gate[], trap_stack_s[], trap_stack_u[];

#define EQUAL(got, wanted)                                                                         \
    do {                                                                                           \
        reg got_ = (reg)(got), wanted_ = (reg)(wanted);                                            \
        if (got_ != wanted_)                                                                       \
            fail_(__FILE_NAME__, __LINE__, #got, got_, wanted_);                                   \
    } while (0)
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_(__FILE_NAME__, __LINE__, #condition, 0, 1);                                      \
    } while (0)

#endif
