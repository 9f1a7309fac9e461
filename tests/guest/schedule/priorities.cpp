// SPDX-License-Identifier: BSD-2-Clause
//
// Which runs first: what a process has ready, what another one has, or what the kernel has to do.
// All on one hart, the last one.

#include "../libs/expect.hpp"

#include <atomic>
#include <cerrno>
#include <functional>
#include <ouros/spawn.hpp>
#include <poll.h>
#include <sched.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace {

constexpr int nice_19 = 19;
constexpr int real_time_level = 17; // of Linux's 99: priority 19 of the kernel's

struct shared_state {
    std::atomic<long> other_ran;
    std::atomic<bool> stop;
};
shared_state* state;

void pin() {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(unsigned(sysconf(_SC_NPROCESSORS_ONLN)) - 1, &set);
    expect(sched_setaffinity(0, sizeof set, &set) == 0, "setaffinity");
}

void be_real_time() {
    sched_param parameter{real_time_level};
    expect(sched_setscheduler(0, SCHED_FIFO, &parameter) == 0, "sched_setscheduler", errno);
}

pid_t start(const std::function<void()>& does) {
    std::fflush(stdout);
    pid_t id = fork();
    if (id == 0) {
        does();
        std::fflush(stdout);
        _exit(failures != 0);
    }
    return id;
}

void await(pid_t id) {
    int status = -1;
    expect(waitpid(id, &status, 0) == id && status == 0, "the other process", status);
}

double now_ms() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return double(t.tv_sec) * 1e3 + double(t.tv_nsec) / 1e6;
}

void spin_ms(double duration) {
    double end = now_ms() + duration;
    while (now_ms() < end)
        ;
}

bool has_data(int fd) {
    pollfd p{fd, POLLIN, 0};
    return poll(&p, 1, 0) == 1;
}

