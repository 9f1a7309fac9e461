// SPDX-License-Identifier: BSD-2-Clause
//
// The user-interrupt registers of a hart (N extension and UIPI).
#pragma once

#include <cstdint>

#include "arch/riscv64/frame.h"

namespace kernel::arch {

// Whether this hart has N and UIPI; if so, tells it where the UINTC is, and lets user software
// interrupts go to user mode.
bool start_user_interrupts(uint64_t uintc);

void load_user_interrupts(const user_frame& f);
// Leaves nothing of the thread behind: the next one may be somebody else's.
void save_user_interrupts(user_frame& f);

void set_receiver(uint64_t suirs);
void set_senders(uint64_t suist);

// Of the running thread, which is in a system call.
void enable_user_interrupts();
bool user_interrupt_pending(); // and enabled in uie

} // namespace kernel::arch
