/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "N", user-level interrupts and traps, version 1.1: the state of a hart and
 * the calls that the upstream files make.  docs/specs/riscv-n-extension.rst
 * says what is implemented and which choices were made.
 *
 * Every call is cheap and answers "as upstream" when misa.N is clear.  A user
 * trap never leaves U mode, so nothing here swaps privilege or virtualization
 * state; with V=1 user interrupts are neither visible nor delivered.
 */
#ifndef RISCV_RVN_H
#define RISCV_RVN_H

/* Supervisor trap setup, privileged architecture 1.11; 1.12 took them out. */
#define CSR_SEDELEG         0x102
#define CSR_SIDELEG         0x103

/* The bits that N adds to mip, mie, mideleg, sip and sie. */
#define U_MODE_INTERRUPTS ((uint64_t)(MIP_USIP | MIP_UTIP | MIP_UEIP))

typedef struct RISCVUserTrapState {
    target_ulong utvec;
    target_ulong uscratch;
    target_ulong uepc;
    target_ulong ucause;
    target_ulong utval;
    /* Subsets of medeleg and mideleg: what S mode passes on to U mode. */
    target_ulong sedeleg;
    target_ulong sideleg;
    /*
     * A user bit of mip is the OR of an input of the hart and of a bit that
     * software wrote.  They are kept apart because a read-modify-write must
     * see the OR and change only its own part: otherwise clearing one bit with
     * csrrc would latch the lines of the others.  Both are written under the
     * BQL, as mip is.
     */
    uint64_t line;
    uint64_t soft;
} RISCVUserTrapState;

/* utimer.c: the source of UTIP that the CPU property 'utimer' adds. */
typedef struct RISCVUserTimerState {
    uint64_t utimecmp;
    QEMUTimer *timer;
} RISCVUserTimerState;

extern const VMStateDescription vmstate_riscv_n;
extern const VMStateDescription vmstate_riscv_utimer;

/* Once per CPU, after its features are known. */
void riscv_n_realize(RISCVCPU *cpu);
void riscv_n_reset(CPURISCVState *env);
void riscv_n_validate(RISCVCPU *cpu, Error **errp);
void riscv_n_dump(CPURISCVState *env, FILE *f);

/* The same for the user timer. */
void riscv_utimer_realize(RISCVCPU *cpu);
void riscv_utimer_reset(CPURISCVState *env);
void riscv_utimer_validate(RISCVCPU *cpu, Error **errp);
void riscv_utimer_dump(CPURISCVState *env, FILE *f);

/* An input of the hart changed; false: not one that N handles. */
bool riscv_n_set_line(CPURISCVState *env, int irq, int level);

/* CSRs that N shares with M and S mode. */
uint64_t riscv_n_ints(CPURISCVState *env);
uint64_t riscv_n_status_mask(CPURISCVState *env);
uint64_t riscv_n_hidden_status(CPURISCVState *env);
uint64_t riscv_n_mideleg_mask(CPURISCVState *env, uint64_t mask);
uint64_t riscv_n_mideleg_ones(CPURISCVState *env);
uint64_t riscv_n_medeleg_mask(CPURISCVState *env, uint64_t mask);
void riscv_n_medeleg_written(CPURISCVState *env);
void riscv_n_write_ip(CPURISCVState *env, uint64_t val, uint64_t mask);
uint64_t riscv_n_rmw_sip(CPURISCVState *env, uint64_t val, uint64_t mask);

/* Delivery. */
uint64_t riscv_n_user_ints(CPURISCVState *env);
uint64_t riscv_n_prioritize(CPURISCVState *env, uint64_t pending);
int riscv_n_pending_irq(CPURISCVState *env, uint64_t pending);
bool riscv_n_take_trap(CPURISCVState *env, bool async, target_ulong cause,
                       target_ulong tval);

/* Instructions. */
target_ulong riscv_n_uret(CPURISCVState *env, uintptr_t ra);
bool riscv_n_wfi_in_user(CPURISCVState *env);

#endif /* RISCV_RVN_H */
