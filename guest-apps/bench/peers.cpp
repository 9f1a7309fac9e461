// SPDX-License-Identifier: BSD-2-Clause
//
// User interrupts from one thread or process to another: one way to a receiver that runs on another
// hart, and there and back. Harts run in turn; who has nothing to do gives its turn away (pause),
// so what is counted is the path of the message and a few instructions of looking for it.

#include "measure.hpp"
#include "sides.hpp"

#include <ouros/io.hpp>
#include <ouros/ordering.h>
#include <ouros/poller.hpp>
#include <ouros/uintr.hpp>
#include <unistd.h>

namespace kernel = ouros::kernel;
namespace uintr = ouros::uintr;

namespace {

// One for each side, also where both are threads.
thread_local uint64_t* arrived; // where the handler says when it was entered
thread_local uint64_t reply_to; // a sender's index
thread_local uint64_t taken_here;

} // namespace

// Says when it was entered.
extern "C" void bench_stamp_handler(uint64_t) {
    uint64_t now;
    asm volatile("csrr %0, instret" : "=r"(now)::"memory");
    ouros::store_relaxed(arrived, now);
}
OUROS_UINTR_ENTRY(bench_stamp_entry, bench_stamp_handler);

// Sends back.
extern "C" void bench_reply_handler(uint64_t) {
    taken_here++;
    uintr::send(reply_to);
}
OUROS_UINTR_ENTRY(bench_reply_entry, bench_reply_handler);

// Counts.
extern "C" void bench_count_handler(uint64_t) {
    taken_here++;
}
OUROS_UINTR_ENTRY(bench_count_entry, bench_count_handler);

namespace bench {

namespace {

constexpr unsigned vector = 3;
constexpr int times = 500, warm_up = 50;

// A receiver for this side, and the way to send to the other's.
uint64_t connect(link& other, uintr::entry* entry) {
    ouros::check(kernel::uintr_setup(), "uintr_setup");
    uintr::set_entry(entry);
    auto fd = static_cast<int>(ouros::check(kernel::uintr_create_fd(vector), "uintr_create_fd"));
    int theirs = other.swap(fd);
    auto index = ouros::check(kernel::uintr_register_sender(theirs), "uintr_register_sender");
    other.meet(); // both fds are in use now
    ::close(fd);
    return static_cast<uint64_t>(index);
}

// Send: from before the send to after it. Receive: from the last instruction that the receiver
// executed in its loop to the first of the handler. The receiver only looks at the counter.
void one_way(const sides& which) {
    enum { last, entered, stop };
    run_sides(
        which,
        [&](link& other) {
            volatile uint64_t* at = other.shared().at;
            uint64_t to = connect(other, bench_count_entry);
            for (int i = -warm_up; i < times; i++) {
                at[entered] = 0;
                for (int turn = 0; turn < 4; turn++)
                    ouros::relax();
                uint64_t start = instructions();
                uintr::send(to);
                uint64_t end = instructions();
                while (!at[entered])
                    ouros::relax();
                if (i >= 0)
                    taken.add(end - start + (at[entered] - at[last]));
            }
            at[stop] = 1;
        },
        [&](link& other) {
            volatile uint64_t* at = other.shared().at;
            arrived = &other.shared().at[entered];
            connect(other, bench_stamp_entry);
            uintr::enable();
            while (!at[stop]) {
                if (!at[entered])
                    at[last] = instructions();
                ouros::relax();
            }
            uintr::disable();
        });
    taken.report(which.name("uipi.one_way").c_str(), 1, 2 * reading);
}

// Both run: each is interrupted in its loop, and the second sends back from its handler.
void round_trip(const sides& which) {
    run_sides(
        which,
        [&](link& other) {
            volatile uint64_t* at = other.shared().at;
            uint64_t to = connect(other, bench_count_entry);
            volatile uint64_t* mine = &taken_here;
            uintr::enable();
            for (int i = -warm_up; i < times; i++) {
                uint64_t before = *mine;
                uint64_t start = instructions();
                uintr::send(to);
                while (*mine == before)
                    ouros::relax();
                uint64_t end = instructions();
                if (i >= 0)
                    taken.add(end - start);
            }
            at[0] = 1;
            uintr::disable();
        },
        [&](link& other) {
            volatile uint64_t* at = other.shared().at;
            reply_to = connect(other, bench_reply_entry);
            uintr::enable();
            while (!at[0])
                ouros::relax();
            uintr::disable();
        });
    taken.report(which.name("uipi.round_trip").c_str());
}

// Each blocks until it is sent to.
void blocked_round_trip(const sides& which) {
    run_sides(
        which,
        [&](link& other) {
            volatile uint64_t* at = other.shared().at;
            uint64_t to = connect(other, bench_count_entry);
            for (int i = -warm_up; i < times; i++) {
                uint64_t before = taken_here;
                uint64_t start = instructions();
                uintr::send(to);
                while (taken_here == before) {
                    kernel::wait(kernel::forever);
                    uintr::disable();
                }
                uint64_t end = instructions();
                if (i >= 0)
                    taken.add(end - start);
            }
            at[0] = 1;
            uintr::send(to);
        },
        [&](link& other) {
            volatile uint64_t* at = other.shared().at;
            uint64_t to = connect(other, bench_count_entry);
            while (true) {
                uint64_t before = taken_here;
                while (taken_here == before) {
                    kernel::wait(kernel::forever);
                    uintr::disable();
                }
                if (at[0])
                    return;
                uintr::send(to);
            }
        });
    taken.report(which.name("uipi.blocked_round_trip").c_str());
}

// The same by pipes, 8 bytes there and back.
void pipe_round_trip(const sides& which) {
    run_sides(
        which,
        [&](link& other) {
            for (int i = -warm_up; i < times; i++) {
                uint64_t start = instructions();
                other.write_word(1);
                other.read_word();
                uint64_t end = instructions();
                if (i >= 0)
                    taken.add(end - start);
            }
            other.write_word(0);
        },
        [&](link& other) {
            while (other.read_word())
                other.write_word(1);
        });
    taken.report(which.name("pipe.round_trip").c_str());
}

void peers(const char*) {
    const bool one_hart = sysconf(_SC_NPROCESSORS_ONLN) == 1;
    for (kind what : {kind::threads, kind::processes}) {
        if (!one_hart) {
            const sides apart{what, place::two_harts};
            one_way(apart);
            round_trip(apart);
            blocked_round_trip(apart);
            pipe_round_trip(apart);
        }
        const sides together{what, place::one_hart};
        blocked_round_trip(together);
        pipe_round_trip(together);
    }
}

const subject here{"peers", harts::any, peers};

} // namespace

} // namespace bench
