// SPDX-License-Identifier: BSD-2-Clause
//
// fork where there is not enough memory: an error to the caller, or the end of the child that
// writes to what it shares; the caller goes on, and all comes back.
#include "in-use.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

unsigned long free_memory() {
    struct sysinfo info;
    must(sysinfo(&info) == 0, "sysinfo");
    return info.freeram * info.mem_unit;
}

// Children that wait, until there is no memory for another one.
void runs_out_of_processes() {
    int hold[2];
    must(pipe(hold) == 0, "pipe");
    std::vector<pid_t> children;
    children.reserve(100000);
    for (;;) {
        pid_t id = fork();
        if (id == 0) {
            char c;
            close(hold[1]);
            _exit(read(hold[0], &c, 1) == 0 ? 3 : 4);
        }
        if (id < 0)
            break;
        children.push_back(id);
    }
    must(errno == ENOMEM || errno == EAGAIN, "fork fails as it should");
    must(children.size() > 10, "there were processes");
    close(hold[1]);
    size_t ended = 0, killed = 0;
    for (pid_t id : children) {
        int status = 0;
        must(waitpid(id, &status, 0) == id, "waitpid");
        // Where a child got no page for its stack, it was killed.
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
            killed++;
        else
            must(WIFEXITED(status) && WEXITSTATUS(status) == 3, "the child's status");
        ended++;
    }
    close(hold[0]);
    printf("%zu processes, then no memory; %zu of them were killed\n", ended, killed);
}

// A child that writes to more than there is.
void runs_out_of_pages(size_t size) {
    auto* memory = static_cast<char*>(
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    must(memory != MAP_FAILED, "mmap");
    memset(memory, 1, size);
    pid_t id = fork();
    if (id == 0) {
        memset(memory, 2, size);
        _exit(0);
    }
    int status = 0;
    must(id > 0 && waitpid(id, &status, 0) == id, "fork of a large process");
    must(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child is killed");
    bool intact = true;
    for (size_t i = 0; i < size; i += 4096)
        intact = intact && memory[i] == 1;
    must(intact, "the parent's memory");
    memset(memory, 3, size); // its own again
    munmap(memory, size);
}

} // namespace

int main() {
    unsigned long before = 0;
    for (int i = 0; i < 3; i++) {
        runs_out_of_processes();
        runs_out_of_pages(free_memory() / 3 * 2);
        unsigned long now = free_memory();
        // The first time leaves pages of small objects with the allocator.
        if (i == 1)
            before = now;
        if (i == 2)
            must(now + 64 * 4096 >= before, "memory comes back");
        printf("%lu free\n", now);
    }
    return wrong ? 1 : 0;
}
