// SPDX-License-Identifier: BSD-2-Clause
//
// One call through each of the kernel's entries: getppid, which does next to nothing, by ecall, by
// ecall with a token, and as an entry of the ring that the device forwards. A batch is measured
// from the first call to the last completion reaped. The kernel serves it when the thread waits.

#include "measure.hpp"

#include <cstdio>
#include <ouros/call.hpp>
#include <ouros/io.hpp>

namespace kernel = ouros::kernel;
namespace uintr = ouros::uintr;

namespace {

ouros::ring queue;
uint64_t finished; // written by the handler, or with interrupts off

void reap() {
    finished += queue.reap([](uint64_t, int32_t, uint32_t) {});
}

} // namespace

extern "C" void bench_entries_handler(uint64_t) {
    reap();
}

OUROS_UINTR_ENTRY(bench_entries_entry, bench_entries_handler);

namespace bench {

namespace {

template <typename Begin>
void batch_of(const char* name, unsigned batch, Begin&& begin) {
    for (int i = -50; i < 500; i++) {
        uint64_t target = finished + batch;
        uint64_t start = instructions();
        for (unsigned k = 0; k < batch; k++)
            begin(k);
        if (queue.unsubmitted())
            queue.submit();
        while (ouros::load_relaxed(&finished) < target) {
            uintr::disable();
            reap();
            if (finished < target)
                kernel::wait(kernel::forever);
            uintr::enable();
        }
        uint64_t end = instructions();
        if (i >= 0)
            taken.add(end - start);
    }
    char full_name[64];
    std::snprintf(full_name, sizeof full_name, "%s.batch%u", name, batch);
    taken.report(full_name, batch);
}

void entries(const char*) {
    ouros_ring where = {};
    ouros::check(kernel::ring_setup(256, 1024, &where), "ring_setup");
    queue = ouros::ring(where);
    uintr::set_entry(bench_entries_entry);
    uintr::enable();
    static const uint64_t none[6] = {};
    for (unsigned batch : {1u, 2u, 32u}) {
        batch_of("served", batch, [](unsigned k) {
            ouros::ring::fill(queue.try_get(), OUROS_OP_CALL, -1, reinterpret_cast<uint64_t>(none),
                              SYS_getppid, 0, k);
        });
        batch_of("token", batch, [](unsigned k) { kernel::hand_over(k, SYS_getppid, none); });
    }
    uintr::disable();
    kernel::ring_close();
    uintr::set_entry(bench_empty_entry);
}

const subject here{"entries", harts::one, entries};

} // namespace

} // namespace bench
