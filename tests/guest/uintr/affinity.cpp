// SPDX-License-Identifier: BSD-2-Clause
//
// K6: a thread runs where its affinity says, from the moment that it is set: by itself, by another
// thread while it runs, and for threads that it makes.

#include "../libs/expect.hpp"

#include <atomic>
#include <cerrno>
#include <sched.h>
#include <thread>
#include <unistd.h>

namespace {

unsigned harts;

int pin(pid_t thread, uint64_t mask) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (unsigned i = 0; i < 64; i++)
        if (mask >> i & 1)
            CPU_SET(i, &set);
    return sched_setaffinity(thread, sizeof set, &set);
}

uint64_t pinned(pid_t thread) {
    cpu_set_t set;
    if (sched_getaffinity(thread, sizeof set, &set) != 0)
        return 0;
    uint64_t mask = 0;
    for (unsigned i = 0; i < 64; i++)
        mask |= uint64_t{CPU_ISSET(i, &set)} << i;
    return mask;
}

void by_itself() {
    for (int round = 0; round < 100; round++) {
        unsigned to = unsigned(round) % harts;
        expect(pin(0, uint64_t{1} << to) == 0, "setaffinity", round);
        expect(sched_getcpu() == int(to), "there at once", round);
        expect(pinned(0) == uint64_t{1} << to, "getaffinity", round);
        sched_yield();
        expect(sched_getcpu() == int(to), "and it stays", round);
    }
}

void by_another() {
    std::atomic<pid_t> id{0};
    std::atomic<int> at{-1};
    std::atomic<bool> stop{false};
    std::thread runs([&] {
        id = gettid();
        while (!stop)
            at = sched_getcpu();
    });
    while (!id)
        sched_yield();
    for (int round = 0; round < 50; round++) {
        unsigned to = unsigned(round) % harts;
        expect(pin(id, uint64_t{1} << to) == 0, "setaffinity of another thread", round);
        while (at != int(to)) // if it never comes there, the test times out
            sched_yield();
    }
    stop = true;
    runs.join();
}

void inherited() {
    expect(pin(0, uint64_t{1} << (harts - 1)) == 0, "setaffinity");
    std::thread([] {
        expect(pinned(0) == uint64_t{1} << (harts - 1), "inherited");
        expect(sched_getcpu() == int(harts - 1), "and in effect");
    }).join();
    expect(pin(0, ~uint64_t{0}) == 0, "every hart");
    expect(pinned(0) == (uint64_t{1} << harts) - 1, "those that there are");
}

// More threads than harts, each pinned: nobody else takes them, and all of them get on.
void many() {
    std::atomic<long> wrong{0};
    std::thread threads[8];
    for (unsigned i = 0; i < 8; i++)
        threads[i] = std::thread([&wrong, i] {
            pin(0, uint64_t{1} << (i % harts));
            for (int n = 0; n < 200; n++) {
                if (sched_getcpu() != int(i % harts))
                    wrong++;
                sched_yield();
            }
        });
    for (std::thread& t : threads)
        t.join();
    expect(wrong == 0, "elsewhere", wrong);
}

void nonsense() {
    errno = 0;
    expect(pin(0, 0) == -1 && errno == EINVAL, "nowhere", errno);
    expect(pin(0, uint64_t{1} << 60) == -1 && errno == EINVAL, "no such hart", errno);
    expect(pin(1 << 30, 1) == -1 && errno == ESRCH, "no such thread", errno);
    expect(sched_setaffinity(0, 8, nullptr) == -1 && errno == EFAULT, "no mask", errno);
    cpu_set_t set;
    expect(sched_getaffinity(0, 4, &set) == -1 && errno == EINVAL, "too small", errno);
    expect(sched_getaffinity(1 << 30, 8, &set) == -1 && errno == ESRCH, "no such thread", errno);
}

} // namespace

int main() {
    harts = unsigned(__builtin_popcountll(pinned(0)));
    by_itself();
    by_another();
    inherited();
    many();
    nonsense();
    return failures != 0;
}
