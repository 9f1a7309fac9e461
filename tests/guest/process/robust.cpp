// SPDX-License-Identifier: BSD-2-Clause
//
// Mutexes whose owner ends, and waiters that are moved from one futex to another; here and on
// Linux.
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "../proc/check.h"

namespace {

void make_robust(pthread_mutex_t& m) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    CHECK(pthread_mutex_init(&m, &attributes) == 0);
}

void thread_ends_with_mutexes() {
    pthread_mutex_t m[3];
    for (auto& one : m)
        make_robust(one);
    std::thread([&] {
        for (auto& one : m)
            CHECK(pthread_mutex_lock(&one) == 0);
        CHECK(pthread_mutex_unlock(&m[1]) == 0);
    }).join();
    CHECK(pthread_mutex_trylock(&m[1]) == 0);
    for (int i : {0, 2}) {
        CHECK(pthread_mutex_lock(&m[i]) == EOWNERDEAD);
        CHECK(pthread_mutex_consistent(&m[i]) == 0 && pthread_mutex_unlock(&m[i]) == 0);
        CHECK(pthread_mutex_lock(&m[i]) == 0);
    }
}

// A process is killed with the mutex in its hands while another waits for it.
void process_is_killed_with_a_mutex() {
    struct shared {
        pthread_mutex_t m;
        std::atomic<int> held;
    };
    auto* s = static_cast<shared*>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    CHECK(s != MAP_FAILED);
    make_robust(s->m);
    pid_t holder = fork();
    if (holder == 0) {
        CHECK(pthread_mutex_lock(&s->m) == 0);
        s->held = 1;
        for (;;)
            pause();
    }
    while (!s->held)
        sched_yield();
    pid_t waiter = fork();
    if (waiter == 0)
        _exit(pthread_mutex_lock(&s->m) == EOWNERDEAD ? 0 : 1);
    // FUTEX_WAITERS: it sleeps, or is about to.
    while (!(__atomic_load_n(&s->m.__data.__lock, __ATOMIC_SEQ_CST) & int(FUTEX_WAITERS)))
        sched_yield();
    CHECK(kill(holder, SIGKILL) == 0 && waitpid(holder, nullptr, 0) == holder);
    int status;
    CHECK(waitpid(waiter, &status, 0) == waiter && status == 0);
    CHECK(pthread_mutex_lock(&s->m) == EOWNERDEAD); // the waiter has ended with it, too
}

// The list may say anything.
void nonsense_in_the_list() {
    for (uintptr_t first : {uintptr_t(0), uintptr_t(8), ~uintptr_t(0), uintptr_t(1) << 63}) {
        pid_t child = fork();
        if (child == 0) {
            struct {
                uintptr_t first;
                long offset;
                uintptr_t pending;
            } head{first, -3, first + 1}, ring[2];
            if (!first) { // a ring that does not come back to the head
                head.first = reinterpret_cast<uintptr_t>(&ring[0]);
                ring[0].first = reinterpret_cast<uintptr_t>(&ring[1]);
                ring[1].first = reinterpret_cast<uintptr_t>(&ring[0]);
            }
            CHECK(syscall(SYS_set_robust_list, &head, 24) == 0);
            _exit(0);
        }
        int status;
        CHECK(waitpid(child, &status, 0) == child && status == 0);
    }
}

std::atomic<int> from_word, to_word, awake, timed_out;
std::atomic<bool> hurried_is_back;

long futex(std::atomic<int>& word, int command, int value, long value_2 = 0,
           std::atomic<int>* other = nullptr, int value_3 = 0) {
    return syscall(SYS_futex, &word, command | FUTEX_PRIVATE_FLAG, value, value_2, other, value_3);
}

void waiters_move() {
    std::vector<std::thread> threads;
    for (int i = 0; i < 5; i++)
        threads.emplace_back([i] {
            timespec soon{0, 300'000'000};
            long result = futex(from_word, FUTEX_WAIT, 0, i == 4 ? long(&soon) : 0);
            (result == 0 ? awake : timed_out)++;
            if (i == 4)
                hurried_is_back = true;
        });
    // All wait (the one in a hurry may have given up): as many can be moved onto where they are.
    while (futex(from_word, FUTEX_CMP_REQUEUE, 0, 100, &from_word, 0) + timed_out != 5)
        sched_yield();
    CHECK(futex(from_word, FUTEX_CMP_REQUEUE, 1, 10, &to_word, 7) == -1 && errno == EAGAIN);
    CHECK(futex(from_word, FUTEX_CMP_REQUEUE, -1, 10, &to_word, 0) == -1 && errno == EINVAL);
    CHECK(futex(from_word, FUTEX_CMP_REQUEUE, 1, 10, &to_word, 0) >= 4);
    CHECK(futex(from_word, FUTEX_WAKE, 10) == 0);
    // The one in a hurry gives up where it is now, unless it was the one that was woken.
    while (!hurried_is_back || awake == 0)
        sched_yield();
    int left = 5 - awake - timed_out;
    CHECK(futex(to_word, FUTEX_WAKE, 10) == left);
    for (auto& t : threads)
        t.join();
    CHECK(awake + timed_out == 5 && timed_out <= 1);
}

} // namespace

int main() {
    thread_ends_with_mutexes();
    process_is_killed_with_a_mutex();
    nonsense_in_the_list();
    waiters_move();
    std::puts("robust");
}
