// SPDX-License-Identifier: BSD-2-Clause
//
// The platform interrupt controller. A source is urgent (it interrupts a running thread) or
// deferred (it interrupts only a hart that sleeps, and is polled otherwise).
#pragma once

#include <cstdint>

namespace kernel {

using interrupt_handler = void (*)();

void plic_start_hart(unsigned hart_index);

// At boot, before the other harts start. A source with a poll function is deferred.
void plic_add(uint32_t source, interrupt_handler handler, interrupt_handler poll = nullptr);

void plic_handle();             // claims and handles what is pending for this hart
void plic_poll_deferred();      // runs the poll functions
void plic_defer(bool deferred); // of this hart: don't / do take deferred sources

} // namespace kernel
