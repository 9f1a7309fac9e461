// SPDX-License-Identifier: BSD-2-Clause
//
// Calls that take a pointer (but for those on files: files/bad-pointers.cpp) get bad ones. Each
// must answer EFAULT, or another error where it looks at something else first; never work, never
// harm anybody.
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <ouros/kernel.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

int failures;

struct attempt {
    const char* name;
    long number;
    uint64_t arguments[6];
};
constexpr uint64_t bad = ~0ull; // stands for the pointer

const attempt attempts[] = {
    {"uname", SYS_uname, {bad}},
    {"sysinfo", SYS_sysinfo, {bad}},
    {"clock_gettime", SYS_clock_gettime, {1, bad}},
    {"clock_getres", SYS_clock_getres, {1, bad}},
    {"gettimeofday", SYS_gettimeofday, {bad, 0}},
    {"nanosleep", SYS_nanosleep, {bad, 0}},
    {"clock_nanosleep", SYS_clock_nanosleep, {1, 0, bad, 0}},
    {"times", SYS_times, {bad}},
    {"getrandom", SYS_getrandom, {bad, 16, 0}},
    {"prlimit64 old", SYS_prlimit64, {0, 3, 0, bad}},
    {"prlimit64 new", SYS_prlimit64, {0, 3, bad, 0}},
    {"getrlimit", SYS_getrlimit, {3, bad}},
    {"getrusage", SYS_getrusage, {0, bad}},
    {"rt_sigaction new", SYS_rt_sigaction, {10, bad, 0, 8}},
    {"rt_sigaction old", SYS_rt_sigaction, {10, 0, bad, 8}},
    {"rt_sigprocmask new", SYS_rt_sigprocmask, {0, bad, 0, 8}},
    {"rt_sigprocmask old", SYS_rt_sigprocmask, {0, 0, bad, 8}},
    {"sigaltstack", SYS_sigaltstack, {0, bad}},
    {"futex wait", SYS_futex, {bad & ~3ull, 0, 0, 0, 0, 0}},
    {"sched_getaffinity", SYS_sched_getaffinity, {0, 8, bad}},
    {"getcpu", SYS_getcpu, {bad, 0}},
    {"getresuid", SYS_getresuid, {bad, bad, bad}},
    {"prctl set name", SYS_prctl, {15, bad}},
    {"prctl get name", SYS_prctl, {16, bad}},
    {"ring_setup", OUROS_SYS_ring_setup, {8, 8, bad, 32}},
    {"statistics", OUROS_SYS_statistics, {bad, 64}},
};

void run(const char* where, uint64_t pointer) {
    for (const attempt& a : attempts) {
        uint64_t x[6];
        for (int i = 0; i < 6; i++)
            x[i] = a.arguments[i] == bad             ? pointer
                   : a.arguments[i] == (bad & ~3ull) ? pointer & ~3ull
                                                     : a.arguments[i];
        errno = 0;
        long value = syscall(a.number, x[0], x[1], x[2], x[3], x[4], x[5]);
        if (value == -1 && errno == EFAULT)
            continue;
        printf("wrong: %s with a pointer %s: %ld, errno %d\n", a.name, where, value, errno);
        failures++;
    }
}

} // namespace

int main() {
    run("near null", 8);
    run("to the kernel", 0x80200000);
    run("to the trampoline", 0xfffffffffffff000);
    run("to a trap frame", 0xffffffffffffd000);
    run("that is not canonical", 0x8000000000000000);
    run("to the end of what there is", 0x3effffffffff);
    // One that begins in a page that is there and goes on in one that is not.
    auto* p = static_cast<char*>(
        mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    munmap(p + 4096, 4096);
    run("to a hole", reinterpret_cast<uint64_t>(p + 4096));
    errno = 0;
    if (syscall(SYS_uname, p + 4090) != -1 || errno != EFAULT) {
        printf("wrong: uname across the end of a page\n");
        failures++;
    }
    return failures ? 1 : 0;
}
