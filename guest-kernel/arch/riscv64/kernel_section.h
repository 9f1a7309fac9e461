// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "arch/riscv64/hart.h"
#include "arch/riscv64/time.h"

namespace kernel::arch {

// While it is alive the current thread's time is the kernel's (process/usage.h). Not across
// anything that waits.
class kernel_section {
  public:
    kernel_section() = default;
    kernel_section(const kernel_section&) = delete;
    ~kernel_section() { this_hart().kernel_ticks += time_ticks() - start_; }

  private:
    const uint64_t start_ = time_ticks();
};

} // namespace kernel::arch
