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

} // namespace kernel::arch
