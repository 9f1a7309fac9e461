// SPDX-License-Identifier: BSD-2-Clause
//
// Rings without coroutines: a batch from the first entry filled to the last completion reaped, by a
// user-interrupt handler that drains the queue. When nothing is there yet the thread waits in the
// kernel, which is then part of the figure.

#include "measure.hpp"

#include <cstdio>
#include <fcntl.h>
#include <ouros/io.hpp>
#include <unistd.h>

namespace kernel = ouros::kernel;
namespace uintr = ouros::uintr;

namespace {

ouros::ring ring;
uint64_t completed; // written by the handler, or with interrupts off
int32_t worst;

void drain() {
    completed += ring.reap(
        [](uint64_t, int32_t result, uint32_t) { worst = result < worst ? result : worst; });
}

alignas(4096) char buffers[32][4096];

} // namespace

extern "C" void bench_drain_handler(uint64_t) {
    drain();
}

OUROS_UINTR_ENTRY(bench_drain_entry, bench_drain_handler);

namespace bench {

namespace {

constexpr unsigned repetitions(unsigned batch) {
    return batch > 32 ? 200 : 500;
}

[[gnu::always_inline]] inline void wait_for(uint64_t target) {
    while (ouros::load_relaxed(&completed) < target) {
        uintr::disable();
        drain();
        if (completed < target)
            kernel::wait(kernel::forever);
        uintr::enable();
    }
}

template <typename Fill>
void batch_of(const char* name, unsigned batch, Fill&& fill) {
    for (int i = -20; i < static_cast<int>(repetitions(batch)); i++) {
        uint64_t target = completed + batch;
        uint64_t start = instructions();
        for (unsigned k = 0; k < batch; k++)
            fill(ring.try_get(), k);
        ring.submit();
        wait_for(target);
        uint64_t end = instructions();
        if (i >= 0)
            taken.add(end - start);
    }
    char full_name[64];
    std::snprintf(full_name, sizeof full_name, "%s.batch%u", name, batch);
    taken.report(full_name, batch);
    ouros::check(worst, full_name);
}

void nop(io_uring_sqe* entry, unsigned k) {
    ouros::ring::fill(entry, IORING_OP_NOP, -1, 0, 0, 0, k);
}

// The program's own part of a batch of no-ops: the device's time and the interrupt left out.
void user_side() {
    constexpr unsigned batch = 32;
    uintr::disable();
    samples& user = taken;
    for (int i = -20; i < 500; i++) {
        uint64_t target = completed + batch;
        uint64_t start = instructions();
        for (unsigned k = 0; k < batch; k++)
            nop(ring.try_get(), k);
        ring.submit();
        uint64_t middle = instructions();
        while (ring.ready() < batch) {
            kernel::wait(kernel::forever); // runs the handler, which this time leaves the queue
            uintr::disable();
        }
        uint64_t before = instructions();
        drain();
        uint64_t end = instructions();
        ouros::check(completed == target ? 0 : -EIO, "user side");
        if (i >= 0)
            user.add(middle - start + end - before);
    }
    user.report("nop.batch32.user", batch, 2 * reading);
    uintr::enable();
}

void rings(const char* file) {
    ouros_ring where = {};
    ouros::check(kernel::ring_setup(256, 1024, &where), "ring_setup");
    ring = ouros::ring(where);
    uintr::set_entry(bench_drain_entry);
    uintr::enable();

    for (unsigned batch : {1u, 8u, 32u, 128u})
        batch_of("nop", batch, nop);

    int fd = ::open(file, O_RDONLY);
    ouros::check(fd < 0 ? -errno : 0, file);
    for (auto& page : buffers)
        page[0] = 1;
    for (unsigned batch : {1u, 32u})
        batch_of("read4k", batch, [fd](io_uring_sqe* entry, unsigned k) {
            ouros::ring::fill(entry, IORING_OP_READ, fd, reinterpret_cast<uint64_t>(buffers[k]),
                              sizeof buffers[k], k * sizeof buffers[k], k);
        });
    ::close(fd);

    uintr::set_entry(bench_empty_entry);
    user_side();
    uintr::disable();
    kernel::ring_close();
}

const subject here{"rings", harts::one, rings};

} // namespace

} // namespace bench
