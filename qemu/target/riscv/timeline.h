/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a hart does when, for a timeline: traps, changes of mode, user traps and
 * the marks that programs leave.  Nothing is done unless the trace events
 * riscv_timeline_* are on.
 */
#ifndef RISCV_TIMELINE_H
#define RISCV_TIMELINE_H

/* On its way to whatever mode handles it; riscv_cpu_set_mode() comes next. */
void riscv_timeline_trap(CPURISCVState *env, bool async, target_ulong cause);
void riscv_timeline_mode(CPURISCVState *env, target_ulong newpriv);
void riscv_timeline_user_trap(CPURISCVState *env);
void riscv_timeline_uret(CPURISCVState *env);

/*
 * For the translator: are marks wanted?  A mark is "slti x0, rs1, imm", a HINT
 * that the unprivileged specification leaves to custom use; imm says what the
 * value in rs1 is (standard-headers/ouros/trace.h).
 */
bool riscv_timeline_marks(void);

#endif
