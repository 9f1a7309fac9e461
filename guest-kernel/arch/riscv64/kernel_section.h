// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "arch/riscv64/hart.h"
#include "arch/riscv64/run_clock.h"

namespace kernel::arch {

// While it is alive the current thread's time is the kernel's (process/usage.h). The thread may be
// preempted meanwhile, and go on on another hart: the clock is its own.
class kernel_section {
  public:
    kernel_section() = default;
    kernel_section(const kernel_section&) = delete;
    ~kernel_section() { this_hart().kernel_ticks += (now() - start_) / 2; }

  private:
    static uint64_t now() { return this_hart().clock->twice_while_running(); }
    const uint64_t start_ = now();
};

} // namespace kernel::arch
