// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>

#include "arch/riscv64/hart.h"

namespace kernel {

// main.cpp; called by the boot code on the first hart.
[[noreturn]] void kernel_main(uint64_t hart_id, uint64_t tree);
// ... and on the others.
[[noreturn]] void kernel_main_secondary();

namespace arch {

// Turns address translation on, with the kernel's table.
void enter_kernel_space();
// Gives each hart of the machine its struct and stacks. False: out of memory.
bool make_harts();
// Goes on in `function` on this hart's own stack.
[[noreturn]] void use_own_stack(void (*function)());
// From now on traps come in by the trampoline.
void start_traps();
void start_other_harts();

} // namespace arch
} // namespace kernel
