/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "N", user-level interrupts and traps, version 1.1: registers, delivery, uret.
 *
 * Source: The RISC-V Instruction Set Manual, Volume II: Privileged Architecture
 * 1.11, "N" Standard Extension for User-Level Interrupts, version 1.1.
 *
 * What makes a write or a return take effect before the next instruction: a
 * CSR instruction and every xRET end their translation block and go back to
 * the main loop, and CPU_INTERRUPT_HARD stays raised as long as any bit of mip
 * is set.  riscv_n_pending_irq() is thus asked again with the new state.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/qemu-print.h"
#include "qapi/error.h"
#include "migration/cpu.h"
#include "cpu.h"
#include "exec/exec-all.h"

#define USTATUS_BITS (MSTATUS_UIE | MSTATUS_UPIE)

/* What an instruction in U mode can raise without virtualization. */
#define USER_EXCPS ((1ULL << RISCV_EXCP_INST_ADDR_MIS) | \
                    (1ULL << RISCV_EXCP_INST_ACCESS_FAULT) | \
                    (1ULL << RISCV_EXCP_ILLEGAL_INST) | \
                    (1ULL << RISCV_EXCP_BREAKPOINT) | \
                    (1ULL << RISCV_EXCP_LOAD_ADDR_MIS) | \
                    (1ULL << RISCV_EXCP_LOAD_ACCESS_FAULT) | \
                    (1ULL << RISCV_EXCP_STORE_AMO_ADDR_MIS) | \
                    (1ULL << RISCV_EXCP_STORE_AMO_ACCESS_FAULT) | \
                    (1ULL << RISCV_EXCP_U_ECALL) | \
                    (1ULL << RISCV_EXCP_INST_PAGE_FAULT) | \
                    (1ULL << RISCV_EXCP_LOAD_PAGE_FAULT) | \
                    (1ULL << RISCV_EXCP_STORE_PAGE_FAULT) | \
                    (1ULL << RISCV_EXCP_SW_CHECK))

static bool has_n(CPURISCVState *env)
{
    return riscv_has_ext(env, RVN);
}

/* Bits shared with M and S mode */

uint64_t riscv_n_ints(CPURISCVState *env)
{
    return has_n(env) ? U_MODE_INTERRUPTS : 0;
}

uint64_t riscv_n_status_mask(CPURISCVState *env)
{
    return has_n(env) ? USTATUS_BITS : 0;
}

/* A guest of the hypervisor extension has no user interrupts: its sstatus. */
uint64_t riscv_n_hidden_status(CPURISCVState *env)
{
    return env->virt_enabled ? riscv_n_status_mask(env) : 0;
}

/* Without S mode, mideleg and medeleg delegate straight to U mode. */
uint64_t riscv_n_mideleg_mask(CPURISCVState *env, uint64_t mask)
{
    return has_n(env) && !riscv_has_ext(env, RVS) ? U_MODE_INTERRUPTS : mask;
}

/*
 * With S mode the user bits are read-only one, as the VS bits are with H: user
 * interrupts are S mode's to give, and firmware delegates only what it knows.
 */
uint64_t riscv_n_mideleg_ones(CPURISCVState *env)
{
    return riscv_has_ext(env, RVS) ? riscv_n_ints(env) : 0;
}

uint64_t riscv_n_medeleg_mask(CPURISCVState *env, uint64_t mask)
{
    return has_n(env) && !riscv_has_ext(env, RVS) ? USER_EXCPS : mask;
}

void riscv_n_medeleg_written(CPURISCVState *env)
{
    env->utrap.sedeleg &= env->medeleg;
}

/* Pending bits */

/* With the BQL held. */
static void update_mip(CPURISCVState *env)
{
    riscv_cpu_update_mip(env, U_MODE_INTERRUPTS,
                         env->utrap.line | env->utrap.soft);
}

bool riscv_n_set_line(CPURISCVState *env, int irq, int level)
{
    uint64_t bit = 1ULL << irq;

    if (!(riscv_n_ints(env) & bit)) {
        return false;
    }
    if (level) {
        env->utrap.line |= bit;
    } else {
        env->utrap.line &= ~bit;
    }
    update_mip(env);
    return true;
}

void riscv_n_write_ip(CPURISCVState *env, uint64_t val, uint64_t mask)
{
    mask &= riscv_n_ints(env);
    if (!mask) {
        return;
    }

    BQL_LOCK_GUARD();
    env->utrap.soft = (env->utrap.soft & ~mask) | (val & mask);
    update_mip(env);
}

/* S mode raises USIP and UEIP; a timer interrupt is M mode's to give. */
uint64_t riscv_n_rmw_sip(CPURISCVState *env, uint64_t val, uint64_t mask)
{
    uint64_t visible = riscv_n_ints(env) & env->mideleg;
    uint64_t old = env->mip & visible;

    riscv_n_write_ip(env, val, mask & visible & (MIP_USIP | MIP_UEIP));
    return old;
}

