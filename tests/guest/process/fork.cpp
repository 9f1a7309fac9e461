// SPDX-License-Identifier: BSD-2-Clause
//
// fork and wait, as any Unix program uses them: what is copied, what is shared, how ends are told.
// Linux on this machine says the same.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <initializer_list>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

template <class F>
pid_t child(F&& body) {
    fflush(stdout);
    pid_t id = fork();
    if (id == 0)
        _exit(body());
    return id;
}

int status_of(pid_t id) {
    int status = 0;
    if (waitpid(id, &status, 0) != id)
        return -1;
    return status;
}

void tell(const char* what, bool good) {
    printf("%s: %s\n", what, good ? "yes" : "NO");
}

int global = 1;

void memory_is_copied() {
    std::vector<int> heap(100000, 7);
    int stack = 5;
    pid_t id = child([&] {
        bool same = global == 1 && stack == 5 && heap[99999] == 7;
        global = 2, stack = 6, heap[99999] = 8;
        return same && global == 2 && stack == 6 && heap[99999] == 8 && heap[0] == 7 ? 0 : 1;
    });
    heap[0] = 9; // not seen by the child, whichever is first
    tell("the child has what the parent had", status_of(id) == 0);
    tell("the parent keeps its own", global == 1 && stack == 5 && heap[99999] == 7 && heap[0] == 9);
}

void shared_memory_is_shared() {
    auto* words = static_cast<volatile int*>(
        mmap(nullptr, 65536, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    words[0] = 1;
    pid_t id = child([&] {
        words[1] = words[0] + 1;
        words[10000] = 3;
        return 0;
    });
    tell("shared memory is shared", status_of(id) == 0 && words[1] == 2 && words[10000] == 3);
    munmap(const_cast<int*>(words), 65536);
}

void open_files_are_shared() {
    char name[] = "/tmp/fork-XXXXXX";
    int fd = mkstemp(name);
    if (write(fd, "0123456789", 10) != 10 || lseek(fd, 2, SEEK_SET) != 2)
        tell("file", false);
    char c = 0;
    pid_t id = child(
        [&] { return read(fd, &c, 1) == 1 && c == '2' && lseek(fd, 5, SEEK_CUR) == 8 ? 0 : 1; });
    bool good = status_of(id) == 0;
    tell("the position is shared", good && read(fd, &c, 1) == 1 && c == '8');
    id = child([&] { return close(fd) == 0 ? 0 : 1; });
    good = status_of(id) == 0;
    tell("the table is not", good && read(fd, &c, 1) == 1 && c == '9');
    close(fd);
    unlink(name);
}

void ends_are_told() {
    int status = status_of(child([] { return 42; }));
    tell("exit code", WIFEXITED(status) && WEXITSTATUS(status) == 42);
    status = status_of(child([] {
        abort();
        return 0;
    }));
    tell("signal", WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    tell("nobody is left", wait(nullptr) == -1 && errno == ECHILD);
    tell("not a child", waitpid(getppid(), nullptr, 0) == -1 && errno == ECHILD);
}

void waiting_chooses() {
    int hold[2];
    if (pipe(hold))
        tell("pipe", false);
    pid_t first = child([&] {
        char c;
        close(hold[1]);
        return read(hold[0], &c, 1) == 0 ? 1 : 9;
    });
    pid_t second = child([] { return 2; });
    int status = 0;
    tell("the one asked for", waitpid(second, &status, 0) == second && WEXITSTATUS(status) == 2);
    tell("none has ended yet", waitpid(-1, &status, WNOHANG) == 0);
    close(hold[1]);
    siginfo_t info{};
    tell("waitid looks", waitid(P_PID, id_t(first), &info, WEXITED | WNOWAIT) == 0 &&
                             info.si_pid == first && info.si_status == 1 &&
                             info.si_code == CLD_EXITED && info.si_signo == SIGCHLD);
    tell("waitid takes", waitid(P_ALL, 0, &info, WEXITED) == 0 && info.si_pid == first);
    tell("waitid finds nothing", waitid(P_ALL, 0, &info, WEXITED) == -1 && errno == ECHILD);
    close(hold[0]);
}

void ids_are_right() {
    pid_t parent = getpid();
    int group = getpgrp();
    pid_t id = child([&] {
        if (getppid() != parent || getpid() == parent || getpgrp() != group)
            return 1;
        return setpgid(0, 0) == 0 && getpgrp() == getpid() ? 0 : 2;
    });
    tell("ids", status_of(id) == 0);
    id = child([] { return setsid() == getpid() && getsid(0) == getpid() ? 0 : 1; });
    tell("sessions", status_of(id) == 0);
}

void pipes_connect() {
    int fds[2];
    if (pipe(fds))
        tell("pipe", false);
    pid_t id = child([&] {
        close(fds[0]);
        for (int i = 0; i < 1000; i++)
            if (write(fds[1], "0123456789abcdef", 16) != 16)
                return 1;
        return 0;
    });
    close(fds[1]);
    char buffer[100];
    size_t total = 0;
    for (ssize_t n; (n = read(fds[0], buffer, sizeof buffer)) > 0;)
        total += size_t(n);
    close(fds[0]);
    tell("a pipe between processes ends with its writer", total == 16000 && status_of(id) == 0);
}

// Each level forks two: 2^5 - 1 processes, with their parents waiting for them.
int tree(int levels) {
    int sum = 1;
    if (levels == 0)
        return sum;
    for (int i = 0; i < 2; i++)
        sum += WEXITSTATUS(status_of(child([&] { return tree(levels - 1); })));
    return sum;
}

} // namespace

int main() {
    memory_is_copied();
    shared_memory_is_shared();
    open_files_are_shared();
    ends_are_told();
    waiting_chooses();
    ids_are_right();
    pipes_connect();
    printf("a tree of %d\n", tree(5));
}
