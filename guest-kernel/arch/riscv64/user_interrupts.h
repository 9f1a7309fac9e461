// SPDX-License-Identifier: BSD-2-Clause
//
// The user-interrupt registers of a hart (N extension and UIPI) that the kernel alone can write;
// user_traps.h has those that a thread writes itself.
#pragma once

#include <cstdint>

namespace kernel::arch {

// Whether this hart, which has N, lets user software interrupts go to user mode and has UIPI; if so,
// tells it where the UINTC is.
bool start_user_interrupts(uint64_t uintc);

void set_receiver(uint64_t suirs);
void set_senders(uint64_t suist);

// Of the running thread, which is in a system call.
void enable_user_interrupts();
bool user_interrupt_pending(); // and enabled in uie

} // namespace kernel::arch