// A process that waits until something comes through the pipe, and then has run.
pid_t start_reader(int fd, const std::function<void()>& first) {
    pid_t id = start([&] {
        first();
        char byte;
        expect(read(fd, &byte, 1) == 1, "read");
        state->other_ran++;
    });
    usleep(50'000); // it waits now
    return id;
}

// S7: strand 5 wakes a process of priority 19, which is not its turn yet. When it ends, strand 40
// is next, and that is less urgent than the other process. Strict: that one has run by then.
// Relaxed: by the next tick.
ouros::task<void> urgent(int fd) {
    expect(write(fd, "x", 1) == 1, "write");
    expect(state->other_ran == 0, "strand 5 goes before the other process");
    co_return;
}

ouros::task<void> less_urgent(bool strict) {
    if (strict) {
        expect(state->other_ran == 1, "the other process has run when strand 40 is picked");
        co_return;
    }
    expect(state->other_ran == 0, "nobody looks before the tick");
    double from = now_ms();
    while (state->other_ran == 0 && now_ms() < from + 1000)
        ;
    double took = now_ms() - from;
    std::printf("the other process ran after %.1f ms\n", took);
    expect(took < 25, "it ran by the tick, in ms", long(took));
}

ouros::task<int> both(int fd, bool strict) {
    auto second = ouros::spawn(less_urgent(strict), 40);
    auto first = ouros::spawn(urgent(fd), 5);
    co_await first;
    co_await second;
    co_return 0;
}

void by_poll_or_tick(bool strict) {
    int ends[2];
    expect(pipe(ends) == 0, "pipe");
    pid_t reader = start_reader(ends[0], be_real_time);
    expect(ouros::run(both(ends[1], strict), {.strict = strict}) == 0, "run");
    await(reader);
}

// A13: what the kernel does for a process waits its turn as the process does. Reading from a pipe
// is such work: as long as it has not been done the byte is there.
void work() {
    int low[2], high[2];
    expect(pipe(low) == 0 && pipe(high) == 0, "pipe");
    pid_t low_reader = start_reader(
        low[0], [] { expect(setpriority(PRIO_PROCESS, 0, nice_19) == 0, "setpriority"); });
    pid_t high_reader = start_reader(high[0], be_real_time);
    expect(write(low[1], "x", 1) == 1, "write");
    spin_ms(50); // five ticks
    expect(has_data(low[0]), "nobody has read for the process that is nice");
    expect(write(high[1], "x", 1) == 1, "write");
    spin_ms(50);
    expect(!has_data(high[0]), "the process in real time has read");
    expect(state->other_ran == 1, "and has run");
    expect(has_data(low[0]), "the nice one still waits");
    await(high_reader);
    await(low_reader);
}

// S6: a process that writes anything into its word, and has it read all the time, harms nobody: the
// other process gets done what it has to do.
void any_word() {
    pid_t fuzzer = start([] {
        ouros_priorities where{};
        expect(ouros::kernel::priorities(&where, OUROS_PRIORITIES_STRICT) == 0, "priorities");
        auto* published = reinterpret_cast<volatile ouros_published*>(where.published);
        uint64_t random = 1;
        while (!state->stop) {
            random = random * 6364136223846793005 + 1442695040888963407;
            published->ready = uint32_t(random >> 32) >> (random >> 59);
            published->ceiling = uint32_t(random >> 20) >> (random >> 27 & 31);
            sched_yield();
            // What is on the page beside the word is nothing to the kernel, either.
            auto* page = reinterpret_cast<volatile uint64_t*>(where.published & ~0xfffull);
            page[8 + random % 504] = random;
            if (random % 64 == 0)
                usleep(1);
        }
        // What all read is not this process's.
        expect(*reinterpret_cast<const volatile uint32_t*>(where.system) <= 64,
               "the system's word");
    });
    pid_t worker = start([] {
        be_real_time();
        for (int i = 0; i < 300; i++) {
            usleep(100); // so that the fuzzer runs
            spin_ms(0.1);
            state->other_ran++;
        }
        state->stop = true;
    });
    await(worker);
    await(fuzzer);
    expect(state->other_ran == 300, "work done", state->other_ran);
    // A thread that has gone has given its word back.
    for (int i = 0; i < 200; i++) {
        ouros_priorities where{};
        pid_t each = start([&] {
            expect(ouros::kernel::priorities(&where, OUROS_PRIORITIES_STRICT) == 0, "priorities");
        });
        await(each);
    }
    ouros_priorities where{};
    expect(ouros::kernel::priorities(&where, 3) == -EINVAL, "no such mode");
    expect(ouros::kernel::priorities(reinterpret_cast<ouros_priorities*>(8), 0) == -EFAULT,
           "nowhere to write");
}

void write_system_word() {
    ouros_priorities where{};
    expect(ouros::kernel::priorities(&where, OUROS_PRIORITIES_STRICT) == 0, "priorities");
    *reinterpret_cast<volatile uint32_t*>(where.system) = 0;
}

// As on Linux, by the numbers.
void calls() {
    expect(getpriority(PRIO_PROCESS, 0) == 0, "nice 0 at first");
    expect(setpriority(PRIO_PROCESS, 0, 30) == 0 && getpriority(PRIO_PROCESS, 0) == 19,
           "19 at most");
    expect(setpriority(PRIO_PROCESS, 0, -30) == 0 && getpriority(PRIO_PROCESS, 0) == -20,
           "-20 at least");
    await(start([] { expect(getpriority(PRIO_PROCESS, 0) == -20, "a child is as nice"); }));
    expect(setpriority(PRIO_PGRP, 0, 5) == 0 && getpriority(PRIO_PGRP, 0) == 5, "the group");
    expect(setpriority(7, 0, 0) == -1 && errno == EINVAL, "no such kind");
    expect(setpriority(PRIO_PROCESS, 99999, 0) == -1 && errno == ESRCH, "no such process");
    expect(sched_getscheduler(0) == SCHED_OTHER, "ordinary at first");
    be_real_time();
    sched_param parameter{};
    expect(sched_getscheduler(0) == SCHED_FIFO && sched_getparam(0, &parameter) == 0 &&
               parameter.sched_priority == real_time_level,
           "real time");
    parameter.sched_priority = 0;
    expect(sched_setscheduler(0, SCHED_RR, &parameter) == -1 && errno == EINVAL, "level 0");
    parameter.sched_priority = 1;
    expect(sched_setscheduler(0, SCHED_OTHER, &parameter) == -1 && errno == EINVAL,
           "an ordinary one has no level");
    expect(sched_setparam(0, &parameter) == 0 && sched_getparam(0, &parameter) == 0 &&
               parameter.sched_priority == 1,
           "another level");
    expect(sched_get_priority_max(SCHED_FIFO) == 99 && sched_get_priority_min(SCHED_RR) == 1 &&
               sched_get_priority_max(SCHED_OTHER) == 0,
           "levels");
    expect(sched_get_priority_max(77) == -1 && errno == EINVAL, "no such policy");
    timespec slice{};
    expect(sched_rr_get_interval(0, &slice) == 0 && slice.tv_nsec == 10'000'000, "the slice");
}

} // namespace

int main(int, char** argv) {
    std::string_view what = argv[1];
    state = static_cast<shared_state*>(
        mmap(nullptr, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    pin();
    if (what == "strict" || what == "relaxed")
        by_poll_or_tick(what == "strict");
    else if (what == "work")
        work();
    else if (what == "any-word")
        any_word();
    else if (what == "write-system-word")
        write_system_word();
    else
        calls();
    return failures != 0;
}
