// SPDX-License-Identifier: BSD-2-Clause
//
// An urgent thread that a timer wakes runs soon, whatever the kernel does on its hart for others:
// execve with much to take along, munmap, fork and the end of a large process, thousands of areas.
// Run with --icount on one hart: a nanosecond is an instruction.

#include "../libs/expect.hpp"

#include <algorithm>
#include <atomic>
#include <pthread.h>
#include <sched.h>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace {

// The longest stretch without a look for interrupts (kernel-looks-for-interrupts-often), the switch
// and the way back to user space.
constexpr long bound = 10'000;
constexpr size_t page = 4096, size = 8 << 20;

std::atomic<bool> stop;
std::atomic<long> latest = 0, wakes = 0;

long now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

void* be_urgent(void*) {
    sched_param urgent{};
    urgent.sched_priority = 50;
    expect(sched_setscheduler(0, SCHED_FIFO, &urgent) == 0, "SCHED_FIFO");
    for (long i = 0; !stop; i++) {
        long deadline = now() + 30'000 + i % 101 * 397; // at ever other moments
        timespec t{deadline / 1'000'000'000, deadline % 1'000'000'000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr);
        long late = now() - deadline;
        latest = std::max(latest.load(), late);
        wakes++;
    }
    return nullptr;
}

char* touched() {
    auto* m = static_cast<char*>(
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    expect(m != MAP_FAILED, "mmap");
    for (size_t at = 0; at < size; at += page)
        m[at] = 1;
    return m;
}

template <class Work>
void in_child(Work&& work) {
    pid_t id = fork();
    if (id == 0) {
        work();
        _exit(0);
    }
    int status = 1;
    expect(id > 0 && waitpid(id, &status, 0) == id && status == 0, "child", status);
}

void areas() {
    char* m = touched();
    for (size_t at = 0; at < size; at += 2 * page)
        mprotect(m + at, page, PROT_READ);
    in_child([] {});
    munmap(m, size);
}

void execute() {
    static std::string argument(60000, 'x');
    in_child([] {
        char* arguments[] = {argument.data(), argument.data(), argument.data(), nullptr};
        execve("/proc/self/exe", arguments, arguments);
    });
}

template <class Work>
void measure(const char* what, Work&& work) {
    latest = 0;
    long before = wakes;
    work();
    std::printf("%s: at most %ld instructions late in %ld wakes\n", what, latest.load(),
                wakes - before);
    expect(wakes - before > 10, "wakes", wakes - before);
    expect(latest < bound, what, latest);
}

} // namespace

int main(int count, char**) {
    if (count > 1) // executed
        return 0;
    pthread_t urgent;
    expect(pthread_create(&urgent, nullptr, be_urgent, nullptr) == 0, "thread");
    while (wakes < 10) // its pages come in
        sched_yield();
    char* m[] = {touched(), touched(), touched(), touched()};
    measure("fork and exit", [] { in_child([] { touched(); }); });
    measure("munmap", [&] {
        for (char* one : m)
            munmap(one, size);
    });
    measure("areas", areas);
    measure("execve", execute);
    stop = true;
    pthread_join(urgent, nullptr);
    return failures != 0;
}
