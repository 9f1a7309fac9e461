// SPDX-License-Identifier: BSD-2-Clause
#include "schedule/waiting.h"

namespace kernel {

waiting_priorities waiting = {.all = 0x4040404040404040};

namespace {

// The system's word, from all harts' bytes. Whoever stores it looks at the bytes again afterwards:
// the last one to store has seen them all.
void publish_waiting() {
    uint64_t all = __atomic_load_n(&waiting.all, __ATOMIC_SEQ_CST);
    for (;;) {
        unsigned highest = OUROS_PRIORITY_IDLE;
        for (unsigned n = 0; n < arch::hart_count(); n++) {
            unsigned priority = all >> 8 * n & 0xff;
            highest = priority < highest ? priority : highest;
        }
        *system_priority = highest;
        std::atomic_thread_fence(std::memory_order_seq_cst);
        uint64_t now = __atomic_load_n(&waiting.all, __ATOMIC_RELAXED);
        if (now == all)
            return;
        all = now;
    }
}

} // namespace

void note_waiting(unsigned index, const ouros_queue& q) {
    uint64_t levels = q.ready;
    const ouros_task* running = q.running;
    if (running && running->next == running)
        levels &= ~(1ull << (running->list - q.list));
    auto highest = uint8_t(levels ? __builtin_ctzll(levels) : OUROS_PRIORITY_IDLE);
    uint8_t& mine = waiting.of_hart[index];
    if (__atomic_load_n(&mine, __ATOMIC_RELAXED) == highest)
        return;
    __atomic_store_n(&mine, highest, __ATOMIC_SEQ_CST);
    if (strict_threads.load(std::memory_order_relaxed))
        publish_waiting();
}

} // namespace kernel
