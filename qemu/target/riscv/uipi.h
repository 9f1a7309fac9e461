/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UIPI: sending user interrupts without the kernel.  The CSRs of a hart, and
 * the calls that the upstream files make.  docs/specs/riscv-n-extension.rst.
 */
#ifndef RISCV_UIPI_H
#define RISCV_UIPI_H

typedef struct RISCVUIPIState {
    uint64_t suist;
    uint64_t suirs;
    uint64_t suicfg;
} RISCVUIPIState;

extern const VMStateDescription vmstate_riscv_uipi;

/* Once per CPU, after its features are known. */
void riscv_uipi_realize(RISCVCPU *cpu);
void riscv_uipi_reset(CPURISCVState *env);
void riscv_uipi_validate(RISCVCPU *cpu, Error **errp);
void riscv_uipi_dump(CPURISCVState *env, FILE *f);

/* What the instruction does; the result is rd's. */
uint64_t riscv_uipi(CPURISCVState *env, uint32_t op, uint64_t rs1,
                    uintptr_t ra);

#endif /* RISCV_UIPI_H */
