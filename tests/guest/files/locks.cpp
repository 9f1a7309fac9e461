// SPDX-License-Identifier: BSD-2-Clause
//
// flock: who may have a lock beside whom, and when it ends.
#include "report.h"

#include <csignal>
#include <fcntl.h>
#include <initializer_list>
#include <sched.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr const char* path = "/tmp/ouros-locks";

int open_again() {
    return open(path, O_RDWR | O_CREAT, 0600);
}

void by_open_file() {
    int one = open_again(), two = open_again(), same = dup(one);
    say("shared", flock(one, LOCK_SH));
    say("shared by another", flock(two, LOCK_SH | LOCK_NB));
    say("exclusive beside it", flock(one, LOCK_EX | LOCK_NB));
    say("the other lets go", flock(two, LOCK_UN));
    say("exclusive", flock(one, LOCK_EX | LOCK_NB));
    say("by a copy of the descriptor", flock(same, LOCK_EX | LOCK_NB));
    say("shared by another now", flock(two, LOCK_SH | LOCK_NB));
    close(one);
    say("one descriptor closed", flock(two, LOCK_SH | LOCK_NB));
    say("back to shared", flock(same, LOCK_SH | LOCK_NB));
    say("both have it", flock(two, LOCK_SH | LOCK_NB));
    close(same);
    say("all closed", flock(two, LOCK_EX | LOCK_NB));
    say("let go twice", flock(two, LOCK_UN) + flock(two, LOCK_UN));
    close(two);
}

void refused() {
    int fd = open_again(), nothing = open(path, O_PATH);
    for (int operation : {0, LOCK_NB, 16, LOCK_SH | LOCK_EX, LOCK_EX | LOCK_UN, 77})
        say("bad operation", flock(fd, operation));
    say("O_PATH", flock(nothing, LOCK_SH));
    close(fd);
    close(nothing);
    say("closed", flock(fd, LOCK_SH));
    int ends[2];
    if (pipe(ends) == 0)
        say("a pipe", flock(ends[0], LOCK_EX | LOCK_NB));
    say("its other end", flock(ends[1], LOCK_SH | LOCK_NB) >= -1 ? 0 : 1);
}

// A child has the lock until it ends; then the parent, which waits, gets it.
void waits_for_another_process() {
    int fd = open_again(), ready[2];
    if (pipe(ready) < 0)
        return;
    pid_t child = fork();
    if (child == 0) {
        int own = open_again();
        char byte = flock(own, LOCK_EX) == 0 ? 'y' : 'n';
        if (write(ready[1], &byte, 1) != 1)
            _exit(1);
        for (int i = 0; i < 3; i++)
            sched_yield();
        _exit(0);
    }
    char has = 0;
    say("told", static_cast<int>(read(ready[0], &has, 1)));
    std::printf("the child has it: %c\n", has);
    say("and then the parent", flock(fd, LOCK_EX));
    int status = -1;
    waitpid(child, &status, 0);
    std::printf("child: %#x\n", static_cast<unsigned>(status));
    close(fd);
}

// A child shares its parent's open file, and so the lock.
void is_inherited() {
    int fd = open_again();
    say("the parent's", flock(fd, LOCK_EX));
    pid_t child = fork();
    if (child == 0) {
        int own = open_again();
        bool right = flock(own, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK &&
                     flock(fd, LOCK_EX | LOCK_NB) == 0 && flock(fd, LOCK_UN) == 0 &&
                     flock(own, LOCK_EX | LOCK_NB) == 0;
        _exit(right ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    std::printf("child: %#x\n", static_cast<unsigned>(status));
    say("after it", flock(fd, LOCK_EX | LOCK_NB));
    close(fd);
}

void is_interrupted() {
    int one = open_again(), two = open_again();
    flock(one, LOCK_EX);
    struct sigaction action = {};
    action.sa_handler = [](int) {};
    sigaction(SIGALRM, &action, nullptr);
    ualarm(20000, 20000); // again and again: the first may come before the wait
    say("interrupted", flock(two, LOCK_SH));
    ualarm(0, 0);
    close(one);
    close(two);
}

} // namespace

int main() {
    std::setvbuf(stdout, nullptr, _IONBF, 0);
    by_open_file();
    refused();
    waits_for_another_process();
    is_inherited();
    is_interrupted();
    unlink(path);
}
