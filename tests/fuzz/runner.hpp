// SPDX-License-Identifier: BSD-2-Clause
//
// What the fuzzers share: children that are hostile to the kernel, started again when they end, and
// the count of what they leave behind.
#pragma once

#include "../torture/random.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <ouros/kernel.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fuzz {

using torture::generator;

struct in_use {
    uint64_t pages, objects, queue_pairs, receivers;
    bool operator==(const in_use&) const = default;
};

inline in_use count() {
    // A pending SIGCHLD is an object, too.
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    timespec none{};
    sigtimedwait(&ended, nullptr, &none);
    ouros_statistics s{};
    syscall(OUROS_SYS_statistics, &s, sizeof s);
    return {s.pages_used, s.heap_objects, s.queue_pairs, s.receivers};
}

// When nothing changes any more.
inline in_use steady() {
    in_use before = count();
    for (int same = 0; same < 5;) {
        timespec moment{0, 10'000'000};
        nanosleep(&moment, nullptr);
        in_use now = count();
        same = now == before ? same + 1 : 0;
        before = now;
    }
    return before;
}

// What has ended may still be giving its last things back.
inline in_use settle(const in_use& wanted) {
    in_use now = count();
    for (int i = 0; now != wanted && i < 2000; i++) {
        timespec moment{0, 1'000'000};
        nanosleep(&moment, nullptr);
        now = count();
    }
    return now;
}

inline bool same(const in_use& before, const in_use& after, const char* where) {
    if (before == after)
        return true;
    printf("LEAK %s: pages %+ld, objects %+ld, queue pairs %+ld, receivers %+ld\n", where,
           long(after.pages - before.pages), long(after.objects - before.objects),
           long(after.queue_pairs - before.queue_pairs), long(after.receivers - before.receivers));
    return false;
}

template <class T>
T* shared_memory() {
    void* p = mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }
    return new (p) T;
}

// The program must have blocked SIGCHLD. Waits for the child; if `progress` stands still it blocks
// for ever and is killed. Returns its status.
inline int end_of(pid_t id, const std::atomic<uint64_t>& progress, long patience_ns = 50'000'000) {
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    int status = 0;
    uint64_t before = progress;
    while (waitpid(id, &status, WNOHANG) != id) {
        timespec time{0, patience_ns};
        if (sigtimedwait(&ended, nullptr, &time) != -1)
            continue;
        if (uint64_t now = progress; now != before) {
            before = now;
            continue;
        }
        kill(id, SIGKILL);
    }
    return status;
}

inline void block_child_signal() {
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ended, nullptr);
}

} // namespace fuzz
