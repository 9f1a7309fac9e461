// SPDX-License-Identifier: BSD-2-Clause
//
// The platform interrupt controller. A source of the kernel is urgent (it interrupts a running
// thread) or deferred (it interrupts only a hart that sleeps, and is polled otherwise).
//
// A source can be lent to the thread that a hart runs, if the PLIC has contexts for user mode:
//
//   lent       enabled in the hart's user context: a user external interrupt of whoever runs
//   watched    enabled in the hart's supervisor context, but never claimed there, which would
//              take the interrupt from its owner: the kernel is told, and the source withheld
//   withheld   enabled nowhere; what arrives stays pending
#pragma once

#include <cstdint>

#include "memory/pages.h"

namespace kernel {

using interrupt_handler = void (*)();

void plic_start_hart(unsigned hart_index);

// At boot, before the other harts start. A source with a poll function is deferred; there may be
// one.
void plic_add(uint32_t source, interrupt_handler handler, interrupt_handler poll = nullptr);
// The same for one that is off until plic_set_enabled.
void plic_add_disabled(uint32_t source, interrupt_handler handler);
void plic_set_enabled(uint32_t source, bool enabled);

void plic_handle();             // claims and handles what is pending for this hart
void plic_poll_deferred();      // runs the poll function
void plic_defer(bool deferred); // of this hart: don't / do take deferred sources

// Sources for user mode. A hart has at most one that is lent or watched.
bool plic_has_user_context(unsigned hart_index);
// The page with the user context's registers: the threshold, and claim/complete behind it.
physical_address plic_user_page(unsigned hart_index);
inline constexpr uint64_t plic_claim_offset = 4;

void plic_on_watched(interrupt_handler pending); // at boot: executed by the hart that watches

void plic_lend(unsigned hart_index, uint32_t source);
void plic_watch(unsigned hart_index, uint32_t source);
void plic_withhold(unsigned hart_index, uint32_t source);
// Before a source has a new owner and after: ends a claim, forgets what is pending, withholds it.
void plic_settle(unsigned hart_index, uint32_t source);

} // namespace kernel
