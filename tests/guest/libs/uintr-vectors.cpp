// SPDX-License-Identifier: BSD-2-Clause
//
// N1, U3: every vector 0..63 reaches its own handler, once per set bit; what is raised while
// interrupts are off comes when they go on; a handler returns to where it was.

#include "expect.hpp"

#include <ouros/io.hpp>

namespace uintr = ouros::uintr;

namespace {

int taken[64];

void count(unsigned vector, void* context) {
    expect(context == &taken[vector], "the handler's context", vector);
    taken[vector]++;
}

} // namespace

int main() {
    ouros::check(ouros::kernel::uintr_setup(), "uintr_setup");
    for (unsigned vector = 0; vector < 64; vector++)
        uintr::set_handler(vector, count, &taken[vector]);
    uintr::enable();
    for (unsigned vector = 0; vector < 64; vector++) {
        uintr::raise(uint64_t{1} << vector);
        expect(taken[vector] == 1, "taken at once", vector);
    }
    uintr::disable();
    uintr::raise(~uint64_t{0});
    uintr::raise(~uint64_t{0});
    for (unsigned vector = 0; vector < 64; vector++)
        expect(taken[vector] == 1, "not while they are off", vector);
    uintr::enable();
    for (unsigned vector = 0; vector < 64; vector++)
        expect(taken[vector] == 2, "once per set bit", vector);

    // Registers of both kinds survive a handler.
    double sum = 0;
    long steps = 0;
    for (int i = 0; i < 1000; i++) {
        sum += 0.5 * i;
        uintr::raise(uint64_t{1} << (i % 64));
        steps += i;
    }
    expect(sum == 249750.0 && steps == 499500, "registers are as before", steps);

    static uintr::flag flag;
    uintr::set_flag(&flag);
    uintr::raise(5);
    uintr::raise(uint64_t{1} << 63);
    expect(flag.take() == (uint64_t{1} << 63 | 5), "the flag-only handler collects");
    expect(flag.take() == 0, "and what is taken is gone");

    int fd = static_cast<int>(ouros::check(ouros::kernel::uintr_create_fd(9), "create_fd"));
    auto sender = static_cast<uint64_t>(
        ouros::check(ouros::kernel::uintr_register_sender(fd), "register_sender"));
    expect(uintr::send(sender) == OUROS_UIPI_SENT, "sent");
    expect(flag.take() == uint64_t{1} << 9, "and received");
    expect(uintr::send(sender + 1000) == OUROS_UIPI_NO_SENDER, "no such sender");
    expect(ouros::kernel::uintr_create_fd(64) == -EINVAL, "vector 64");
    return failures != 0;
}
