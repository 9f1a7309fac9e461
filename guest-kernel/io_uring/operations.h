// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <ouros/opcodes.h>

namespace kernel {

// Of an entry that stands for one whose result is known when it is submitted: that is in `off`.
inline constexpr uint8_t operation_with_result = 0xff;

inline constexpr uint8_t last_operation = OUROS_OP_PIPE; // that anything here serves

// By the device or the kernel; what IORING_REGISTER_PROBE says.
bool operation_is_supported(uint8_t opcode);

} // namespace kernel
