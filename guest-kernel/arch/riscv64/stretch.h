// SPDX-License-Identifier: BSD-2-Clause
//
// Stretches: what the kernel executes from one look for interrupts to the next, which is how long
// an interrupt can wait. They begin where the hart enters the kernel and end where it leaves; a
// preemption point and the scheduler's look around end one and begin another.
//
// Measured only when the kernel is booted with the argument "stretches" (QEMU's -append): entry and
// exit then make a detour (stretch.S). Otherwise all that it costs is a look at a flag.
#pragma once

#include <cstdint>
#include <ouros/kernel.h>

namespace kernel::arch {

extern bool stretches_measured;

// Boot, when the harts are made.
void stretches_start();

// In stretch.S: what entry and exit are instead of trap.S's.
extern "C" char measured_enter_syscall[], measured_enter_trap[], measured_leave_syscall[];
extern "C" void end_stretch(uint64_t ended_at);

// The hart has just looked for interrupts.
inline void stretch_point() {
    if (!stretches_measured) [[likely]]
        return;
    uint64_t here;
    asm volatile("auipc %0, 0" : "=r"(here));
    end_stretch(here);
}
// What this hart does from here on is kernel work.
void stretch_is_work();

// The longest ones, at most `count`, longest first: how many there are. With `forget` they are
// forgotten.
unsigned longest_stretches(ouros_stretch* out, unsigned count, bool forget);

} // namespace kernel::arch
