// SPDX-License-Identifier: BSD-2-Clause
//
// What is ready on each hart and does not run: a byte for its highest priority, which the hart with
// the queue's lock writes. Together they are one word, so that all can be read at once; from them
// comes the system's word that processes read (priorities.h).
#pragma once

#include <cstdint>
#include <ouros/sched.h>

#include "arch/riscv64/hart.h"
#include "schedule/priorities.h"

namespace kernel {

union waiting_priorities {
    uint8_t of_hart[8];
    uint64_t all;
};
static_assert(arch::max_harts <= sizeof(waiting_priorities) && OUROS_PRIORITY_IDLE == 0x40);
extern waiting_priorities waiting;

inline unsigned waiting_on(unsigned index) {
    return __atomic_load_n(&waiting.of_hart[index], __ATOMIC_RELAXED);
}

// Is it worth while to keep `waiting`: for other harts, or for processes?
inline bool waiting_is_kept() {
    return arch::harts_used > 1 || strict_threads.load(std::memory_order_relaxed);
}
// The hart's queue, whose lock the caller has, may have changed.
void note_waiting(unsigned index, const ouros_queue& q);

// Any hart's byte of `waiting` below `than`, which is 1..64.
inline bool more_urgent_elsewhere(unsigned than) {
    if (arch::harts_used == 1)
        return false;
    // Priorities are 0..64: adding 127 - (than - 1) sets a byte's highest bit unless it is below.
    uint64_t all = __atomic_load_n(&waiting.all, __ATOMIC_RELAXED);
    return (~(all + (128 - than) * 0x0101010101010101) & 0x8080808080808080) != 0;
}

} // namespace kernel