/* Delivery */

/* The interrupts that are delegated all the way to U mode. */
uint64_t riscv_n_user_ints(CPURISCVState *env)
{
    uint64_t ints = riscv_n_ints(env) & env->mideleg;

    return riscv_has_ext(env, RVS) ? ints & env->utrap.sideleg : ints;
}

static uint64_t user_excps(CPURISCVState *env)
{
    uint64_t excps = USER_EXCPS & env->medeleg;

    return riscv_has_ext(env, RVS) ? excps & env->utrap.sedeleg : excps;
}

/*
 * Whatever mode takes them, user interrupts come after all others, and among
 * them external before software before timer.
 */
uint64_t riscv_n_prioritize(CPURISCVState *env, uint64_t pending)
{
    static const uint64_t order[] = { MIP_UEIP, MIP_USIP, MIP_UTIP };

    if (!has_n(env) || !(pending & U_MODE_INTERRUPTS)) {
        return pending;
    }
    if (pending & ~U_MODE_INTERRUPTS) {
        return pending & ~U_MODE_INTERRUPTS;
    }
    for (int i = 0; i < ARRAY_SIZE(order); i++) {
        if (pending & order[i]) {
            return order[i];
        }
    }
    g_assert_not_reached();
}

/* Asked when M and S mode have nothing to take. */
int riscv_n_pending_irq(CPURISCVState *env, uint64_t pending)
{
    if (env->priv != PRV_U || env->virt_enabled ||
        !get_field(env->mstatus, MSTATUS_UIE)) {
        return RISCV_EXCP_NONE;
    }

    pending &= riscv_n_user_ints(env);
    return pending ? ctz64(riscv_n_prioritize(env, pending)) : RISCV_EXCP_NONE;
}

bool riscv_n_take_trap(CPURISCVState *env, bool async, target_ulong cause,
                       target_ulong tval)
{
    uint64_t delegated;
    int uxlen;

    if (!has_n(env) || env->priv != PRV_U || env->virt_enabled || cause >= 64) {
        return false;
    }
    delegated = async ? riscv_n_user_ints(env) : user_excps(env);
    if (!((delegated >> cause) & 1)) {
        return false;
    }

    uxlen = 16 << env->xl;
    env->mstatus = set_field(env->mstatus, MSTATUS_UPIE,
                             get_field(env->mstatus, MSTATUS_UIE));
    env->mstatus = set_field(env->mstatus, MSTATUS_UIE, 0);
    env->utrap.ucause = cause | ((target_ulong)async << (uxlen - 1));
    env->utrap.uepc = env->pc;
    env->utrap.utval = tval;
    env->pc = (env->utrap.utvec & ~(target_ulong)3) +
              (async && (env->utrap.utvec & 3) == 1 ? cause * 4 : 0);
    riscv_timeline_user_trap(env);
    /* As every trap does: a reservation must not survive into the handler. */
    env->load_res = -1;

    qemu_log_mask(CPU_LOG_INT, "%s: hart:" TARGET_FMT_ld ", to U mode at 0x"
                  TARGET_FMT_lx "\n", __func__, env->mhartid, env->pc);
    return true;
}

/* Instructions */

/* Without 16-bit instructions the low two bits of uepc read as zero. */
static target_ulong uepc(CPURISCVState *env)
{
    bool ialign16 = riscv_cpu_allow_16bit_insn(&env_archcpu(env)->cfg,
                                               env->priv_ver, env->misa_ext);

    return env->utrap.uepc & ~(target_ulong)(ialign16 ? 1 : 3);
}

target_ulong riscv_n_uret(CPURISCVState *env, uintptr_t ra)
{
    target_ulong retpc = uepc(env);
    const target_ulong src_priv = env->priv;

    if (env->virt_enabled) {
        riscv_raise_exception(env, RISCV_EXCP_VIRT_INSTRUCTION_FAULT, ra);
    }

    env->mstatus = set_field(env->mstatus, MSTATUS_UIE,
                             get_field(env->mstatus, MSTATUS_UPIE));
    env->mstatus = set_field(env->mstatus, MSTATUS_UPIE, 1);
    /* As for any return to a mode less privileged than M, since 1.12. */
    if (env->priv_ver >= PRIV_VERSION_1_12_0) {
        env->mstatus = set_field(env->mstatus, MSTATUS_MPRV, 0);
    }
    riscv_timeline_uret(env);
    riscv_cpu_set_mode(env, PRV_U, false);

    if (riscv_cpu_cfg(env)->ext_smctr || riscv_cpu_cfg(env)->ext_ssctr) {
        riscv_ctr_add_entry(env, env->pc, retpc, CTRDATA_TYPE_EXCEP_INT_RET,
                            src_priv, false);
    }
    return retpc;
}

