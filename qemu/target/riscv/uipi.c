/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UIPI: a user program sends a user interrupt by naming an entry of the sender
 * table that its kernel gave it.  The hart reads the entry and posts the vector
 * to the UINTC; the program never sees a receiver, a hart or an address.
 *
 * Source: RISC-V User-Interrupt Specification 0.1.1 (U-interrupt/uintr,
 * doc/spec.md).  standard-headers/ouros/uintr.h has the formats and says what
 * is added to them.
 */
#include "qemu/osdep.h"
#include "qemu/qemu-print.h"
#include "qapi/error.h"
#include "migration/cpu.h"
#include "cpu.h"
#include "exec/exec-all.h"
#include "pmp.h"
#include "standard-headers/ouros/uintc.h"
#include "standard-headers/ouros/uintr.h"

/* What the registers keep; the rest reads as zero. */
#define SUIST_BITS  (OUROS_SUIST_ENABLE | OUROS_SUIST_PPN_MASK | \
                     (OUROS_SUIST_SIZE_MASK << OUROS_SUIST_SIZE_SHIFT))
#define SUIRS_BITS  (OUROS_SUIRS_ENABLE | OUROS_SUIRS_INDEX_MASK)
#define SUICFG_BITS MAKE_64BIT_MASK(12, 44)

#define SUIST_PAGE_BITS 12

static bool has_uipi(CPURISCVState *env)
{
    return riscv_cpu_cfg(env)->ext_uipi;
}

/*
 * The accesses are made for S mode, which wrote the CSRs, as those of a page
 * walk are: PMP keeps what M mode has shut away from S mode shut here, too.
 */
static bool access_allowed(CPURISCVState *env, hwaddr addr, pmp_priv_t what)
{
    target_ulong mode = env->priv == PRV_M ? PRV_M : PRV_S;
    pmp_priv_t allowed;

    return !riscv_cpu_cfg(env)->pmp ||
           pmp_hart_has_privs(env, addr, 8, what, &allowed, mode);
}

static MemTxResult load(CPURISCVState *env, hwaddr addr, uint64_t *val)
{
    MemTxResult res = MEMTX_ACCESS_ERROR;

    if (access_allowed(env, addr, PMP_READ)) {
        *val = address_space_ldq_le(env_cpu(env)->as, addr,
                                    MEMTXATTRS_UNSPECIFIED, &res);
    }
    return res;
}

static MemTxResult store(CPURISCVState *env, hwaddr addr, uint64_t val)
{
    MemTxResult res = MEMTX_ACCESS_ERROR;

    if (access_allowed(env, addr, PMP_WRITE)) {
        address_space_stq_le(env_cpu(env)->as, addr, val,
                             MEMTXATTRS_UNSPECIFIED, &res);
    }
    return res;
}

static hwaddr receiver(CPURISCVState *env, uint64_t index, hwaddr reg)
{
    return env->uipi.suicfg + index * OUROS_UINTC_RECEIVER_SIZE + reg;
}

static uint64_t field(uint64_t entry, int shift)
{
    return (entry >> shift) & OUROS_UISTE_FIELD_MASK;
}

static uint64_t uipi_send(CPURISCVState *env, uint64_t index)
{
    uint64_t suist = env->uipi.suist;
    uint64_t pages = (suist >> OUROS_SUIST_SIZE_SHIFT) & OUROS_SUIST_SIZE_MASK;
    uint64_t entries = (pages << SUIST_PAGE_BITS) / OUROS_UISTE_SIZE;
    hwaddr table = (suist & OUROS_SUIST_PPN_MASK) << SUIST_PAGE_BITS;
    uint64_t entry, message, target;

    if (!(suist & OUROS_SUIST_ENABLE) || index >= entries) {
        return OUROS_UIPI_NO_SENDER;
    }
    /* Once: the kernel may be rewriting the entry on another hart. */
    if (load(env, table + index * OUROS_UISTE_SIZE, &entry) != MEMTX_OK ||
        !(entry & OUROS_UISTE_VALID)) {
        return OUROS_UIPI_NO_SENDER;
    }

    /* What is behind the last receiver may be another device. */
    target = field(entry, OUROS_UISTE_RECEIVER_SHIFT);
    if (target >= OUROS_UINTC_RECEIVERS) {
        return OUROS_UIPI_REFUSED;
    }

    message = field(entry, OUROS_UISTE_VECTOR_SHIFT) |
              field(entry, OUROS_UISTE_GENERATION_SHIFT) <<
              OUROS_UINTC_SEND_GENERATION_SHIFT;
    return store(env, receiver(env, target, OUROS_UINTC_SEND),
                 message) == MEMTX_OK ?
           OUROS_UIPI_SENT : OUROS_UIPI_REFUSED;
}

