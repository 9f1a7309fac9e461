// SPDX-License-Identifier: BSD-2-Clause
//
// 10 000 coroutines and 100 threads in 4 processes, at 8 priorities, all ready at the same moment:
// on one hart each priority is served before the next begins, whichever process it is in and
// whether it is a coroutine or a thread. Several harts take what is ready first, and run processes
// side by side: there each priority ends before the next one does. Says what each takes in memory.
#include <algorithm>
#include <array>
#include <atomic>
#include <climits>
#include <cstdio>
#include <linux/futex.h>
#include <ouros/ouros.hpp>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

constexpr unsigned processes = 4, coroutines = 2500, threads = 25;
// Above what is ordinary, which is 32. A thread gets them from sched_setscheduler.
constexpr std::array<unsigned, 8> priorities{2, 5, 8, 11, 14, 17, 20, 23};

struct served {
    std::atomic<unsigned> coroutines, threads, first{UINT_MAX}, last;
};
struct shared_state {
    std::atomic<unsigned> gate, waiting, turn;
    std::atomic<uint64_t> coroutine_pages, thread_pages;
    std::array<served, priorities.size()> by_priority;
} * state;

uint64_t pages_used() {
    ouros_statistics s{};
    ouros::kernel::statistics(&s);
    return s.pages_used;
}

void wait_for_gate() {
    state->waiting++;
    while (state->gate == 0)
        syscall(SYS_futex, &state->gate, FUTEX_WAIT, 0, nullptr);
}

// Of two on one hart the later one has the higher number.
void be_served(served& at) {
    unsigned turn = state->turn++;
    unsigned first = at.first;
    while (turn < first && !at.first.compare_exchange_weak(first, turn))
        ;
    unsigned last = at.last;
    while (turn > last && !at.last.compare_exchange_weak(last, turn))
        ;
}

void thread(unsigned n) {
    sched_param level{int(99 - (priorities[n] * 99 + 23) / 24)};
    sched_setscheduler(0, SCHED_FIFO, &level);
    wait_for_gate();
    be_served(state->by_priority[n]);
    state->by_priority[n].threads++;
}

ouros::task<void> coroutine(unsigned n) {
    be_served(state->by_priority[n]);
    state->by_priority[n].coroutines++;
    co_return;
}

ouros::task<int> process() {
    uint64_t before = pages_used();
    unsigned waiting = state->waiting;
    std::vector<std::thread> started;
    for (unsigned n = 0; n < threads; n++)
        started.emplace_back(thread, n % priorities.size());
    while (state->waiting < waiting + threads)
        usleep(1000);
    uint64_t with_threads = pages_used();
    std::vector<ouros::spawned<void>> spawned;
    for (unsigned n = 0; n < coroutines; n++)
        spawned.push_back(
            ouros::spawn(coroutine(n % priorities.size()), priorities[n % priorities.size()]));
    state->thread_pages += with_threads - before;
    state->coroutine_pages += pages_used() - with_threads;
    wait_for_gate();
    for (auto& each : spawned)
        co_await each;
    for (std::thread& each : started)
        each.join();
    co_return 0;
}

int main() {
    state = new (mmap(nullptr, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                      -1, 0)) shared_state;
    for (unsigned n = 1; n <= processes; n++) {
        if (fork() == 0)
            _exit(ouros::run(process(), {.strict = true}));
        while (state->waiting < n * (threads + 1))
            usleep(1000);
    }
    sched_param highest{99};
    sched_setscheduler(0, SCHED_FIFO, &highest);
    usleep(10'000); // the last one waits now
    state->gate = 1;
    syscall(SYS_futex, &state->gate, FUTEX_WAKE, INT_MAX);
    while (wait(nullptr) > 0)
        ;
    std::printf("priority  coroutines  threads  served from    to\n");
    bool in_order = true, one_hart = sysconf(_SC_NPROCESSORS_ONLN) == 1;
    unsigned next = 0, served_in_all = 0;
    const served* before = nullptr;
    for (unsigned n = 0; n < priorities.size(); n++) {
        served& s = state->by_priority[n];
        std::printf("%8u  %10u  %7u  %11u  %4u\n", priorities[n], s.coroutines.load(),
                    s.threads.load(), s.first.load(), s.last.load());
        in_order =
            in_order && (one_hart ? s.first == next && s.last + 1 == next + s.coroutines + s.threads
                                  : !before || s.last > before->last);
        next = s.last + 1;
        served_in_all += s.coroutines + s.threads;
        before = &s;
    }
    std::printf("bytes per coroutine %lu, per thread %lu\n",
                state->coroutine_pages * 4096 / (processes * coroutines),
                state->thread_pages * 4096 / (processes * threads));
    return !in_order || served_in_all != processes * (coroutines + threads);
}
