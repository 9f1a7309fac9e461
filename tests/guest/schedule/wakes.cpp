// SPDX-License-Identifier: BSD-2-Clause
//
// A thread that is woken and has some of its time slice left goes before one that computes at the
// same priority; and gets no more than its share by that. All on one hart, the last one. Run with
// --icount: the bounds are instructions.

#include "../libs/expect.hpp"

#include <algorithm>
#include <atomic>
#include <linux/futex.h>
#include <ouros/io.hpp>
#include <ouros/uintr.hpp>
#include <sched.h>
#include <string_view>
#include <sys/syscall.h>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

namespace kernel = ouros::kernel;
namespace uintr = ouros::uintr;

namespace {

std::atomic<bool> stop;

void pin() {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(unsigned(sysconf(_SC_NPROCESSORS_ONLN)) - 1, &set);
    expect(sched_setaffinity(0, sizeof set, &set) == 0, "setaffinity");
}

uint64_t instructions() {
    uint64_t count;
    asm volatile("rdinstret %0" : "=r"(count)::"memory");
    return count;
}

double own_time() {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return double(t.tv_sec) + double(t.tv_nsec) / 1e9;
}

void nap(long microseconds) {
    timespec t{microseconds / 1'000'000, microseconds % 1'000'000 * 1000};
    nanosleep(&t, nullptr);
}

void work(int steps) {
    for (int i = 0; i < steps; i++)
        asm volatile("");
}

// One thread waits, the other wakes it and goes on computing: how many instructions from the wake
// until the woken one runs.
std::atomic<uint64_t> ran_at;
std::atomic<int> turn; // a futex, too
constexpr int rounds = 100;
constexpr long slice = 10'000'000;

template <class Wait, class Wake>
void latency(const char* how, long bound, Wait wait, Wake wake) {
    turn = 0;
    std::thread sleeper([&] {
        pin();
        for (int i = 0; i < rounds; i++) {
            wait(i);
            ran_at = instructions();
        }
    });
    nap(1000);
    uint64_t longest = 0;
    for (int i = 0; i < rounds; i++) {
        ran_at = 0;
        uint64_t from = instructions();
        wake(i);
        while (!ran_at)
            work(10);
        if (i > 0) // the first time there are pages to come
            longest = std::max(longest, ran_at - from);
        nap(100); // it waits again now
    }
    sleeper.join();
    std::printf("%s: running %lu instructions after the wake\n", how, longest);
    expect(long(longest) < bound, how, long(longest));
}

volatile long handled;

extern "C" void wakes_received(uint64_t) {
    handled = handled + 1;
}

} // namespace

OUROS_UINTR_ENTRY(wakes_entry, wakes_received);

namespace {

void futex(std::atomic<int>& word, int operation, int value) {
    syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, nullptr, nullptr, 0);
}