/*
 * The specification lets U mode wait "for implementations that support
 * user-mode interrupts".  Here S mode says so by delegating one; a process that
 * was given none gets an illegal instruction as it always did.
 */
bool riscv_n_wfi_in_user(CPURISCVState *env)
{
    return !env->virt_enabled && !get_field(env->mstatus, MSTATUS_TW) &&
           riscv_n_user_ints(env) != 0;
}

/* The user trap CSRs */

static RISCVException n_csr(CPURISCVState *env, int csrno)
{
    if (!has_n(env)) {
        return RISCV_EXCP_ILLEGAL_INST;
    }
    return env->virt_enabled && !env->debugger ?
           RISCV_EXCP_VIRT_INSTRUCTION_FAULT : RISCV_EXCP_NONE;
}

static RISCVException n_csr_smode(CPURISCVState *env, int csrno)
{
    return riscv_has_ext(env, RVS) ? n_csr(env, csrno) :
                                     RISCV_EXCP_ILLEGAL_INST;
}

/* medeleg and mideleg, which upstream has with S mode only. */
static RISCVException n_csr_deleg(CPURISCVState *env, int csrno)
{
    return has_n(env) || riscv_has_ext(env, RVS) ? RISCV_EXCP_NONE :
                                                   RISCV_EXCP_ILLEGAL_INST;
}

static RISCVException read_ustatus(CPURISCVState *env, int csrno,
                                   target_ulong *val)
{
    *val = env->mstatus & USTATUS_BITS;
    return RISCV_EXCP_NONE;
}

static RISCVException write_ustatus(CPURISCVState *env, int csrno,
                                    target_ulong val)
{
    env->mstatus = (env->mstatus & ~(uint64_t)USTATUS_BITS) |
                   (val & USTATUS_BITS);
    return RISCV_EXCP_NONE;
}

static RISCVException rmw_uie(CPURISCVState *env, int csrno,
                              target_ulong *ret_val, target_ulong new_val,
                              target_ulong wr_mask)
{
    uint64_t visible = riscv_n_user_ints(env);
    uint64_t mask = wr_mask & visible;

    if (ret_val) {
        *ret_val = env->mie & visible;
    }
    env->mie = (env->mie & ~mask) | (new_val & mask);
    return RISCV_EXCP_NONE;
}

static RISCVException rmw_uip(CPURISCVState *env, int csrno,
                              target_ulong *ret_val, target_ulong new_val,
                              target_ulong wr_mask)
{
    uint64_t visible = riscv_n_user_ints(env);

    if (ret_val) {
        *ret_val = env->mip & visible;
    }
    riscv_n_write_ip(env, new_val, wr_mask & visible & MIP_USIP);
    return RISCV_EXCP_NONE;
}

static RISCVException read_utvec(CPURISCVState *env, int csrno,
                                 target_ulong *val)
{
    *val = env->utrap.utvec;
    return RISCV_EXCP_NONE;
}

static RISCVException write_utvec(CPURISCVState *env, int csrno,
                                  target_ulong val)
{
    /* Modes 2 and 3 are reserved: the write is ignored, as stvec's is. */
    if ((val & 3) < 2) {
        env->utrap.utvec = val;
    }
    return RISCV_EXCP_NONE;
}

static RISCVException read_uepc(CPURISCVState *env, int csrno,
                                target_ulong *val)
{
    *val = uepc(env);
    return RISCV_EXCP_NONE;
}

static RISCVException write_uepc(CPURISCVState *env, int csrno,
                                 target_ulong val)
{
    env->utrap.uepc = val;
    return RISCV_EXCP_NONE;
}

#define PLAIN_CSR(name) \
    static RISCVException read_##name(CPURISCVState *env, int csrno, \
                                      target_ulong *val) \
    { \
        *val = env->utrap.name; \
        return RISCV_EXCP_NONE; \
    } \
    static RISCVException write_##name(CPURISCVState *env, int csrno, \
                                       target_ulong val) \
    { \
        env->utrap.name = val; \
        return RISCV_EXCP_NONE; \
    }

PLAIN_CSR(uscratch)
PLAIN_CSR(ucause)
PLAIN_CSR(utval)

static RISCVException read_sedeleg(CPURISCVState *env, int csrno,
                                   target_ulong *val)
{
    *val = env->utrap.sedeleg;
    return RISCV_EXCP_NONE;
}

static RISCVException write_sedeleg(CPURISCVState *env, int csrno,
                                    target_ulong val)
{
    env->utrap.sedeleg = val & USER_EXCPS & env->medeleg;
    return RISCV_EXCP_NONE;
}

static RISCVException read_sideleg(CPURISCVState *env, int csrno,
                                   target_ulong *val)
{
    *val = env->utrap.sideleg;
    return RISCV_EXCP_NONE;
}

