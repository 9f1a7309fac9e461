// SPDX-License-Identifier: BSD-2-Clause
//
// U7, U12: a slot whose generations begin anew. With one slot and one hart every switch between
// threads with receivers takes the slot away from one of them, which is a generation each time. A
// sender's entry from before 65 535 of them would name the slot's owner again, if the kernel did
// not see to it. Two threads take turns, and each tries the entries for a third one that has been
// waiting since the beginning.

#include "../libs/expect.hpp"

#include <atomic>
#include <ouros/io.hpp>
#include <ouros/uintr.hpp>
#include <thread>

namespace kernel = ouros::kernel;
namespace uintr = ouros::uintr;

namespace {

constexpr long turns = 70'000; // two generations each

std::atomic<int> fd{-1};
std::atomic<bool> other_ready{false}, stop{false};
std::atomic<long> turns_of_other{0};
uint64_t sender;

} // namespace

int main() {
    ouros::check(kernel::uintr_setup(), "uintr_setup");
    static uintr::flag mine;
    uintr::set_flag(&mine);
    uintr::enable();
    long waited = 0;
    std::thread waits([&] {
        ouros::check(kernel::uintr_setup(), "uintr_setup");
        static uintr::flag flag;
        uintr::set_flag(&flag);
        int my_fd = static_cast<int>(ouros::check(kernel::uintr_create_fd(11), "create_fd"));
        // While the slot is its own: the entry is valid now.
        sender =
            static_cast<uint64_t>(ouros::check(kernel::uintr_register_sender(my_fd), "register"));
        fd = my_fd;
        uintr::disable();
        while (!flag.vectors) {
            kernel::wait(kernel::forever);
            waited++;
            uintr::disable();
        }
        expect(flag.vectors == uint64_t{1} << 11, "its vector", long(flag.vectors));
    });
    while (fd < 0)
        sched_yield();
    std::thread turn([&] {
        ouros::check(kernel::uintr_setup(), "uintr_setup");
        static uintr::flag flag;
        uintr::set_flag(&flag);
        uintr::enable();
        while (!stop) {
            turns_of_other++;
            expect(uintr::send(sender) != OUROS_UIPI_SENT, "it has no slot");
            sched_yield();
        }
        expect(flag.take() == 0, "nothing for the one that takes turns");
        uintr::disable();
    });
    while (!turns_of_other)
        sched_yield();
    for (long i = 0; i < turns; i++) {
        expect(uintr::send(sender) != OUROS_UIPI_SENT, "it has no slot", i);
        sched_yield();
    }
    expect(mine.take() == 0, "nothing for this one");
    expect(turns_of_other > turns / 2, "they took turns", turns_of_other);
    stop = true;
    turn.join();
    expect(waited == 0, "nobody woke it", waited);
    expect(kernel::uintr_send(sender) == 0, "by the kernel");
    waits.join();
    expect(waited == 1, "woken once", waited);
    return failures != 0;
}
