// SPDX-License-Identifier: BSD-2-Clause
//
// S8, S9, S10: a system call that blocks in a coroutine parks that coroutine's thread and no other.
// Also: several at a time, more than there are threads for, locks of the C library that the blocked
// and the preempted hold, signals, and a call that never ends.

#include "../libs/expect.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <ouros/ouros.hpp>
#include <ouros/timer.hpp>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;
using ouros::task;
using ouros::this_worker;

namespace {

struct channel {
    int ends[2];
    channel() {
        if (pipe(ends) < 0)
            std::exit(2);
    }
    ~channel() {
        close(ends[0]);
        close(ends[1]);
    }
};

// read(2), which blocks until somebody else has got to run and writes.
task<int> reads(channel& from, int number) {
    char byte = 0;
    double kept = number * 1.5;
    asm volatile("" : "+f"(kept));
    errno = number;
    int64_t length = ::read(from.ends[0], &byte, 1);
    asm volatile("" : "+f"(kept));
    expect(length == 1 && byte == char(number), "the call has its result", long(length));
    expect(kept == number * 1.5, "registers are kept", number);
    expect(errno == number, "so is errno", errno);
    co_return number;
}

task<void> writes(channel& to, int number) {
    co_await ouros::yield();
    char byte = char(number);
    expect(::write(to.ends[1], &byte, 1) == 1, "write");
}

task<int> one_at_a_time() {
    channel c;
    for (int i = 1; i <= 50; i++) {
        auto reader = ouros::spawn(reads(c, i));
        auto writer = ouros::spawn(writes(c, i));
        expect(co_await reader == i, "the reader ends");
        co_await writer;
    }
    // The writer comes when the reader has blocked: each time somebody else went on.
    expect(this_worker.counters().handovers >= 50, "the worker went on",
           long(this_worker.counters().handovers));
    co_return 0;
}

task<int> many() {
    constexpr int count = 6;
    channel all[count];
    for (int round = 0; round < 20; round++) {
        std::vector<ouros::spawned<int>> readers;
        for (int i = 0; i < count; i++)
            readers.push_back(ouros::spawn(reads(all[i], i + 1)));
        for (int i = count; i-- > 0;)
            co_await writes(all[i], i + 1);
        for (auto& each : readers)
            co_await each;
    }
    co_return 0;
}

// More sleep than there are threads: the rest take their turns.
task<void> sleeps(int* done) {
    timespec little = {0, 200'000};
    for (int i = 0; i < 3; i++)
        expect(nanosleep(&little, nullptr) == 0, "nanosleep");
    ++*done;
    co_return;
}

task<int> too_many() {
    int done = 0;
    std::vector<task<void>> all;
    for (int i = 0; i < 20; i++)
        all.push_back(sleeps(&done));
    co_await ouros::when_all(std::move(all));
    expect(done == 20, "all have slept", done);
    co_return 0;
}

// The holder of a mutex is preempted, and sleeps with it; the others block on it.
std::mutex guard;
long shared;

task<void> locks(int rounds) {
    for (int i = 0; i < rounds; i++) {
        std::lock_guard held(guard);
        long before = shared;
        for (int k = 0; k < 300; k++)
            asm volatile("");
        if (i % 16 == 0) {
            timespec little = {0, 1000};
            nanosleep(&little, nullptr);
        }
        shared = before + 1;
    }
    co_return;
}

task<int> lock_holders() {
    shared = 0;
    std::vector<task<void>> all;
    for (int i = 0; i < 5; i++)
        all.push_back(locks(100));
    co_await ouros::when_all(std::move(all));
    expect(shared == 500, "one at a time", shared);
    co_return 0;
}

// A signal interrupts a call that the worker does not wait for.
volatile sig_atomic_t signals_taken;

task<int> interrupted(channel& from) {
    char byte;
    int64_t length = ::read(from.ends[0], &byte, 1);
    expect(length == -1 && errno == EINTR, "interrupted", long(length));
    co_return 1;
}

task<int> signals() {
    struct sigaction action = {};
    action.sa_handler = [](int) { signals_taken = signals_taken + 1; };
    sigaction(SIGUSR1, &action, nullptr);
    channel c;
    auto reader = ouros::spawn(interrupted(c));
    co_await ouros::yield();
    sigset_t mine;
    sigemptyset(&mine);
    sigaddset(&mine, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &mine, nullptr); // this thread of the kernel does not take it
    kill(getpid(), SIGUSR1);
    expect(co_await reader == 1, "the reader ends");
    expect(signals_taken == 1, "its handler has run", signals_taken);
    pthread_sigmask(SIG_UNBLOCK, &mine, nullptr);
    co_return 0;
}

// run() does not wait for a call that never ends; when it does, nobody is there any more.
channel* endless;

task<void> never() {
    char byte;
    if (::read(endless->ends[0], &byte, 1) < 0)
        expect(false, "read");
    std::exit(3);
    co_return;
}

task<int> leaves_it() {
    ouros::spawn(never());
    co_await ouros::yield();
    co_return 5;
}

} // namespace

int main() {
    expect(ouros::run(one_at_a_time(), {.threads = 4}) == 0, "one");
    expect(ouros::run(many(), {.threads = 8}) == 0, "many");
    expect(ouros::run(too_many(), {.threads = 3}) == 0, "too many");
    expect(ouros::run(lock_holders(), {.slice = 20us, .threads = 8}) == 0, "locks");
    expect(ouros::run(signals(), {.threads = 4}) == 0, "signals");
    endless = new channel;
    expect(ouros::run(leaves_it(), {.threads = 4}) == 5, "left");
    if (::write(endless->ends[1], "x", 1) != 1)
        return 1;
    expect(ouros::run(one_at_a_time(), {.threads = 4}) == 0, "again");
    return failures != 0;
}
