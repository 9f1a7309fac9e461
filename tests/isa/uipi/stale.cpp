// SPDX-License-Identifier: BSD-2-Clause
//
// U7: when a slot changes hands, its former senders get an error, and the next owner sees nothing
// that was not sent to it, however hard the former ones try at that moment.
#include "kernel.h"

namespace {

constexpr unsigned receiver = 44;
constexpr unsigned owners = 500;

Thread senders[MAX_HARTS], owner;
SenderTable tables[MAX_HARTS];
Mark current, stop;
Mark sent[MAX_HARTS], refused[MAX_HARTS];

// All the time, to generation 1 .. owners, by one entry each; the vector is the generation's.
void keep_sending(std::uint64_t hart) {
    while (!stop.get()) {
        std::uint64_t now = current.get();
        for (std::uint64_t g = now > 2 ? now - 2 : 1; g <= now; ++g) {
            std::uint64_t status = uipi::send(g);
            CHECK(status == OUROS_UIPI_SENT || status == OUROS_UIPI_REFUSED);
            (status == OUROS_UIPI_SENT ? sent : refused)[hart].add();
            // A refusal is final: that generation does not come back.
            if (g < now)
                EQUAL(uipi::send(g), OUROS_UIPI_REFUSED);
        }
    }
    user_ecall();
}

} // namespace

extern "C" void user_handler() {
    CHECK(!"interrupted");
}

void test(unsigned hart) {
    if (hart == 0) {
        for (unsigned i = 1; i < HARTS; ++i)
            for (unsigned g = 1; g < 512; ++g)
                tables[i].entries[g] = uintc::sender(receiver, g % 64, g);
        uintc::set_low(receiver, uintc::generation(1));
        current.set(1);
    }
    barrier();
    if (hart != 0) {
        senders[hart].receiver = receiver + hart;
        senders[hart].senders = &tables[hart];
        senders[hart].start(keep_sending, hart);
        EQUAL(run(senders[hart], hart), cause_ecall);
    } else {
        for (unsigned g = 1; g <= owners; ++g) {
            if (g > 1)
                uintc::set_low(receiver, uintc::generation(g));
            current.set(g);
            // Whatever there is, is this owner's; something comes.
            std::uint64_t pending = 0;
            UNTIL((pending |= uintc::take(receiver)) != 0);
            EQUAL(pending, 1ull << (g % 64));
            // A machine with fewer processors than harts runs them in turns: each hart sends to
            // the first owner, and is refused once the second one has come.
            for (unsigned i = 1; i < HARTS && g <= 2; ++i)
                UNTIL((g == 1 ? sent : refused)[i].get() > 0);
        }
        stop.set(1);
    }
    barrier();
    if (hart == 0)
        uintc::take(receiver);
}
