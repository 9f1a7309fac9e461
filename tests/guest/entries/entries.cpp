// SPDX-License-Identifier: BSD-2-Clause
#include "entries.hpp"

// The completions are looked for, not announced: the handler does nothing.
extern "C" void entries_ignore(uint64_t) {}
OUROS_UINTR_ENTRY(entries_handler, entries_ignore);

void open_ring(uint32_t sq, uint32_t cq) {
    ouros_ring where = {};
    if (int64_t error = ouros::kernel::ring_setup(sq, cq, &where); error < 0) {
        std::printf("WRONG: ring_setup: %ld\n", error);
        std::exit(1);
    }
    the_ring = ouros::ring(where);
    ouros::uintr::set_entry(entries_handler);
    ouros::uintr::enable();
}
