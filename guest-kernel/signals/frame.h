// SPDX-License-Identifier: BSD-2-Clause
//
// The frame that a handler finds on its stack, and that rt_sigreturn reads back. It is Linux's for
// riscv64 (without the vector extension), to the byte:
//
//      lower  +----------------------+ <- sp in the handler, a multiple of 16
//             | siginfo_t        128 |    a1
//             | ucontext_t       960 |    a2: signal stack, mask, registers, floating point
//      higher +----------------------+
//             | what was interrupted |
//
// a0 is the signal; ra leads to the two instructions `li a7, rt_sigreturn; ecall`, by which
// debuggers and unwinders know such a frame.
//
// All of it is the process's to change, while the handler runs and, by other threads, while the
// kernel reads it. Nothing in it can do harm: the general and floating-point registers may have any
// value, a mask loses what can't be masked, and there is no status register in it. Words that are
// to become part of the format must be 0.
#pragma once

#include "signals/signals.h"

namespace kernel {

// The current thread begins the handler when it goes back to user mode. False: there is no room
// for the frame where its stack is.
bool push_signal_frame(thread& t, const signal_info& info, const signal_action& action,
                       signal_set saved_mask);

// rt_sigreturn. False: that is no frame.
bool pop_signal_frame(thread& t);

// sigaltstack, with a stack from the process. 0, -EINVAL, -EPERM, -ENOMEM.
long set_alternate_stack(thread& t, const alternate_stack& stack, uint64_t sp);

} // namespace kernel
