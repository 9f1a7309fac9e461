// SPDX-License-Identifier: BSD-2-Clause
#include "arch/riscv64/user_interrupts.h"

#include "arch/riscv64/csr.h"

namespace kernel::arch {

bool start_user_interrupts(uint64_t uintc) {
    if (!try_write_csr<csr_suicfg>(uintc))
        return false;
    write_csr<csr_suirs>(0);
    write_csr<csr_suist>(0);
    return (read_csr<csr_sideleg>() & OUROS_UIP_USIP) != 0;
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
