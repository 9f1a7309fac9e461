// SPDX-License-Identifier: BSD-2-Clause
//
// A group that is killed while one of it forks is gone, with the child: there is no moment at which
// the signal reaches the parent and the child is not there yet, and lives on.
#include "in-use.h"

#include <csignal>
#include <cstdlib>
#include <sched.h>

namespace {

[[noreturn]] void fork_for_ever() {
    for (int children = 0;; children++)
        if (children == 8 || fork() == 0)
            for (;;)
                pause();
}

bool is_gone(pid_t group) {
    for (int i = 0; i < 20'000; i++) {
        if (kill(-group, 0) == -1 && errno == ESRCH)
            return true;
        timespec moment{0, 100'000};
        nanosleep(&moment, nullptr);
    }
    return false;
}

// The kill comes `after` nanoseconds from when the first fork may have begun.
void kill_forking(long after) {
    int ready[2];
    must(pipe(ready) == 0, "pipe");
    pid_t id = fork();
    if (id == 0) {
        setpgid(0, 0);
        (void)!write(ready[1], "r", 1);
        fork_for_ever();
    }
    char byte;
    must(read(ready[0], &byte, 1) == 1, "the group is there");
    timespec time{0, after};
    nanosleep(&time, nullptr);
    must(kill(-id, SIGKILL) == 0, "kill");
    int status;
    must(waitpid(id, &status, 0) == id && status == SIGKILL, "its first process was killed");
    if (!is_gone(id)) {
        printf("WRONG: killed after %ld ns, and some of it lives on\n", after);
        wrong++;
        kill(-id, SIGKILL);
    }
    close(ready[0]);
    close(ready[1]);
}

} // namespace

int main(int argc, char** argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 100;
    kill_forking(0);
    in_use before = steady_use();
    for (int i = 0; i < rounds && wrong < 3; i++)
        kill_forking(i * 7919L % 1'000'000);
    in_use after = steady_use();
    tell("before", before);
    tell("after", after);
    must(before == after, "what is in use");
    return wrong ? 1 : 0;
}
