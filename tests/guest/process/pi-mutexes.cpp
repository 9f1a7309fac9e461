// SPDX-License-Identifier: BSD-2-Clause
//
// Mutexes whose holder inherits the priority of those who wait: what the calls give, and that there
// is no priority inversion. All on the last hart. The second half needs --icount.
#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "../libs/expect.hpp"

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

namespace {

long futex(std::atomic<uint32_t>& word, int operation, const timespec* timeout = nullptr) {
    return syscall(SYS_futex, &word, operation, 0, timeout, nullptr, 0) < 0 ? -errno : 0;
}

uint32_t own_id() {
    return uint32_t(syscall(SYS_gettid));
}

void make_mutex(pthread_mutex_t& m, bool robust = false, int type = PTHREAD_MUTEX_NORMAL) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutexattr_settype(&attributes, type);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    if (robust)
        pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    expect(pthread_mutex_init(&m, &attributes) == 0, "pthread_mutex_init");
}

void nap(long microseconds) {
    timespec t{microseconds / 1'000'000, microseconds % 1'000'000 * 1000};
    nanosleep(&t, nullptr);
}

timespec in(clockid_t clock, long microseconds) {
    timespec t;
    clock_gettime(clock, &t);
    t.tv_nsec += microseconds * 1000;
    t.tv_sec += t.tv_nsec / 1'000'000'000;
    t.tv_nsec %= 1'000'000'000;
    return t;
}

void await_waiter(const std::atomic<uint32_t>& word) {
    while (!(word & FUTEX_WAITERS))
        sched_yield();
    nap(1000);
}

void calls() {
    std::atomic<uint32_t> word = 0;
    expect(futex(word, FUTEX_LOCK_PI) == 0 && word == own_id(), "a free one is taken");
    expect(futex(word, FUTEX_LOCK_PI) == -EDEADLK, "nobody waits for oneself");
    std::thread([&] {
        expect(futex(word, FUTEX_TRYLOCK_PI) == -EAGAIN, "somebody has it");
        expect(futex(word, FUTEX_UNLOCK_PI) == -EPERM, "it is not this thread's");
        timespec late = in(CLOCK_REALTIME, 2000);
        expect(futex(word, FUTEX_LOCK_PI, &late) == -ETIMEDOUT, "a deadline");
        late = in(CLOCK_MONOTONIC, 2000);
        expect(futex(word, FUTEX_LOCK_PI2, &late) == -ETIMEDOUT, "by the other clock");
    }).join();
    std::thread next([&] {
        expect(futex(word, FUTEX_LOCK_PI) == 0, "it is handed over");
        expect((word & FUTEX_TID_MASK) == own_id(), "the word says so");
        expect(futex(word, FUTEX_UNLOCK_PI) == 0 && word == 0, "and is free again");
    });
    await_waiter(word);
    expect(futex(word, FUTEX_UNLOCK_PI) == 0, "unlock");
    next.join();
    word = 0x3ffffff; // nobody's id
    expect(futex(word, FUTEX_LOCK_PI) == -ESRCH, "no such owner");
    expect(futex(word, FUTEX_CMP_REQUEUE_PI) == -ENOSYS, "not there");
    expect(syscall(SYS_futex, 8, FUTEX_LOCK_PI, 0, nullptr) == -1 && errno == EFAULT, "no memory");
}

// Two threads, each with what the other one waits for.
void deadlock() {
    std::atomic<uint32_t> first = 0, second = 0;
    expect(futex(first, FUTEX_LOCK_PI) == 0, "lock");
    std::thread other([&] {
        expect(futex(second, FUTEX_LOCK_PI) == 0, "lock");
        expect(futex(first, FUTEX_LOCK_PI) == 0, "it waits, and gets it");
        futex(first, FUTEX_UNLOCK_PI);
        futex(second, FUTEX_UNLOCK_PI);
    });
    await_waiter(first);
    expect(futex(second, FUTEX_LOCK_PI) == -EDEADLK, "in a circle");
    futex(first, FUTEX_UNLOCK_PI);
    other.join();
}

// A signal does not end the wait.
void signals() {
    struct sigaction action {};
    static std::atomic<int> taken;
    action.sa_handler = [](int) { taken++; };
    sigaction(SIGUSR1, &action, nullptr);
    std::atomic<uint32_t> word = 0;
    expect(futex(word, FUTEX_LOCK_PI) == 0, "lock");
    std::thread waits([&] {
        expect(futex(word, FUTEX_LOCK_PI) == 0, "not interrupted");
        futex(word, FUTEX_UNLOCK_PI);
    });
    await_waiter(word);
    pthread_kill(waits.native_handle(), SIGUSR1);
    nap(1000);
    expect(taken == 1, "the handler has run", taken);
    futex(word, FUTEX_UNLOCK_PI);
    waits.join();
}

