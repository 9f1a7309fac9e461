// SPDX-License-Identifier: BSD-2-Clause
//
// Interrupts of a hart. In the kernel they are never taken: they are looked for, when the hart
// enters the scheduler and when it sleeps. A running thread is interrupted by its tick, by other
// harts and by the UINTC's wake list, but not by completions: those wait for the tick, for the
// process to run out of work, or for a hart that has nothing to do.
#pragma once

#include <cstdint>

#include "arch/riscv64/csr.h"
#include "async/timer.h"

namespace kernel::arch::interrupts {

void start(); // on each hart

// Whether an interrupt would be taken if the kernel took them.
inline bool pending() {
    return read_csr<csr_sip>() & (interrupt_software | interrupt_timer | interrupt_external);
}

// Handles what is pending, and looks at the asyscall device's completions.
void poll();

// Waits for an interrupt, at most until `deadline`.
void sleep(nanoseconds deadline);

// How long the hart has slept.
nanoseconds idle_time(unsigned hart_index);

// The next timer interrupt: in so many ticks, or at `deadline` if that is earlier.
void arm_slice(uint64_t ticks_left, nanoseconds deadline);

// Interrupts another hart: there is work for it.
void send(unsigned hart_index);

} // namespace kernel::arch::interrupts
