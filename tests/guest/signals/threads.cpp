// SPDX-License-Identifier: BSD-2-Clause
//
// Signals to threads that run, wait and block them: none is lost, none comes twice, each goes where
// it may, and what they interrupt computes what it would have.
#include <atomic>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <pthread.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

std::atomic<int> handled, elsewhere;
std::atomic<long> sum;
std::atomic<bool> stop;
thread_local bool may_handle;

void count(int, siginfo_t* info, void*) {
    if (!may_handle)
        elsewhere++;
    sum += info->si_value.sival_int;
    handled++;
}

void install(int signal) {
    struct sigaction action = {};
    action.sa_sigaction = count;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(signal, &action, nullptr);
}

void mask(int how, int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    pthread_sigmask(how, &set, nullptr);
}

void begin() {
    handled = elsewhere = 0;
    sum = 0;
    stop = false;
}

double compute() {
    double x = 0;
    for (int k = 1; k < 300; k++)
        x += std::sqrt(double(k)) / (k + x);
    return x;
}

// To a thread that computes, one at a time.
void to_one_that_runs() {
    begin();
    install(SIGUSR1);
    const double expected = compute();
    std::atomic<bool> ready{false};
    int wrong = 0;
    std::thread worker([&] {
        may_handle = true;
        ready = true;
        while (!stop)
            wrong += compute() != expected;
    });
    while (!ready)
        sched_yield();
    for (int i = 1; i <= 300; i++) {
        pthread_kill(worker.native_handle(), SIGUSR1);
        while (handled < i)
            sched_yield();
    }
    stop = true;
    worker.join();
    printf("running: %d handled, %d elsewhere, %d results wrong\n", handled.load(),
           elsewhere.load(), wrong);
}

// To the process: only one thread does not block it.
void to_the_one_that_takes_it() {
    begin();
    mask(SIG_BLOCK, SIGUSR2); // inherited by the threads
    install(SIGUSR2);
    std::atomic<int> ready{0};
    std::vector<std::thread> threads;
    for (int n = 0; n < 4; n++)
        threads.emplace_back([&, n] {
            may_handle = n == 2;
            if (n == 2)
                mask(SIG_UNBLOCK, SIGUSR2);
            ready++;
            timespec t = {0, 1'000'000};
            while (!stop)
                nanosleep(&t, nullptr);
        });
    while (ready < 4)
        sched_yield();
    for (int i = 1; i <= 100; i++) {
        kill(getpid(), SIGUSR2);
        while (handled < i)
            sched_yield();
    }
    stop = true;
    for (std::thread& t : threads)
        t.join();
    mask(SIG_UNBLOCK, SIGUSR2);
    printf("process: %d handled, %d elsewhere\n", handled.load(), elsewhere.load());
}

// Pending for the process, until somebody unblocks it.
void to_whoever_unblocks() {
    begin();
    mask(SIG_BLOCK, SIGUSR2);
    std::thread([] {
        kill(getpid(), SIGUSR2);
        may_handle = true;
        mask(SIG_UNBLOCK, SIGUSR2);
    }).join();
    printf("unblocked: %d handled, %d elsewhere\n", handled.load(), elsewhere.load());
    mask(SIG_UNBLOCK, SIGUSR2);
}

// Queued signals from several threads to one that computes, waits in a read and sleeps.
void storm() {
    begin();
    install(SIGRTMIN);
    mask(SIG_BLOCK, SIGRTMIN);
    constexpr int senders = 3, each = 400;
    int ends[2];
    (void)!pipe(ends);
    const double expected = compute();
    int wrong = 0;
    std::thread worker([&] {
        may_handle = true;
        mask(SIG_UNBLOCK, SIGRTMIN);
        timespec t = {0, 100'000};
        char byte;
        while (handled < senders * each) {
            wrong += compute() != expected;
            nanosleep(&t, nullptr);
        }
        (void)!read(ends[0], &byte, 1);
    });
    std::vector<std::thread> threads;
    for (int n = 0; n < senders; n++)
        threads.emplace_back([&] {
            for (int i = 1; i <= each; i++)
                while (sigqueue(getpid(), SIGRTMIN, {.sival_int = i}) != 0)
                    sched_yield();
        });
    for (std::thread& t : threads)
        t.join();
    (void)!write(ends[1], "x", 1);
    worker.join();
    printf("storm: %d handled, sum %ld, %d elsewhere, %d results wrong\n", handled.load(),
           sum.load(), elsewhere.load(), wrong);
}

} // namespace

int main() {
    to_one_that_runs();
    to_the_one_that_takes_it();
    to_whoever_unblocks();
    storm();
}
