// SPDX-License-Identifier: BSD-2-Clause
//
// Calls to the firmware (RISC-V Supervisor Binary Interface).
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel::arch::sbi {

void set_timer(uint64_t time);
// Starts a hart at `address` in S mode, address translation off, a0 = hart id, a1 = argument.
long hart_start(uint64_t hart_id, uint64_t address, uint64_t argument);
[[noreturn]] void hart_stop();
// Sets sip.SSIP on the harts of the mask (bit n: hart id base + n).
void send_ipi(uint64_t hart_mask, uint64_t base);
void remote_fence_i(uint64_t hart_mask, uint64_t base);
void remote_sfence_vma_asid(uint64_t hart_mask, uint64_t base, uint64_t start, uint64_t size,
                            uint64_t asid);
// Misaligned loads, stores and atomics of this hart come to S mode, if the firmware can do that.
void delegate_misaligned();
[[noreturn]] void shutdown();
void console_put(char c);

} // namespace kernel::arch::sbi

namespace kernel::arch {

[[noreturn]] void wait_forever();

} // namespace kernel::arch
