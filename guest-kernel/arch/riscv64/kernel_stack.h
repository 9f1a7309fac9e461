// SPDX-License-Identifier: BSD-2-Clause
//
// Kernel stacks. A hart runs on one; what is preempted in the kernel keeps the one it is on, and
// the hart goes on on a spare one of its own:
//
//   park_here()    registers to the stack, `then` on a spare stack
//   unpark()       back: the stack that the hart was on until then becomes a spare one
//
// What is parked goes on on the same hart, so a hart's spare stacks are nobody else's business.
#pragma once

#include <cstdint>

namespace kernel::arch {

struct parked_stack {
    uint64_t sp = 0;
    uint64_t top = 0;
};

// Boot: a hart's stacks, with guard pages. False: out of memory.
struct hart;
bool make_kernel_stacks(hart& h);

bool has_spare_stack(); // this hart
// There is a spare one. Returns when it is unparked.
void park_here(parked_stack& here, void (*then)());
[[noreturn]] void unpark(const parked_stack& there);

// For a test that they come back: of all harts.
unsigned spare_stacks();

} // namespace kernel::arch
