// SPDX-License-Identifier: BSD-2-Clause
#include "arch/riscv64/user_interrupts.h"

#include "arch/riscv64/csr.h"

namespace kernel::arch {

namespace {

// Writes a register that the hart may not have. False: it doesn't.
template <unsigned number>
bool try_write_csr(uint64_t value) {
    uint64_t vector, failed;
    // The instruction after the access is where the trap goes; the flag is cleared in between.
    asm volatile("  la %[failed], 1f\n"
                 "  csrrw %[vector], stvec, %[failed]\n"
                 "  li %[failed], 1\n"
                 "  csrw %[number], %[value]\n"
                 "  li %[failed], 0\n"
                 "  .balign 4\n"
                 "1:\n"
                 "  csrw stvec, %[vector]\n"
                 : [vector] "=&r"(vector), [failed] "=&r"(failed)
                 : [number] "i"(number), [value] "r"(value)
                 : "memory");
    return !failed;
}

} // namespace

bool start_user_interrupts(uint64_t uintc) {
    if (!try_write_csr<csr_uie>(0) || !try_write_csr<csr_suicfg>(uintc))
        return false;
    write_csr<csr_suirs>(0);
    write_csr<csr_suist>(0);
    constexpr uint64_t all = OUROS_UIP_USIP | OUROS_UIP_UTIP | OUROS_UIP_UEIP;
    write_csr<csr_sideleg>(all);
    return (read_csr<csr_sideleg>() & OUROS_UIP_USIP) != 0;
}

void load_user_interrupts(const user_frame& f) {
    write_csr<csr_utvec>(f.utvec);
    write_csr<csr_uscratch>(f.uscratch);
    write_csr<csr_uepc>(f.uepc);
    write_csr<csr_ucause>(f.ucause);
    write_csr<csr_utval>(f.utval);
    write_csr<csr_uie>(f.uie);
}

void save_user_interrupts(user_frame& f) {
    f.uie = read_csr<csr_uie>();
    f.utvec = read_csr<csr_utvec>();
    f.uscratch = read_csr<csr_uscratch>();
    f.uepc = read_csr<csr_uepc>();
    f.ucause = read_csr<csr_ucause>();
    f.utval = read_csr<csr_utval>();
    write_csr<csr_uie>(0);
    write_csr<csr_utvec>(0);
    write_csr<csr_uscratch>(0);
    write_csr<csr_uepc>(0);
    write_csr<csr_ucause>(0);
    write_csr<csr_utval>(0);
}

void set_receiver(uint64_t suirs) {
    write_csr<csr_suirs>(suirs);
}

void set_senders(uint64_t suist) {
    write_csr<csr_suist>(suist);
}

void enable_user_interrupts() {
    set_csr<csr_sstatus>(sstatus_uie);
}

bool user_interrupt_pending() {
    constexpr unsigned csr_uip = OUROS_CSR_UIP;
    return (read_csr<csr_uip>() & read_csr<csr_uie>()) != 0;
}

} // namespace kernel::arch
