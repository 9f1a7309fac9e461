// SPDX-License-Identifier: BSD-2-Clause
//
// The user-interrupt registers of a hart (N extension and UIPI) that the kernel alone can write;
// user_traps.h has those that a thread writes itself.
#pragma once

#include <cstdint>

#include "arch/riscv64/csr.h"

namespace kernel::arch {

// Whether this hart, which has N, lets user software interrupts go to user mode and has UIPI; if
// so, tells it where the UINTC is.
bool start_user_interrupts(uint64_t uintc);

inline void set_receiver(uint64_t suirs) {
    write_csr<csr_suirs>(suirs);
}
inline void set_senders(uint64_t suist) {
    write_csr<csr_suist>(suist);
}

// Of the running thread, which is in a system call.
inline void enable_user_interrupts() {
    set_csr<csr_sstatus>(sstatus_uie);
}
inline bool user_interrupt_pending() { // and enabled in uie
    return (read_csr<csr_uip>() & read_csr<csr_uie>()) != 0;
}

} // namespace kernel::arch
