// SPDX-License-Identifier: BSD-2-Clause
//
// What becomes of a thread that did what it may not: a signal, and if there is no handler for it a
// line that says what and where, and the end of its process.
#pragma once

#include <cstdint>

#include "signals/signal.h"

namespace kernel {

class thread;

// error: -EFAULT (nothing there, or not allowed) or -ENOMEM.
void memory_fault(thread& t, uint64_t address, uint8_t access, long error);
// info.fault.address is what a handler sees, `value` what the line says.
void fault_signal(thread& t, const signal_info& info, const char* what, uint64_t value);

} // namespace kernel