uint64_t riscv_uipi(CPURISCVState *env, uint32_t op, uint64_t rs1,
                    uintptr_t ra)
{
    uint64_t suirs = env->uipi.suirs;
    uint64_t own = suirs & OUROS_SUIRS_INDEX_MASK;
    uint64_t pending = 0;

    if (env->virt_enabled) {
        riscv_raise_exception(env, RISCV_EXCP_VIRT_INSTRUCTION_FAULT, ra);
    }
    if (op == OUROS_UIPI_SEND) {
        return uipi_send(env, rs1);
    }
    if (!(suirs & OUROS_SUIRS_ENABLE) || own >= OUROS_UINTC_RECEIVERS) {
        return 0;
    }

    switch (op) {
    case OUROS_UIPI_READ:
        if (load(env, receiver(env, own, OUROS_UINTC_HIGH),
                 &pending) != MEMTX_OK) {
            pending = 0;
        }
        break;
    case OUROS_UIPI_WRITE:
        /*
         * ORing in nothing does nothing.  It must not reach the UINTC, where a
         * write of 0 clears: handlers put back the vectors that they did not
         * serve, mostly none, and would lose what was sent meanwhile.
         */
        if (rs1) {
            store(env, receiver(env, own, OUROS_UINTC_HIGH), rs1);
        }
        break;
    case OUROS_UIPI_ACTIVATE:
        store(env, receiver(env, own, OUROS_UINTC_ACTIVE), 1);
        break;
    case OUROS_UIPI_DEACTIVATE:
        store(env, receiver(env, own, OUROS_UINTC_ACTIVE), 0);
        break;
    default:
        g_assert_not_reached();
    }
    return pending;
}

/* The CSRs */

static RISCVException uipi_csr(CPURISCVState *env, int csrno)
{
    if (!has_uipi(env)) {
        return RISCV_EXCP_ILLEGAL_INST;
    }
    return env->virt_enabled && !env->debugger ?
           RISCV_EXCP_VIRT_INSTRUCTION_FAULT : RISCV_EXCP_NONE;
}

#define UIPI_CSR(name, bits) \
    static RISCVException read_##name(CPURISCVState *env, int csrno, \
                                      target_ulong *val) \
    { \
        *val = env->uipi.name; \
        return RISCV_EXCP_NONE; \
    } \
    static RISCVException write_##name(CPURISCVState *env, int csrno, \
                                       target_ulong val) \
    { \
        env->uipi.name = val & (bits); \
        return RISCV_EXCP_NONE; \
    }

UIPI_CSR(suist, SUIST_BITS)
UIPI_CSR(suirs, SUIRS_BITS)
UIPI_CSR(suicfg, SUICFG_BITS)

static const struct {
    int csrno;
    riscv_csr_operations ops;
} uipi_csrs[] = {
    { OUROS_CSR_SUIST,  { "suist",  uipi_csr, read_suist,  write_suist } },
    { OUROS_CSR_SUIRS,  { "suirs",  uipi_csr, read_suirs,  write_suirs } },
    { OUROS_CSR_SUICFG, { "suicfg", uipi_csr, read_suicfg, write_suicfg } },
};

/* The CPU object */

void riscv_uipi_realize(RISCVCPU *cpu)
{
    if (!has_uipi(&cpu->env)) {
        return;
    }
    for (int i = 0; i < ARRAY_SIZE(uipi_csrs); i++) {
        riscv_csr_operations ops = uipi_csrs[i].ops;

        riscv_set_csr_ops(uipi_csrs[i].csrno, &ops);
    }
}

void riscv_uipi_reset(CPURISCVState *env)
{
    memset(&env->uipi, 0, sizeof(env->uipi));
}

void riscv_uipi_validate(RISCVCPU *cpu, Error **errp)
{
    CPURISCVState *env = &cpu->env;

    if (!has_uipi(env)) {
        return;
    }
    if (!riscv_has_ext(env, RVN) || !riscv_has_ext(env, RVS) ||
        riscv_cpu_mxl(env) != MXL_RV64) {
        error_setg(errp, "uipi requires the N extension, S mode and RV64");
    }
}

void riscv_uipi_dump(CPURISCVState *env, FILE *f)
{
    if (!has_uipi(env)) {
        return;
    }
    qemu_fprintf(f, " suist    %016" PRIx64 "\n suirs    %016" PRIx64
                 "\n suicfg   %016" PRIx64 "\n", env->uipi.suist,
                 env->uipi.suirs, env->uipi.suicfg);
}

static bool uipi_needed(void *opaque)
{
    RISCVCPU *cpu = opaque;

    return has_uipi(&cpu->env);
}

const VMStateDescription vmstate_riscv_uipi = {
    .name = "cpu/uipi",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = uipi_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(env.uipi.suist, RISCVCPU),
        VMSTATE_UINT64(env.uipi.suirs, RISCVCPU),
        VMSTATE_UINT64(env.uipi.suicfg, RISCVCPU),
        VMSTATE_END_OF_LIST()
    }
};
