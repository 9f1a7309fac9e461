/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A user timer: UTIP is pending while time >= utimecmp.  N 1.1 leaves it to the
 * execution environment how a program sets its timer, which would make a kernel
 * entry of every timeout.  This follows Sstc (stimecmp) one level below, in the
 * custom range of CSRs.  docs/specs/riscv-n-extension.rst.
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/main-loop.h"
#include "qemu/qemu-print.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "migration/cpu.h"
#include "cpu.h"
#include "hw/intc/riscv_aclint.h"
#include "standard-headers/ouros/uintr.h"

static bool has_utimer(CPURISCVState *env)
{
    return riscv_cpu_cfg(env)->ext_utimer;
}

/* With the BQL held. */
static void update(CPURISCVState *env)
{
    RISCVAclintMTimerState *mtimer = env->rdtime_fn_arg;
    uint64_t now, ticks;

    /* No clock, or never: the counter wraps before it is greater than that. */
    if (!env->rdtime_fn || env->utimer.utimecmp == UINT64_MAX) {
        timer_del(env->utimer.timer);
        riscv_n_set_line(env, IRQ_U_TIMER, 0);
        return;
    }

    now = env->rdtime_fn(env->rdtime_fn_arg);
    if (now >= env->utimer.utimecmp) {
        timer_del(env->utimer.timer);
        riscv_n_set_line(env, IRQ_U_TIMER, 1);
        return;
    }

    /* Far ahead, or after rounding: when the timer fires, this looks again. */
    ticks = MIN(env->utimer.utimecmp - now,
                muldiv64(INT64_MAX / 2, mtimer->timebase_freq,
                         NANOSECONDS_PER_SECOND));
    riscv_n_set_line(env, IRQ_U_TIMER, 0);
    timer_mod(env->utimer.timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
              muldiv64_round_up(ticks, NANOSECONDS_PER_SECOND,
                                mtimer->timebase_freq));
}

static void expired(void *opaque)
{
    RISCVCPU *cpu = opaque;

    update(&cpu->env);
}

/* The CSR: who may read the time may set the timer. */

static RISCVException utimer_csr(CPURISCVState *env, int csrno)
{
    bool high = csrno == OUROS_CSR_UTIMECMPH;

    if (!has_utimer(env) || (high && riscv_cpu_mxl(env) != MXL_RV32)) {
        return RISCV_EXCP_ILLEGAL_INST;
    }
    if (env->debugger || env->priv == PRV_M) {
        return RISCV_EXCP_NONE;
    }
    if (!(env->mcounteren & COUNTEREN_TM)) {
        return RISCV_EXCP_ILLEGAL_INST;
    }
    if (env->virt_enabled) {
        return RISCV_EXCP_VIRT_INSTRUCTION_FAULT;
    }
    return env->priv == PRV_U && riscv_has_ext(env, RVS) &&
           !(env->scounteren & COUNTEREN_TM) ?
           RISCV_EXCP_ILLEGAL_INST : RISCV_EXCP_NONE;
}

/* On RV32 each of the two has a half, even where target_ulong is wider. */
static int start_bit(int csrno)
{
    return csrno == OUROS_CSR_UTIMECMPH ? 32 : 0;
}

static int length(CPURISCVState *env)
{
    return riscv_cpu_mxl(env) == MXL_RV32 ? 32 : 64;
}

static RISCVException read_utimecmp(CPURISCVState *env, int csrno,
                                    target_ulong *val)
{
    *val = extract64(env->utimer.utimecmp, start_bit(csrno), length(env));
    return RISCV_EXCP_NONE;
}

static RISCVException write_utimecmp(CPURISCVState *env, int csrno,
                                     target_ulong val)
{
    BQL_LOCK_GUARD();
    env->utimer.utimecmp = deposit64(env->utimer.utimecmp, start_bit(csrno),
                                     length(env), val);
    update(env);
    return RISCV_EXCP_NONE;
}

/* The CPU object */

void riscv_utimer_realize(RISCVCPU *cpu)
{
    static const riscv_csr_operations low = {
        "utimecmp", utimer_csr, read_utimecmp, write_utimecmp
    };
    static const riscv_csr_operations high = {
        "utimecmph", utimer_csr, read_utimecmp, write_utimecmp
    };
    riscv_csr_operations ops;

    if (!has_utimer(&cpu->env)) {
        return;
    }
    ops = low;
    riscv_set_csr_ops(OUROS_CSR_UTIMECMP, &ops);
    ops = high;
    riscv_set_csr_ops(OUROS_CSR_UTIMECMPH, &ops);
    cpu->env.utimer.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, expired, cpu);
}

/* Before the rest of N, which forgets the pending bits but not the lines. */
void riscv_utimer_reset(CPURISCVState *env)
{
    if (has_utimer(env) && env->utimer.timer) {
        env->utimer.utimecmp = UINT64_MAX;
        timer_del(env->utimer.timer);
        env->utrap.line &= ~(uint64_t)MIP_UTIP;
    }
}

void riscv_utimer_validate(RISCVCPU *cpu, Error **errp)
{
    if (has_utimer(&cpu->env) && !riscv_has_ext(&cpu->env, RVN)) {
        error_setg(errp, "utimer requires the N extension");
    }
}

void riscv_utimer_dump(CPURISCVState *env, FILE *f)
{
    if (has_utimer(env)) {
        qemu_fprintf(f, " utimecmp %016" PRIx64 "\n", env->utimer.utimecmp);
    }
}

static bool utimer_needed(void *opaque)
{
    RISCVCPU *cpu = opaque;

    return has_utimer(&cpu->env);
}

const VMStateDescription vmstate_riscv_utimer = {
    .name = "cpu/utimer",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = utimer_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(env.utimer.utimecmp, RISCVCPU),
        VMSTATE_TIMER_PTR(env.utimer.timer, RISCVCPU),
        VMSTATE_END_OF_LIST()
    }
};