static RISCVException write_sideleg(CPURISCVState *env, int csrno,
                                    target_ulong val)
{
    env->utrap.sideleg = val & U_MODE_INTERRUPTS & env->mideleg;
    return RISCV_EXCP_NONE;
}

static const struct {
    int csrno;
    riscv_csr_operations ops;
} n_csrs[] = {
    { CSR_USTATUS,  { "ustatus",  n_csr, read_ustatus,  write_ustatus } },
    { CSR_UIE,      { "uie",      n_csr, NULL, NULL,    rmw_uie } },
    { CSR_UTVEC,    { "utvec",    n_csr, read_utvec,    write_utvec } },
    { CSR_USCRATCH, { "uscratch", n_csr, read_uscratch, write_uscratch } },
    { CSR_UEPC,     { "uepc",     n_csr, read_uepc,     write_uepc } },
    { CSR_UCAUSE,   { "ucause",   n_csr, read_ucause,   write_ucause } },
    { CSR_UTVAL,    { "utval",    n_csr, read_utval,    write_utval } },
    { CSR_UIP,      { "uip",      n_csr, NULL, NULL,    rmw_uip } },
    { CSR_SEDELEG,  { "sedeleg",  n_csr_smode, read_sedeleg, write_sedeleg } },
    { CSR_SIDELEG,  { "sideleg",  n_csr_smode, read_sideleg, write_sideleg } },
};

/* The CPU object */

void riscv_n_realize(RISCVCPU *cpu)
{
    static const int deleg_csrs[] = { CSR_MEDELEG, CSR_MIDELEG };

    if (!has_n(&cpu->env)) {
        return;
    }
    for (int i = 0; i < ARRAY_SIZE(deleg_csrs); i++) {
        riscv_csr_operations ops;

        riscv_get_csr_ops(deleg_csrs[i], &ops);
        ops.predicate = n_csr_deleg;
        riscv_set_csr_ops(deleg_csrs[i], &ops);
    }
    for (int i = 0; i < ARRAY_SIZE(n_csrs); i++) {
        riscv_csr_operations ops = n_csrs[i].ops;

        riscv_set_csr_ops(n_csrs[i].csrno, &ops);
    }
}

void riscv_n_reset(CPURISCVState *env)
{
    uint64_t line = env->utrap.line;

    if (!has_n(env)) {
        return;
    }
    /* The inputs belong to whoever drives them. */
    memset(&env->utrap, 0, sizeof(env->utrap));
    env->utrap.line = line;
    env->mip = (env->mip & ~U_MODE_INTERRUPTS) | line;
    env->mstatus &= ~(uint64_t)USTATUS_BITS;
    env->mideleg |= riscv_n_mideleg_ones(env);
}

void riscv_n_validate(RISCVCPU *cpu, Error **errp)
{
    if (!has_n(&cpu->env)) {
        return;
    }
    if (!riscv_has_ext(&cpu->env, RVU) || !cpu->cfg.ext_zicsr) {
        error_setg(errp, "N extension requires U mode and Zicsr");
        return;
    }
    if (cpu->cfg.ext_zicfilp) {
        error_setg(errp, "N extension has nowhere to save the expected landing "
                   "pad of a user trap: it cannot be combined with Zicfilp");
    }
}

void riscv_n_dump(CPURISCVState *env, FILE *f)
{
    if (!has_n(env)) {
        return;
    }
    for (int i = 0; i < ARRAY_SIZE(n_csrs); i++) {
        target_ulong val = 0;

        if (riscv_csrrw_debug(env, n_csrs[i].csrno, &val, 0, 0) ==
            RISCV_EXCP_NONE) {
            qemu_fprintf(f, " %-8s " TARGET_FMT_lx "\n",
                         n_csrs[i].ops.name, val);
        }
    }
}

static bool n_needed(void *opaque)
{
    RISCVCPU *cpu = opaque;

    return has_n(&cpu->env);
}

const VMStateDescription vmstate_riscv_n = {
    .name = "cpu/n",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = n_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_UINTTL(env.utrap.utvec, RISCVCPU),
        VMSTATE_UINTTL(env.utrap.uscratch, RISCVCPU),
        VMSTATE_UINTTL(env.utrap.uepc, RISCVCPU),
        VMSTATE_UINTTL(env.utrap.ucause, RISCVCPU),
        VMSTATE_UINTTL(env.utrap.utval, RISCVCPU),
        VMSTATE_UINTTL(env.utrap.sedeleg, RISCVCPU),
        VMSTATE_UINTTL(env.utrap.sideleg, RISCVCPU),
        VMSTATE_UINT64(env.utrap.line, RISCVCPU),
        VMSTATE_UINT64(env.utrap.soft, RISCVCPU),
        VMSTATE_END_OF_LIST()
    }
};
