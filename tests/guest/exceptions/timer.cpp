// SPDX-License-Identifier: BSD-2-Clause
//
// N3, N13, U8, U11: the user timer interrupts its own thread, at its time, once, whatever the
// thread does then: runs, waits, was preempted, moves to another hart. Nobody else sees it. From
// arming to the handler the kernel is not entered.

#include "../libs/expect.hpp"

#include <atomic>
#include <cerrno>
#include <ouros/exceptions.hpp>
#include <ouros/io.hpp>
#include <ouros/timer.hpp>
#include <sched.h>
#include <thread>
#include <vector>

namespace uintr = ouros::uintr;
using uintr::timer;

namespace {

constexpr uint64_t tick_ns = 100;
constexpr uint64_t millisecond = 1'000'000 / tick_ns;

struct log {
    volatile int count;
    volatile uint64_t at;
    uint64_t again; // armed by the handler, so often
    uint64_t period;
};

void fired(void* context) {
    auto& l = *static_cast<log*>(context);
    l.at = timer::now();
    l.count = l.count + 1;
    if (l.again) {
        l.again--;
        timer::arm_in(l.period);
    }
}

void until(const volatile int& count, int wanted) {
    while (count < wanted)
        asm volatile("");
}

// Kernel entries but for the kernel's own tick.
uint64_t entries() {
    ouros_statistics s{};
    ouros::kernel::statistics(&s);
    return s.kernel_entries - s.timer_interrupts - s.other_traps;
}

void running() {
    log l = {};
    timer::set_handler(fired, &l);
    uintr::enable();
    uint64_t before = 0;
    for (int i = 1; i <= 20; i++) {
        if (i == 3) { // by now all of the program that takes part is there
            entries();
            before = entries();
        }
        uint64_t due = timer::now() + millisecond / 10;
        timer::arm_at(due);
        until(l.count, i);
        expect(l.at >= due, "not before its time", i);
        expect(timer::armed_at() == UINT64_MAX, "once");
    }
    uint64_t entered = entries() - before;
    expect(entered == 1, "the kernel is not entered", long(entered));
    timer::arm_at(timer::now() - 1);
    expect(l.count == 21, "a time in the past: at once", l.count);
    uintr::disable();
    timer::arm_in(0);
    for (uint64_t end = timer::now() + millisecond; timer::now() < end;)
        ;
    expect(l.count == 21, "not while interrupts are off", l.count);
    timer::disarm();
    uintr::enable();
    expect(l.count == 21, "disarmed in time", l.count);
    l.again = 9;
    l.period = 10;
    timer::arm_in(l.period);
    until(l.count, 31);
    expect(l.count == 31, "armed again by the handler", l.count);
    uintr::disable();
}

void waiting() {
    log l = {};
    timer::set_handler(fired, &l);
    for (int i = 1; i <= 5; i++) {
        uintr::disable();
        uint64_t due = timer::now() + millisecond;
        timer::arm_at(due);
        expect(ouros::kernel::wait(ouros::kernel::forever) == 0, "woken by the timer");
        expect(l.count == i && l.at >= due, "and handled before the call returns", l.count);
    }
    uintr::disable();
    timer::arm_in(1000 * millisecond);
    expect(ouros::kernel::wait(1'000'000) == -ETIME, "the timeout came first");
    expect(l.count == 5, "the timer did not", l.count);
    uintr::disable();
    timer::arm_at(0);
    expect(ouros::kernel::wait(ouros::kernel::forever) == 0 && l.count == 6, "due already");
    uintr::disable();
    timer::arm_in(millisecond);
    asm volatile("wfi"); // N13: ends, though interrupts are off
    uintr::enable();
    until(l.count, 7);
    uintr::disable();
}

// With the entry of ouros/exceptions.hpp, and vectors besides.
void with_exceptions() {
    static thread_local int taken = 0;
    log l = {};
    timer::set_handler(fired, &l);
    ouros::exceptions::set_handler(ouros::exceptions::cause::breakpoint,
                                   [](ouros::exceptions::context& at, void*) {
                                       at.skip(4);
                                       return ouros::exceptions::action::resume;
                                   });
    uintr::set_handler(4, [](unsigned, void*) { taken++; });
    uintr::enable();
    for (int i = 1; i <= 20; i++) {
        timer::arm_in(200);
        for (int k = 0; l.count < i; k++)
            asm volatile(".option push\n.option norvc\nebreak\n.option pop");
        uintr::raise(1 << 4);
        expect(taken == i, "vectors", taken);
    }
    uintr::disable();
}

// Threads with timers, more of them than harts, that also move; and some that look for what is not
// theirs: interrupts on, nothing armed.
std::atomic<bool> done;

void periodic() {
    ouros::kernel::uintr_setup();
    log l = {};
    timer::set_handler(fired, &l);
    uintr::enable();
    for (int i = 1; i <= 200; i++) {
        timer::arm_in(500);
        if (i % 8 == 0)
            sched_yield();
        while (l.count < i)
            if (i % 16 == 0)
                sched_yield();
        expect(l.count == i, "once for each time", l.count);
    }
    uintr::disable();
}

void bystander(bool known) {
    log l = {};
    if (known)
        ouros::kernel::uintr_setup();
    timer::set_handler(fired, &l);
    uintr::enable();
    while (!done) {
        // A thread that the kernel does not know finds its registers cleared after a while.
        expect(timer::armed_at() == UINT64_MAX, "nobody else's timer is seen");
        sched_yield();
    }
    uintr::disable();
    expect(l.count == 0, "nobody else's timer interrupts", l.count);
}

} // namespace

int main() {
    ouros::check(ouros::kernel::uintr_setup(), "uintr_setup");
    running();
    waiting();
    std::thread([] {
        ouros::kernel::uintr_setup();
        with_exceptions();
    }).join();
    std::vector<std::thread> threads, watchers;
    for (int i = 0; i < 5; i++) {
        threads.emplace_back(periodic);
        if (i % 2 == 0)
            watchers.emplace_back(bystander, i == 2);
    }
    for (std::thread& t : threads)
        t.join();
    done = true;
    for (std::thread& t : watchers)
        t.join();
    return failures != 0;
}
