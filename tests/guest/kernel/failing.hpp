// SPDX-License-Identifier: BSD-2-Clause
//
// Calls whose allocations fail, one at a time (failing.cpp), and what they are tried on.
#ifndef OUROS_TESTS_GUEST_KERNEL_FAILING_HPP
#define OUROS_TESTS_GUEST_KERNEL_FAILING_HPP

#include "../process/in-use.h"

#include <cerrno>
#include <cstddef>
#include <functional>
#include <sys/mman.h>
#include <sys/syscall.h>

inline constexpr int most = 400; // allocations of one call

inline long fail(uint64_t n, uint64_t flags = 0) {
    return syscall(OUROS_SYS_fail_allocation, n, flags);
}

template <class... A>
long call(long number, A... a) {
    long value = syscall(number, a...);
    return value < 0 ? -errno : value;
}

struct operation {
    const char* name;
    std::function<long()> attempt; // a value, or -errno; alone is observed
    std::function<void(long)> undo = [](long) {};
    std::function<void()> prepare = [] {};
    int other_error = ENOMEM; // that the call may fail with, too
};

void test(const operation& o);
// What a thread has once, in a process of its own.
void test_in_child(const operation& o);
// What is lost is lost each time; what something keeps for the next time is not.
void leaves_nothing(const char* name, const std::function<void()>& body);

inline void close_it(long fd) {
    close(int(fd));
}

extern const char* self; // this program's file
inline char buffer[64 * 1024];
inline constexpr long page = 4096;

char* map(size_t size, int flags = MAP_PRIVATE | MAP_ANONYMOUS, int fd = -1);
int open_file(const char* name, size_t size);

// A program that was executed with a failing allocation ends with one of these.
inline constexpr int through = 42, failed_on_the_way = 43;

// What is tried.
void files();
void events();
void memory();
void processes();
void rings();
void executes();
void ends();
void faults();

#endif
