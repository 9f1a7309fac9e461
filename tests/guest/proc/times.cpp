// SPDX-License-Identifier: BSD-2-Clause
//
// Processor times against the truth. With --icount an instruction takes one nanosecond, so that a
// loop of known length takes a known time; what the clock counts in ticks of 100 ns may be off by
// one at each of its ends, and a tick's interrupt costs the program what it costs.
#include <cstdint>
#include <ctime>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

namespace {

constexpr int64_t ms = 1'000'000;

// Two instructions a round.
void spin(int64_t instructions) {
    int64_t rounds = instructions / 2;
    asm volatile("1: addi %0, %0, -1\n bnez %0, 1b" : "+r"(rounds));
}

int64_t clock_of(clockid_t clock) {
    timespec t;
    CHECK(clock_gettime(clock, &t) == 0);
    return t.tv_sec * 1000 * ms + t.tv_nsec;
}
int64_t nanoseconds(const timeval& t) {
    return t.tv_sec * 1000 * ms + t.tv_usec * 1000;
}
rusage usage_of(int who) {
    rusage u;
    CHECK(getrusage(who, &u) == 0);
    return u;
}

// A tick each 10 ms, some thousand instructions each, and the calls that look.
bool about(int64_t value, int64_t wanted) {
    int64_t more = value - wanted;
    if (more >= -200 && more <= 20'000 + wanted / 1000)
        return true;
    std::printf("%ld ns instead of %ld\n", long(value), long(wanted));
    return false;
}

void* half_of_it(void* out) {
    int64_t before = clock_of(CLOCK_THREAD_CPUTIME_ID);
    spin(60 * ms);
    *static_cast<int64_t*>(out) = clock_of(CLOCK_THREAD_CPUTIME_ID) - before;
    return nullptr;
}

void threads_count_their_own() {
    int64_t wall = clock_of(CLOCK_MONOTONIC), process = clock_of(CLOCK_PROCESS_CPUTIME_ID);
    pthread_t other;
    int64_t theirs, ours;
    CHECK(pthread_create(&other, nullptr, half_of_it, &theirs) == 0);
    half_of_it(&ours);
    clockid_t clock_of_other;
    CHECK(pthread_getcpuclockid(other, &clock_of_other) == 0);
    CHECK(pthread_join(other, nullptr) == 0);
    CHECK(about(ours, 60 * ms) && about(theirs, 60 * ms));
    wall = clock_of(CLOCK_MONOTONIC) - wall;
    process = clock_of(CLOCK_PROCESS_CPUTIME_ID) - process;
    CHECK(process <= wall && process >= ours + theirs); // the thread that has ended counts, too
    timespec t;
    CHECK(clock_gettime(clock_of_other, &t) == -1 && errno == EINVAL);
}

void sleeping_is_free() {
    int64_t before = clock_of(CLOCK_PROCESS_CPUTIME_ID);
    timespec t{0, 200 * ms};
    CHECK(nanosleep(&t, nullptr) == 0);
    CHECK(about(clock_of(CLOCK_PROCESS_CPUTIME_ID) - before, 0));
}

void faults_are_the_kernels_time() {
    constexpr size_t pages = 2000;
    rusage before = usage_of(RUSAGE_SELF);
    int64_t cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID);
    auto* memory = static_cast<volatile char*>(
        mmap(nullptr, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    CHECK(memory != MAP_FAILED);
    for (size_t i = 0; i < pages; i++)
        memory[i * 4096] = 1;
    cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    rusage after = usage_of(RUSAGE_SELF);
    int64_t system = nanoseconds(after.ru_stime) - nanoseconds(before.ru_stime);
    CHECK(after.ru_minflt - before.ru_minflt == pages);
    CHECK(system > cpu / 2 && system <= cpu); // the rest is the way in and out, and the loop
    CHECK(munmap(const_cast<char*>(memory), pages * 4096) == 0);
    rusage last = usage_of(RUSAGE_SELF);
    CHECK(last.ru_maxrss >= long(pages * 4) && last.ru_maxrss < long(pages * 4) + 4096);
}

void children_count_when_they_are_waited_for() {
    int64_t own = clock_of(CLOCK_PROCESS_CPUTIME_ID);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        if (pid_t grandchild = fork(); grandchild == 0) {
            spin(70 * ms);
            _exit(0);
        } else {
            CHECK(waitpid(grandchild, nullptr, 0) == grandchild);
        }
        spin(30 * ms);
        _exit(0);
    }
    siginfo_t info;
    CHECK(waitid(P_PID, id_t(child), &info, WEXITED | WNOWAIT) == 0);
    rusage none = usage_of(RUSAGE_CHILDREN);
    CHECK(nanoseconds(none.ru_utime) == 0);
    rusage told;
    int status;
    CHECK(wait4(child, &status, 0, &told) == child && status == 0);
    int64_t time = nanoseconds(told.ru_utime) + nanoseconds(told.ru_stime);
    CHECK(time >= 100 * ms && time < 102 * ms);
    CHECK(nanoseconds(told.ru_utime) >= 100 * ms);
    rusage summed = usage_of(RUSAGE_CHILDREN);
    CHECK(nanoseconds(summed.ru_utime) == nanoseconds(told.ru_utime));
    CHECK(nanoseconds(summed.ru_stime) == nanoseconds(told.ru_stime));
    tms t;
    CHECK(times(&t) != -1);
    CHECK(t.tms_cutime == nanoseconds(told.ru_utime) / (10 * ms));
    CHECK(t.tms_utime * 10 * ms <= clock_of(CLOCK_PROCESS_CPUTIME_ID));
    CHECK(clock_of(CLOCK_PROCESS_CPUTIME_ID) - own < 5 * ms);
}

void nonsense_is_refused() {
    timespec t;
    CHECK(clock_gettime(clockid_t(~99999 << 3 | 2), &t) == -1 && errno == EINVAL);
    CHECK(clock_gettime(clockid_t(~99999 << 3 | 6), &t) == -1 && errno == EINVAL);
    CHECK(clock_gettime(12, &t) == -1 && errno == EINVAL);
    rusage u;
    CHECK(getrusage(__rusage_who(2), &u) == -1 && errno == EINVAL);
    CHECK(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &t, nullptr) == EINVAL);
}

} // namespace

int main() {
    int64_t before = clock_of(CLOCK_THREAD_CPUTIME_ID);
    spin(50 * ms);
    CHECK(about(clock_of(CLOCK_THREAD_CPUTIME_ID) - before, 50 * ms));
    threads_count_their_own();
    sleeping_is_free();
    faults_are_the_kernels_time();
    children_count_when_they_are_waited_for();
    nonsense_is_refused();
    return 0;
}
