// SPDX-License-Identifier: BSD-2-Clause
//
// What becomes of a thread that did what it may not: a line that says what and where, and the end
// of its process by a signal.
#pragma once

#include <cstdint>

namespace kernel {

class thread;

enum signal_number : int {
    signal_ill = 4,
    signal_trap = 5,
    signal_abort = 6,
    signal_bus = 7,
    signal_kill = 9,
    signal_segv = 11,
};

// error: -EFAULT (nothing there, or not allowed) or -ENOMEM.
void memory_fault(thread& t, uint64_t address, uint8_t access, long error);
void fatal_signal(thread& t, int signal, const char* what, uint64_t value);

} // namespace kernel
