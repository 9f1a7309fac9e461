// SPDX-License-Identifier: BSD-2-Clause
//
// User interrupts to oneself: from the instruction that raises one to the next one, the raising and
// the handler's own work taken off.

#include "measure.hpp"

#include <ouros/io.hpp>
#include <ouros/uintr.hpp>

namespace uintr = ouros::uintr;

extern "C" void bench_empty_handler(uint64_t) {}

OUROS_UINTR_ENTRY(bench_empty_entry, bench_empty_handler);

namespace bench {

namespace {

constexpr uint64_t vector = 5;
constexpr uint64_t raising = 1;

void measure_self(const char* name) {
    for (int i = -100; i < 2000; i++) {
        uint64_t start = instructions();
        uintr::raise(uint64_t{1} << vector);
        uint64_t end = instructions();
        if (i >= 0)
            taken.add(end - start);
    }
    taken.report(name, 1, reading + raising);
}

void nothing(unsigned, void*) {}

void interrupts(const char*) {
    ouros::check(ouros::kernel::uintr_setup(), "uintr_setup");
    uintr::set_handler(vector, nothing);
    uintr::enable();
    measure_self("uintr.handler.per_vector");

    uintr::set_entry(bench_empty_entry);
    measure_self("uintr.handler");

    int fd = static_cast<int>(ouros::kernel::uintr_create_fd(vector));
    if (fd >= 0) {
        auto sender = static_cast<uint64_t>(
            ouros::check(ouros::kernel::uintr_register_sender(fd), "uintr_register_sender"));
        for (int i = -100; i < 2000; i++) {
            uint64_t start = instructions();
            uintr::send(sender);
            uint64_t end = instructions();
            if (i >= 0)
                taken.add(end - start);
        }
        taken.report("uintr.send_to_self");
    }

    static uintr::flag flag;
    uintr::set_flag(&flag);
    measure_self("uintr.flag_only");
    uintr::disable();
}

const subject here{"interrupts", harts::one, interrupts};

} // namespace

} // namespace bench
