// SPDX-License-Identifier: BSD-2-Clause
//
// Checks that go on, and what the system has in use: for programs that give everything back.
#pragma once

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <ouros/kernel.h>
#include <sys/wait.h>
#include <unistd.h>

inline int wrong;

inline void must(bool condition, const char* what) {
    if (condition)
        return;
    printf("WRONG: %s (errno %d)\n", what, errno);
    wrong++;
}

struct in_use {
    uint64_t pages, objects, queue_pairs, receivers;
    bool operator==(const in_use&) const = default;
};

inline in_use count_in_use() {
    ouros_statistics s{};
    must(syscall(OUROS_SYS_statistics, &s, sizeof s) == long(sizeof s), "statistics");
    return {s.pages_used, s.heap_objects, s.queue_pairs, s.receivers};
}

// When nothing changes any more: what has ended may still be giving its last things back.
inline in_use steady_use() {
    in_use before = count_in_use();
    for (int same = 0; same < 5;) {
        timespec moment{0, 5'000'000};
        nanosleep(&moment, nullptr);
        in_use now = count_in_use();
        same = now == before ? same + 1 : 0;
        before = now;
    }
    return before;
}

inline void tell(const char* when, const in_use& use) {
    printf("%s: %lu pages, %lu objects, %lu queue pairs, %lu receivers\n", when, use.pages,
           use.objects, use.queue_pairs, use.receivers);
}
