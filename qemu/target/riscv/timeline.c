/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Harts on a timeline.  The time is that of the virtual clock, so that with
 * -icount a timeline is the same in every run.  A mark that is written down
 * ends its translation block, as what reads the clock must: interrupts are
 * looked for there, and may be taken earlier than without the events.
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "cpu.h"
#include "exec/helper-proto.h"
#include "trace.h"

static int64_t now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

void riscv_timeline_trap(CPURISCVState *env, bool async, target_ulong cause)
{
    if (trace_event_get_state_backends(TRACE_RISCV_TIMELINE_TRAP)) {
        trace_riscv_timeline_trap(env->mhartid, now(), async, cause);
    }
}

void riscv_timeline_mode(CPURISCVState *env, target_ulong newpriv)
{
    if (trace_event_get_state_backends(TRACE_RISCV_TIMELINE_MODE) &&
        newpriv != env->priv) {
        trace_riscv_timeline_mode(env->mhartid, now(), env->priv, newpriv);
    }
}

void riscv_timeline_user_trap(CPURISCVState *env)
{
    if (trace_event_get_state_backends(TRACE_RISCV_TIMELINE_USER_TRAP)) {
        trace_riscv_timeline_user_trap(env->mhartid, now());
    }
}

void riscv_timeline_uret(CPURISCVState *env)
{
    if (trace_event_get_state_backends(TRACE_RISCV_TIMELINE_URET)) {
        trace_riscv_timeline_uret(env->mhartid, now());
    }
}

bool riscv_timeline_marks(void)
{
    return trace_event_get_state_backends(TRACE_RISCV_TIMELINE_MARK);
}

void helper_timeline_mark(CPURISCVState *env, uint32_t code, target_ulong value)
{
    trace_riscv_timeline_mark(env->mhartid, now(), code, value);
}
