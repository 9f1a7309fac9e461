// SPDX-License-Identifier: BSD-2-Clause
//
// Exceptions that a thread handles itself. What the firmware delegates to S mode, S mode delegates
// to the thread while it runs (sedeleg), and the kernel never sees it: page faults, breakpoints,
// misaligned atomics. What the firmware keeps comes to the kernel all the same: illegal
// instructions, which OpenSBI looks at before it hands them on. The kernel then enters the thread's
// handler as the hart would. Either way the handler finds the same registers.
//
//   mask                      hart's sedeleg        by way of the kernel
//   thread::user_exceptions = user_frame::sedeleg | the rest
#pragma once

#include <cstdint>

namespace kernel {

class thread;

// user_exceptions(mask, flags): the mask before, or -EINVAL, -ENODEV.
long set_user_exceptions(thread& t, uint64_t mask, uint64_t flags);

// For the running thread, when its process executes another program.
void forget_user_exceptions(thread& t);

// fault_in(address, access): 0, -EFAULT, -ENOMEM, -EINVAL.
long fault_in(thread& t, uint64_t address, uint64_t access);

// From a trap of the running thread: true if it goes on in its own handler.
bool pass_to_user_handler(thread& t, uint64_t cause, uint64_t value);

} // namespace kernel