void latencies() {
    constexpr long bound = 10'000; // the slice is 10 000 000
    int ends[2];
    expect(pipe(ends) == 0, "pipe");
    latency(
        "pipe", bound,
        [&](int) {
            char byte;
            expect(read(ends[0], &byte, 1) == 1, "read");
        },
        [&](int) { expect(write(ends[1], "x", 1) == 1, "write"); });
    latency(
        "futex", bound,
        [&](int i) {
            while (turn == i)
                futex(turn, FUTEX_WAIT, i);
        },
        [&](int) {
            turn++;
            futex(turn, FUTEX_WAKE, 1);
        });
    std::atomic<int> fd = -1;
    bool set_up = false;
    uint64_t target = 0;
    latency(
        "user interrupt", bound,
        [&](int i) {
            if (i == 0) {
                ouros::check(kernel::uintr_setup(), "uintr_setup");
                uintr::set_entry(wakes_entry);
                fd = int(ouros::check(kernel::uintr_create_fd(2), "create_fd"));
            }
            while (handled == i) {
                uintr::disable();
                kernel::wait(100 * slice);
            }
        },
        [&](int) {
            if (!set_up) {
                while (fd < 0)
                    sched_yield();
                target =
                    uint64_t(ouros::check(kernel::uintr_register_sender(fd), "register_sender"));
                set_up = true;
                nap(100);
            }
            uintr::send(target);
        });
    // A deadline that passes beside one that computes.
    std::thread computes([] {
        pin();
        while (!stop)
            work(100);
    });
    long latest = 0;
    for (int i = 0; i < rounds; i++) {
        timespec at, now;
        clock_gettime(CLOCK_MONOTONIC, &at);
        at.tv_nsec += 100'000;
        if (at.tv_nsec >= 1'000'000'000) {
            at.tv_nsec -= 1'000'000'000;
            at.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
        clock_gettime(CLOCK_MONOTONIC, &now);
        latest =
            std::max(latest, (now.tv_sec - at.tv_sec) * 1'000'000'000 + now.tv_nsec - at.tv_nsec);
    }
    stop = true;
    computes.join();
    std::printf("deadline: running %ld ns after it\n", latest);
    expect(latest < bound, "deadline", latest);
}

// What each of them has been on the hart, in per cent of the time.
void run_for(long milliseconds, std::vector<std::thread>& threads) {
    nap(milliseconds * 1000);
    stop = true;
    for (std::thread& each : threads)
        each.join();
}

void computes(double& used) {
    pin();
    double from = own_time();
    while (!stop)
        work(100);
    used = own_time() - from;
}

// One computes all the time, the other for half a millisecond at a time, between short sleeps.
void shares() {
    double all_the_time = 0, between = 0;
    std::vector<std::thread> threads;
    threads.emplace_back(computes, std::ref(all_the_time));
    threads.emplace_back([&] {
        pin();
        double from = own_time();
        while (!stop) {
            nap(20);
            work(250'000);
        }
        between = own_time() - from;
    });
    run_for(500, threads);
    std::printf("%.0f ms of 500, and %.0f ms with sleeps between\n", all_the_time * 1e3,
                between * 1e3);
    expect(all_the_time > 0.225, "the one that computes has its share, of ms",
           long(all_the_time * 1e3));
    expect(between > 0.2, "so has the one that sleeps between, of ms", long(between * 1e3));
}

// Two pairs that wake each other, and one that computes.
struct pair {
    int there[2], back[2];
    double used[2];
    long round_trips;
};

void pairs() {
    double computed = 0;
    pair all[2]{};
    std::vector<std::thread> threads;
    threads.emplace_back(computes, std::ref(computed));
    for (pair& p : all) {
        expect(pipe(p.there) == 0 && pipe(p.back) == 0, "pipe");
        threads.emplace_back([&p] {
            pin();
            char byte = 0;
            double from = own_time();
            while (!stop) {
                if (write(p.there[1], &byte, 1) != 1 || read(p.back[0], &byte, 1) != 1)
                    break;
                p.round_trips++;
            }
            p.used[0] = own_time() - from;
            close(p.there[1]);
        });
        threads.emplace_back([&p] {
            pin();
            char byte = 0;
            double from = own_time();
            while (read(p.there[0], &byte, 1) == 1 && write(p.back[1], &byte, 1) == 1)
                ;
            p.used[1] = own_time() - from;
        });
    }
    run_for(500, threads);
    std::printf("computing %.0f ms; pairs %.0f + %.0f ms, %ld round trips, %.0f + %.0f ms, %ld\n",
                computed * 1e3, all[0].used[0] * 1e3, all[0].used[1] * 1e3, all[0].round_trips,
                all[1].used[0] * 1e3, all[1].used[1] * 1e3, all[1].round_trips);
    expect(computed > 0.095, "the one that computes has its fifth, of ms", long(computed * 1e3));
    for (const pair& p : all)
        expect(p.used[0] + p.used[1] > 0.1, "so has each pair, of ms",
               long((p.used[0] + p.used[1]) * 1e3));
    long more = std::max(all[0].round_trips, all[1].round_trips);
    long less = std::min(all[0].round_trips, all[1].round_trips);
    expect(more < less + less / 4, "the pairs have the same", more);
}

} // namespace

int main(int, char** argv) {
    std::string_view what = argv[1];
    pin();
    if (what == "latency")
        latencies();
    else if (what == "shares")
        shares();
    else
        pairs();
    return failures != 0;
}
