// SPDX-License-Identifier: BSD-2-Clause
//
// Equal shares of the harts for threads of one priority: those that compute all the time, one that
// gets interrupted without end because a flood of user interrupts wakes another one beside it, and
// more threads than harts. Time is counted in instructions, so the shares are the same in each run.

#include "../libs/expect.hpp"

#include <atomic>
#include <memory>
#include <ouros/io.hpp>
#include <ouros/uintr.hpp>
#include <sched.h>
#include <string_view>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

namespace kernel = ouros::kernel;
namespace uintr = ouros::uintr;

namespace {

std::atomic<bool> stop;

void pin(unsigned hart) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(hart, &set);
    expect(sched_setaffinity(0, sizeof set, &set) == 0, "setaffinity");
}

double own_time() {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return double(t.tv_sec) + double(t.tv_nsec) / 1e9;
}

void nap(long milliseconds) {
    timespec t{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
    nanosleep(&t, nullptr);
}

void work(int steps) {
    for (int i = 0; i < steps; i++)
        asm volatile("");
}

void spin(double& used) {
    double from = own_time();
    while (!stop)
        work(100);
    used = own_time() - from;
}

volatile long handled;

// Works in its handler, too, for longer than a send takes.
extern "C" void shares_received(uint64_t) {
    handled = handled + 1;
    work(20000);
}

} // namespace

OUROS_UINTR_ENTRY(shares_entry, shares_received);

namespace {

// One that computes and one that does the same in a handler, waiting for each interrupt, share a
// hart; the interrupts come without end, from another hart if there is one.
void flooded() {
    unsigned harts = unsigned(sysconf(_SC_NPROCESSORS_ONLN));
    std::atomic<int> fd = -1;
    double received = 0, spun = 0, sent = 0;
    std::thread receiver([&] {
        pin(0);
        ouros::check(kernel::uintr_setup(), "uintr_setup");
        uintr::set_entry(shares_entry);
        fd = int(ouros::check(kernel::uintr_create_fd(2), "create_fd"));
        double from = own_time();
        while (!stop) {
            uintr::disable();
            kernel::wait(100'000'000);
        }
        received = own_time() - from;
    });
    std::thread spinner([&] {
        pin(0);
        spin(spun);
    });
    std::thread sender([&] {
        pin(harts - 1);
        while (fd < 0)
            sched_yield();
        auto target = uint64_t(ouros::check(kernel::uintr_register_sender(fd), "register_sender"));
        double from = own_time();
        while (!stop)
            uintr::send(target);
        sent = own_time() - from;
    });
    nap(600);
    stop = true;
    for (std::thread* each : {&receiver, &spinner, &sender})
        each->join();
    std::printf("spinner %.0f ms, receiver %.0f ms, sender %.0f ms, handled %ld\n", spun * 1e3,
                received * 1e3, sent * 1e3, handled);
    expect(handled > 0, "interrupts handled", handled);
    // The receiver blocks each time; it may have less. The sender is here too with one hart, and
    // loses nothing by waking somebody.
    expect(spun > 0.85 * received, "the spinner has its share, of ms", long(spun * 1e3));
    if (harts == 1)
        expect(sent > 0.85 * spun && spun > 0.85 * sent, "the sender has its share, of ms",
               long(sent * 1e3));
}

// One more than there are harts.
void many() {
    unsigned harts = unsigned(sysconf(_SC_NPROCESSORS_ONLN));
    std::vector<double> used(harts + 1);
    std::vector<std::thread> threads;
    for (double& each : used)
        threads.emplace_back([&each] { spin(each); });
    nap(1000);
    stop = true;
    for (std::thread& each : threads)
        each.join();
    double fair = 0;
    for (double each : used)
        fair += each / (harts + 1);
    for (double each : used) {
        std::printf("%.0f ms of %.0f\n", each * 1e3, fair * 1e3);
        expect(each > fair * 0.9 && each < fair * 1.1, "a thread's share in per cent",
               long(each / fair * 100));
    }
}

} // namespace

int main(int, char** argv) {
    if (argv[1] == std::string_view("flooded"))
        flooded();
    else
        many();
    return failures != 0;
}
