// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>

#include "arch/riscv64/hart.h"

namespace kernel {

// main.cpp; called by the boot code on the first hart.
[[noreturn]] void kernel_main(uint64_t hart_id, uint64_t tree);

namespace arch {

// Turns address translation on, with the kernel's table.
void enter_kernel_space();

} // namespace arch
} // namespace kernel
