// SPDX-License-Identifier: BSD-2-Clause
//
// Every allocation of a system call fails once: the first, the second, ..., until the call gets
// through. Each time the call must say that there is no memory (or do without), and leave nothing
// behind. Needs a kernel with checks: fail_allocation.
#include "failing.hpp"

#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <sys/mman.h>

const char* self;

namespace {

const char* only = nullptr; // for a person who looks into one call

bool quiet = false;

// Until the call gets through: how many allocations there are, and without how many it did.
void each_allocation_fails(const operation& o) {
    int failed = 0, did_without = 0;
    for (int n = 1;; n++) {
        if (n > most) {
            printf("WRONG: %s never gets through\n", o.name);
            wrong++;
            break;
        }
        o.prepare();
        fail(uint64_t(n));
        long value = o.attempt();
        long left = fail(0);
        if (left > 0) {
            if (value < 0) {
                printf("WRONG: %s: %s, with memory\n", o.name, strerror(int(-value)));
                wrong++;
            } else {
                o.undo(value);
            }
            break;
        }
        if (value >= 0) {
            did_without++;
            o.undo(value);
        } else if (value == -ENOMEM || value == -o.other_error) {
            failed++;
        } else {
            printf("WRONG: %s: allocation %d fails: %s\n", o.name, n, strerror(int(-value)));
            wrong++;
        }
    }
    if (!quiet)
        printf("%-28s %3d allocations, does without %d\n", o.name, failed + did_without,
               did_without);
}

} // namespace

void leaves_nothing(const char* name, const std::function<void()>& body) {
    in_use first = steady_use(), before = first, after = first;
    for (int i = 0; i < 3; i++) {
        before = after;
        body();
        after = steady_use();
        if (after.pages <= before.pages && after.objects <= before.objects &&
            after.queue_pairs == before.queue_pairs && after.receivers == before.receivers)
            return;
    }
    printf("WRONG: %s leaves something behind\n", name);
    tell("  at first", first);
    tell("  before  ", before);
    tell("  after   ", after);
    wrong++;
}

void test(const operation& o) {
    if (only && strcmp(o.name, only) != 0)
        return;
    o.prepare();
    long value = o.attempt(); // what is made once is there from now on
    if (value < 0) {
        printf("WRONG: %s: %s, untouched\n", o.name, strerror(int(-value)));
        wrong++;
        return;
    }
    o.undo(value);
    leaves_nothing(o.name, [&] {
        each_allocation_fails(o);
        quiet = true;
    });
    quiet = false;
}

void test_in_child(const operation& o) {
    if (only && strcmp(o.name, only) != 0)
        return;
    auto body = [&] {
        pid_t id = fork();
        if (id == 0) {
            wrong = 0;
            each_allocation_fails(o);
            fflush(stdout);
            _exit(wrong);
        }
        int status = 0;
        must(id > 0 && waitpid(id, &status, 0) == id && status == 0, o.name);
    };
    body();
    quiet = true;
    leaves_nothing(o.name, body);
    quiet = false;
}

char* map(size_t size, int flags, int fd) {
    void* p = mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, fd, 0);
    must(p != MAP_FAILED, "mmap");
    return static_cast<char*>(p);
}

int open_file(const char* name, size_t size) {
    int fd = open(name, O_CREAT | O_RDWR | O_TRUNC, 0600);
    must(fd >= 0 && write(fd, buffer, size) == long(size), name);
    return fd;
}

int main(int argc, char** argv) {
    if (argc > 1 && strcmp(argv[1], "left") == 0)
        return fail(0) > 0 ? through : failed_on_the_way;
    setvbuf(stdout, nullptr, _IONBF, 0);
    self = argv[1];
    only = argc > 2 ? argv[2] : nullptr;
    if (fail(0) != 0) {
        printf("this kernel has no fail_allocation\n");
        return 1;
    }
    memset(buffer, 'x', sizeof buffer);
    files();
    events();
    memory();
    processes();
    rings();
    if (!only)
        executes(), ends(), faults();
    return wrong ? 1 : 0;
}
