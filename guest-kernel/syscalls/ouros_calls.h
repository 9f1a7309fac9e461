// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <ouros/kernel.h>

namespace kernel {

class process;

// Counters of the process, the first of its statistics.
void collect_statistics(process& p, ouros_statistics& s);

// The calls of <ouros/kernel.h> but wait; `arguments` is a0.. of the frame.
long ouros_call(unsigned number, const uint64_t* arguments);

} // namespace kernel
