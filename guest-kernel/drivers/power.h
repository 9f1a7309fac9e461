// SPDX-License-Identifier: BSD-2-Clause
//
// Ends the machine. QEMU's exit status is `status` when there is a sifive_test device.
#pragma once

#include <cstdint>

namespace kernel {

void power_start(uint64_t test_device);
[[noreturn]] void power_off(int status);

} // namespace kernel
