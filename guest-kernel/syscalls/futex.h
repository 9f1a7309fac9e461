// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>

namespace kernel {

class process;

// Wakes at most `count` waiters of the word; how many there were.
long futex_wake(process& p, uint64_t address, unsigned count);

// Of futex's second argument: it waits for a lock that inherits priorities.
bool futex_locks(uint64_t operation);

} // namespace kernel