// Its holder ends: a thread, with nobody waiting and with somebody; a process that is killed.
void owners_end() {
    pthread_mutex_t m;
    make_mutex(m, true);
    std::thread([&] { expect(pthread_mutex_lock(&m) == 0, "lock"); }).join();
    expect(pthread_mutex_lock(&m) == EOWNERDEAD, "its owner has ended");
    expect(pthread_mutex_consistent(&m) == 0 && pthread_mutex_unlock(&m) == 0, "good again");

    auto& word = reinterpret_cast<std::atomic<uint32_t>&>(m.__data.__lock);
    std::atomic<bool> held = false;
    std::thread holds([&] {
        expect(pthread_mutex_lock(&m) == 0, "lock");
        held = true;
        await_waiter(word);
    });
    while (!held)
        sched_yield();
    expect(pthread_mutex_lock(&m) == EOWNERDEAD, "its owner ended while this one waited");
    expect((word & FUTEX_TID_MASK) == own_id(), "and this one has it");
    expect(pthread_mutex_consistent(&m) == 0 && pthread_mutex_unlock(&m) == 0, "good again");
    holds.join();

    // Not a robust one: who waits gets it, too.
    std::atomic<uint32_t> plain = 0;
    held = false;
    std::thread ends([&] {
        expect(futex(plain, FUTEX_LOCK_PI) == 0, "lock");
        held = true;
        await_waiter(plain);
    });
    while (!held)
        sched_yield();
    expect(futex(plain, FUTEX_LOCK_PI) == 0, "its owner has ended");
    expect((plain & FUTEX_OWNER_DIED) && (plain & FUTEX_TID_MASK) == own_id(), "as the word says");
    ends.join();

    struct shared {
        pthread_mutex_t m;
        std::atomic<int> held;
    };
    auto* s = static_cast<shared*>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    make_mutex(s->m, true);
    pid_t holder = fork();
    if (holder == 0) {
        pthread_mutex_lock(&s->m);
        s->held = 1;
        for (;;)
            pause();
    }
    while (!s->held)
        sched_yield();
    pid_t waiter = fork();
    if (waiter == 0)
        _exit(pthread_mutex_lock(&s->m) == EOWNERDEAD ? 0 : 1);
    await_waiter(reinterpret_cast<std::atomic<uint32_t>&>(s->m.__data.__lock));
    expect(kill(holder, SIGKILL) == 0 && waitpid(holder, nullptr, 0) == holder, "kill");
    int status = -1;
    expect(waitpid(waiter, &status, 0) == waiter && status == 0, "the other process", status);
    expect(pthread_mutex_lock(&s->m) == EOWNERDEAD, "and it has ended, too");
}

// Low holds, middle computes, high waits: no longer than low's critical section takes. Over a chain
// of mutexes, too. Afterwards low is low again.
double now_ms() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return double(t.tv_sec) * 1e3 + double(t.tv_nsec) / 1e6;
}

void be(int level) {
    sched_param parameter{level};
    expect(sched_setscheduler(0, SCHED_FIFO, &parameter) == 0, "sched_setscheduler", errno);
}

constexpr double section_ms = 2, middle_ms = 20;

void compute_ms(double duration) { // on the hart, not by the clock
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    double end = double(t.tv_sec) * 1e3 + double(t.tv_nsec) / 1e6 + duration;
    do
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    while (double(t.tv_sec) * 1e3 + double(t.tv_nsec) / 1e6 < end);
}

void inversion(unsigned links) {
    constexpr unsigned most = 3;
    pthread_mutex_t chain[most];
    std::atomic<unsigned> holding = 0;
    std::atomic<bool> middle_done = false, low_was_low = false;
    double waited = 0;
    be(90);
    for (auto& m : chain)
        make_mutex(m);
    // Number n holds chain[n] and waits for chain[n - 1]; number 0 holds and computes.
    std::thread holders[most];
    for (unsigned n = 0; n < links; n++) {
        holders[n] = std::thread([&, n] {
            be(int(5 + 10 * n));
            pthread_mutex_lock(&chain[n]);
            holding++;
            if (n) {
                int error = pthread_mutex_lock(&chain[n - 1]);
                expect(error == 0, "the next one of the chain", error);
                pthread_mutex_unlock(&chain[n - 1]);
            } else {
                compute_ms(section_ms);
            }
            pthread_mutex_unlock(&chain[n]);
            if (n == 0)
                low_was_low = middle_done.load();
        });
        while (holding != n + 1)
            nap(200);
    }
    nap(200);
    std::thread high([&] {
        be(60);
        double from = now_ms();
        pthread_mutex_lock(&chain[links - 1]);
        waited = now_ms() - from;
        pthread_mutex_unlock(&chain[links - 1]);
    });
    std::thread middle([&] {
        be(40);
        compute_ms(middle_ms);
        middle_done = true;
    });
    high.join();
    middle.join();
    for (unsigned n = 0; n < links; n++)
        holders[n].join();
    std::printf("%u mutexes: high waited for %.1f ms\n", links, waited);
    expect(waited > 1 && waited < section_ms + 1, "as long as low's critical section",
           long(waited));
    expect(low_was_low, "low goes on after the middle");
}

// One that is ready, and waits its turn, moves at once when its priority changes.
void ready_one_moves() {
    be(90);
    std::atomic<pid_t> id = 0;
    std::atomic<bool> other_done = false, first = false;
    std::thread moved([&] {
        be(5);
        id = pid_t(own_id());
        compute_ms(section_ms);
        first = !other_done;
    });
    while (!id)
        nap(200);
    std::thread other([&] {
        be(40);
        compute_ms(middle_ms);
        other_done = true;
    });
    nap(1000);
    sched_param parameter{50};
    expect(sched_setscheduler(id, SCHED_FIFO, &parameter) == 0, "sched_setscheduler", errno);
    moved.join();
    other.join();
    expect(first, "it goes before what it was behind");
}

} // namespace

int main(int, char** argv) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(unsigned(sysconf(_SC_NPROCESSORS_ONLN)) - 1, &set);
    expect(sched_setaffinity(0, sizeof set, &set) == 0, "setaffinity");
    if (argv[1] == std::string_view("calls")) {
        calls();
        deadlock();
        signals();
        owners_end();
    } else {
        ready_one_moves();
        for (unsigned links : {1u, 2u, 3u})
            inversion(links);
    }
    return failures != 0;
}
