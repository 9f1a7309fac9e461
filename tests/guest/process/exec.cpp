// SPDX-License-Identifier: BSD-2-Clause
//
// execve and posix_spawn, as programs use them: what the new program gets, what is left of the old
// one, what fails and leaves the caller as it was. Linux on this machine says the same.
#include "self.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <vector>

namespace {

std::string path;

void tell(const char* what, bool good) {
    printf("%s: %s\n", what, good ? "yes" : "NO");
    fflush(stdout);
}

int status_of(pid_t id) {
    int status = 0;
    return waitpid(id, &status, 0) == id ? status : -1;
}

template <class F>
int run_child(F&& body) {
    fflush(stdout);
    pid_t id = fork();
    if (id == 0) {
        body();
        _exit(99);
    }
    return status_of(id);
}

// The new program's side.

int show(int argc, char** argv, char** envp) {
    for (int i = 0; i < argc; i++)
        if (i != 0)
            printf("argument %d: '%s'\n", i, argv[i]);
    for (char** e = envp; *e; e++)
        printf("environment: '%s'\n", *e);
    return 7;
}

int check_left(char** argv) {
    int kept = atoi(argv[2]), closed = atoi(argv[3]), pid = atoi(argv[4]);
    char c = 0;
    tell("an open file stays open, at its position", read(kept, &c, 1) == 1 && c == '3');
    tell("FD_CLOEXEC closes", fcntl(closed, F_GETFD) == -1 && errno == EBADF);
    tell("the process is the same", getpid() == pid);
    struct sigaction action;
    sigaction(SIGUSR1, nullptr, &action);
    tell("an ignored signal stays ignored", action.sa_handler == SIG_IGN);
    sigaction(SIGUSR2, nullptr, &action);
    tell("a handler is gone", action.sa_handler == SIG_DFL);
    static int zero;
    tell("memory is new", zero == 0);
    return 8;
}

// The old program's.

void passes_arguments() {
    int status = run_child([] {
        char* arguments[] = {path.data(), strdup("show"), strdup(""), strdup("two words"), nullptr};
        char* environment[] = {strdup("A=1"), strdup("EMPTY="), nullptr};
        execve(path.c_str(), arguments, environment);
    });
    tell("arguments and environment", WEXITSTATUS(status) == 7);
    status = run_child([] {
        std::string large(100000, 'x');
        execl(path.c_str(), path.c_str(), "length", large.c_str(), nullptr);
    });
    tell("a long argument", WEXITSTATUS(status) == 100000 % 251);
}

void keeps_what_stays() {
    char name[] = "/tmp/exec-XXXXXX";
    int kept = mkstemp(name);
    if (write(kept, "0123456789", 10) != 10 || lseek(kept, 3, SEEK_SET) != 3)
        tell("file", false);
    int closed = open(name, O_RDONLY | O_CLOEXEC);
    int status = run_child([&] {
        signal(SIGUSR1, SIG_IGN);
        signal(SIGUSR2, [](int) {});
        execl(path.c_str(), path.c_str(), "left", std::to_string(kept).c_str(),
              std::to_string(closed).c_str(), std::to_string(getpid()).c_str(), nullptr);
    });
    tell("it ended as it should", WEXITSTATUS(status) == 8);
    close(kept);
    close(closed);
    unlink(name);
}

void fails_and_leaves_the_caller() {
    std::string name = "/tmp/not-a-program-" + std::to_string(getpid());
    int fd = open(name.c_str(), O_CREAT | O_WRONLY, 0644);
    if (write(fd, "just text, long enough to be looked at as a program's header ......\n", 68) !=
        68)
        tell("file", false);
    close(fd);
    char* arguments[] = {path.data(), nullptr};
    auto fails = [&](const char* program, int expected) {
        return execv(program, arguments) == -1 && errno == expected;
    };
    tell("ENOENT", fails("/tmp/there/is/nothing", ENOENT));
    tell("EACCES, not executable", fails(name.c_str(), EACCES));
    chmod(name.c_str(), 0755);
    tell("ENOEXEC", fails(name.c_str(), ENOEXEC));
    tell("EACCES, a directory", fails("/tmp", EACCES));
    tell("EFAULT", fails(reinterpret_cast<char*>(8), EFAULT));
    auto** bad = reinterpret_cast<char**>(16);
    tell("EFAULT, arguments", execv(path.c_str(), bad) == -1 && errno == EFAULT);
    std::string large(100000, 'x');
    std::vector<char*> many(200, large.data());
    many.push_back(nullptr);
    tell("E2BIG", execv(path.c_str(), many.data()) == -1 && errno == E2BIG);
    unlink(name.c_str());
}

void spawns() {
    int fds[2];
    if (pipe(fds))
        tell("pipe", false);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], 1);
    posix_spawn_file_actions_addclose(&actions, fds[0]);
    posix_spawn_file_actions_addclose(&actions, fds[1]);
    char* arguments[] = {path.data(), strdup("show"), strdup("spawned"), nullptr};
    char* environment[] = {strdup("B=2"), nullptr};
    pid_t id = 0;
    int error = posix_spawn(&id, path.c_str(), &actions, nullptr, arguments, environment);
    close(fds[1]);
    std::string text;
    char buffer[64];
    for (ssize_t n; (n = read(fds[0], buffer, sizeof buffer)) > 0;)
        text.append(buffer, size_t(n));
    close(fds[0]);
    tell("posix_spawn through a pipe",
         error == 0 && WEXITSTATUS(status_of(id)) == 7 &&
             text == "argument 1: 'show'\nargument 2: 'spawned'\nenvironment: 'B=2'\n");
    tell("posix_spawn of nothing",
         posix_spawn(&id, "/nothing", nullptr, nullptr, arguments, environment) == ENOENT);
    posix_spawn_file_actions_destroy(&actions);
    tell("no child is left", wait(nullptr) == -1 && errno == ECHILD);
}

volatile int seen;

void lends_memory() {
    pid_t id = vfork();
    if (id == 0) {
        seen = 5;
        _exit(3);
    }
    tell("vfork", seen == 5 && WEXITSTATUS(status_of(id)) == 3);
}

void ends_threads() {
    int status = run_child([] {
        for (int i = 0; i < 3; i++)
            std::thread([] {
                for (;;)
                    asm volatile("");
            }).detach();
        std::thread([] { pause(); }).detach();
        // The new program has the process's id, whichever thread asked for it.
        std::thread([] {
            execl(path.c_str(), path.c_str(), "id", std::to_string(getpid()).c_str(), nullptr);
        }).join();
    });
    tell("threads end", WEXITSTATUS(status) == 11);
}

} // namespace

int main(int argc, char** argv, char** envp) {
    std::string what = argc > 1 ? argv[1] : "";
    if (what == "show")
        return show(argc, argv, envp);
    if (what == "left")
        return check_left(argv);
    if (what == "length")
        return int(strlen(argv[2]) % 251);
    if (what == "id")
        return getpid() == atoi(argv[2]) ? 11 : 12;
    path = own_path(argv[0]);
    passes_arguments();
    keeps_what_stays();
    fails_and_leaves_the_caller();
    spawns();
    lends_memory();
    ends_threads();
}
