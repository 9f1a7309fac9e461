// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "arch/riscv64/csr.h"

namespace kernel {

// Ticks of the `time` counter, which all harts share.
inline uint64_t time_ticks() {
    return arch::read_csr<arch::csr_time>();
}

} // namespace kernel
