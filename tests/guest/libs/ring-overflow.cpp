// SPDX-License-Identifier: BSD-2-Clause
//
// A4: completions that find the queue full wait in the device until there is room: none is lost,
// none comes twice, none changes.

#include "expect.hpp"

#include <ouros/ouros.hpp>
#include <vector>

namespace kernel = ouros::kernel;
namespace uintr = ouros::uintr;

namespace {

constexpr uint64_t total = 100;
ouros::ring ring;
std::vector<int> seen(total);
uint64_t completed;

void drain() {
    completed += ring.reap([](uint64_t user_data, int32_t result, uint32_t) {
        expect(user_data < total, "the entry's user_data", static_cast<long>(user_data));
        expect(result == 0, "a no-op's result", result);
        seen[user_data % total]++;
    });
}

} // namespace

extern "C" void nothing_yet(uint64_t) {}

OUROS_UINTR_ENTRY(nothing_yet_entry, nothing_yet);

int main() {
    ouros_ring where = {};
    ouros::check(kernel::ring_setup(4, 4, &where), "ring_setup");
    ring = ouros::ring(where);
    uintr::set_entry(nothing_yet_entry);

    // Nothing is reaped until everything is submitted.
    for (uint64_t sent = 0; sent < total;) {
        io_uring_sqe* entry = ring.try_get();
        if (entry) {
            ouros::ring::fill(entry, IORING_OP_NOP, -1, 0, 0, 0, sent++);
            continue;
        }
        ring.submit();
    }
    ring.submit();
    while (completed < total) {
        uintr::disable();
        drain();
        if (completed < total && !ring.ready())
            kernel::wait(1'000'000);
    }
    expect(ring.overflowed() > 0, "some completions overflowed");
    for (uint64_t i = 0; i < total; i++)
        expect(seen[i] == 1, "one completion of each", static_cast<long>(i));
    expect(!ring.broken(), "the ring works");
    kernel::ring_close();
    return failures != 0;
}
