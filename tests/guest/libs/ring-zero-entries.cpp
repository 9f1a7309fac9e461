// SPDX-License-Identifier: BSD-2-Clause
//
// A1: while there is work, reads of files that are open enter the kernel for nothing but its tick.
// One strand is always ready, so there is no wait either.

#include "expect.hpp"

#include <ouros/ouros.hpp>
#include <vector>

namespace {

constexpr int readers = 32;
constexpr int rounds = 50;
int reading;

ouros::task<void> read_often(int fd) {
    static char buffers[readers][512];
    char* buffer = buffers[reading++];
    for (uint64_t i = 0; i < rounds; i++) {
        int64_t length = co_await ouros::read(fd, buffer, sizeof buffers[0], i % 4);
        expect(length == sizeof buffers[0], "a whole block", length);
    }
    reading--;
}

ouros::task<void> stay_ready() {
    while (reading > 0)
        co_await ouros::yield();
}

ouros_statistics statistics() {
    ouros_statistics all = {};
    ouros::check(ouros::kernel::statistics(&all), "statistics");
    return all;
}

ouros::task<int> program(const char* path) {
    int fd = static_cast<int>(ouros::check(co_await ouros::open(path, O_RDONLY), path));
    ouros_statistics before = {}, after = {};
    // The first round touches every page that there is to touch.
    for (int i = 0; i < 2; i++) {
        std::vector<ouros::task<void>> all;
        for (int k = 0; k < readers; k++)
            all.push_back(read_often(fd));
        before = statistics();
        auto reads = ouros::spawn(ouros::when_all(std::move(all)));
        co_await ouros::yield();
        auto busy = ouros::spawn(stay_ready());
        co_await reads;
        after = statistics();
        co_await busy;
    }
    auto counted = [&](uint64_t ouros_statistics::*field) {
        return static_cast<long>(after.*field - before.*field);
    };
    using s = ouros_statistics;
    expect(counted(&s::submissions) == 0, "no entry to submit", counted(&s::submissions));
    expect(counted(&s::completion_interrupts) == 0, "no entry to complete",
           counted(&s::completion_interrupts));
    expect(counted(&s::waits) == 0, "no wait", counted(&s::waits));
    expect(counted(&s::syscalls) <= 1, "no call but statistics", counted(&s::syscalls));
    expect(counted(&s::page_faults) == 0, "no page fault", counted(&s::page_faults));
    long others =
        counted(&s::kernel_entries) - counted(&s::syscalls) - counted(&s::timer_interrupts);
    expect(others == 0, "no entry but the tick", others);
    expect(ouros::this_worker.counters().completions >= 2 * readers * rounds, "all completed");
    co_return failures != 0;
}

} // namespace

int main(int, char** argv) {
    return ouros::run(program(argv[1]));
}
