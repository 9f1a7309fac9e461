// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>

namespace kernel {

// The calls of <ouros/kernel.h> but wait; `arguments` is a0.. of the frame.
long ouros_call(unsigned number, const uint64_t* arguments);

} // namespace kernel
