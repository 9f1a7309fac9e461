// SPDX-License-Identifier: BSD-2-Clause
//
// Threads, futexes, harts: as many wakes as waiters, as many counts as were counted.
#include "state.hpp"

#include <algorithm>
#include <climits>
#include <ctime>
#include <linux/futex.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/syscall.h>

namespace torture {

namespace {

long futex(std::atomic<uint32_t>& word, int operation, uint32_t value,
           const timespec* timeout = nullptr) {
    return syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, timeout, nullptr, 0);
}

class threads {
  public:
    template <class F>
    void start(F& body) {
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, 64 << 10);
        check(pthread_create(
                  &all_[count_++], &attributes,
                  [](void* f) -> void* {
                      (*static_cast<F*>(f))();
                      return nullptr;
                  },
                  &body) == 0,
              "pthread_create");
        pthread_attr_destroy(&attributes);
    }
    void join() {
        for (; count_; count_--)
            check(pthread_join(all_[count_ - 1], nullptr) == 0, "pthread_join");
    }

  private:
    pthread_t all_[48];
    unsigned count_ = 0;
};

void start_and_join(actor& a) {
    std::atomic<unsigned> ran{0};
    auto body = [&] { ran++; };
    unsigned count = unsigned(a.random.between(1, 3));
    threads t;
    for (unsigned i = 0; i < count; i++)
        t.start(body);
    t.join();
    check(ran == count, "threads that ran", long(ran));
}

void count_with_mutex(actor& a) {
    unsigned count = unsigned(a.random.between(1, 20));
    for (unsigned i = 0; i < count; i++) {
        pthread_mutex_lock(&a.in.mutex);
        uint64_t before = a.in.counted_with_mutex;
        if (i % 8 == 0)
            sched_yield();
        a.in.counted_with_mutex = before + 1;
        pthread_mutex_unlock(&a.in.mutex);
    }
    a.in.added += count;
}

// Two threads that take turns.
void take_turns(actor& a) {
    std::atomic<uint32_t> turn{0};
    unsigned rounds = unsigned(a.random.between(1, 8));
    auto play = [&](uint32_t mine) {
        for (unsigned i = 0; i < rounds; i++) {
            for (uint32_t now; (now = turn) % 2 != mine;)
                futex(turn, FUTEX_WAIT, now);
            turn++;
            futex(turn, FUTEX_WAKE, 1);
        }
    };
    auto other = [&] { play(1); };
    threads t;
    t.start(other);
    play(0);
    t.join();
    check(turn == 2 * rounds, "turns taken", long(turn));
}

// Many more threads than harts wait for one word; each is woken once.
void wake_all(actor& a) {
    std::atomic<uint32_t> word{0};
    std::atomic<unsigned> waiting{0}, woken{0};
    auto wait = [&] {
        waiting++;
        while (word == 0)
            futex(word, FUTEX_WAIT, 0);
        woken++;
    };
    unsigned count = unsigned(a.random.between(2, 40));
    threads t;
    for (unsigned i = 0; i < count; i++)
        t.start(wait);
    if (a.random.percent(50))
        while (waiting != count)
            sched_yield();
    word = 1;
    long n = must(futex(word, FUTEX_WAKE, INT_MAX), "FUTEX_WAKE");
    check(n <= long(count), "woken at once", n);
    t.join();
    check(woken == count, "threads that were woken", long(woken));
}

void wait_in_vain(actor& a) {
    std::atomic<uint32_t> word{7};
    check(futex(word, FUTEX_WAIT, 6) == -1 && errno == EAGAIN, "a futex with another value", errno);
    timespec time{0, long(a.random.below(200'000))};
    long result = futex(word, FUTEX_WAIT, 7, &time);
    check(result == -1 && (errno == ETIMEDOUT || errno == EINTR), "a futex that nobody wakes",
          errno);
    check(futex(word, FUTEX_WAKE, 1) == 0, "nobody waits");
}

void produce_and_consume(actor& a) {
    sem_t empty, full;
    sem_init(&empty, 0, 3);
    sem_init(&full, 0, 0);
    unsigned ring[3], count = unsigned(a.random.between(1, 12)), sum = 0;
    auto produce = [&] {
        for (unsigned i = 0; i < count; i++) {
            again([&] { return sem_wait(&empty); });
            ring[i % 3] = i;
            sem_post(&full);
        }
    };
    threads t;
    t.start(produce);
    for (unsigned i = 0; i < count; i++) {
        again([&] { return sem_wait(&full); });
        sum += ring[i % 3] == i;
        sem_post(&empty);
    }
    t.join();
    check(sum == count, "what a semaphore let through", long(sum));
}

void move(actor& a) {
    pthread_mutex_lock(&a.in.moving);
    cpu_set_t all, one;
    must(sched_getaffinity(0, sizeof all, &all), "sched_getaffinity");
    check(unsigned(CPU_COUNT(&all)) == a.in.harts, "harts to run on", CPU_COUNT(&all));
    CPU_ZERO(&one);
    int hart = int(a.random.below(a.in.harts));
    CPU_SET(hart, &one);
    must(sched_setaffinity(0, sizeof one, &one), "sched_setaffinity");
    check(sched_getcpu() == hart, "the hart that it is on", sched_getcpu());
    check(intact(*a.memory), "memory after a move");
    must(sched_setaffinity(0, sizeof all, &all), "sched_setaffinity of all");
    pthread_mutex_unlock(&a.in.moving);
}

// Another actor, which may be doing anything.
void move_another(actor& a) {
    static std::atomic<pid_t> ids[64];
    ids[a.number % 64] = gettid();
    pid_t id = ids[a.random.below(std::min<size_t>(a.in.actors.size(), 64))];
    if (!id)
        return;
    pthread_mutex_lock(&a.in.moving);
    cpu_set_t some;
    CPU_ZERO(&some);
    for (unsigned h = 0; h < a.in.harts; h++)
        CPU_SET(h, &some);
    check(sched_setaffinity(id, sizeof some, &some) == 0 || errno == ESRCH, "affinity of another",
          errno);
    pthread_mutex_unlock(&a.in.moving);
}

void sleep_a_moment(actor& a) {
    timespec before, after, time{0, long(a.random.below(300'000))};
    clock_gettime(CLOCK_MONOTONIC, &before);
    bool whole = nanosleep(&time, nullptr) == 0;
    clock_gettime(CLOCK_MONOTONIC, &after);
    long passed = (after.tv_sec - before.tv_sec) * 1'000'000'000 + after.tv_nsec - before.tv_nsec;
    check(!whole || passed >= time.tv_nsec, "how long it slept", passed);
}

void yield(actor&) {
    must(sched_yield(), "sched_yield");
}

} // namespace

const operation thread_operations[] = {
    {"threads", 30, start_and_join},
    {"mutex", 600, count_with_mutex},
    {"turns", 25, take_turns},
    {"wake all", 3, wake_all},
    {"futex in vain", 60, wait_in_vain},
    {"semaphores", 25, produce_and_consume},
    {"move", 150, move},
    {"move another", 60, move_another},
    {"sleep", 30, sleep_a_moment},
    {"yield", 400, yield},
    {},
};

} // namespace torture
