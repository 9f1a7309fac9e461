// SPDX-License-Identifier: BSD-2-Clause
//
// A kernel without its modules still runs programs: threads, processes, pipes, files, signals, a
// ring. What is left out answers as Linux does when it is built without it.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <ouros/ouros.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "../proc/check.h"

namespace {

ouros::task<int> through_a_ring(int fd) {
    char text[6] = {};
    CHECK(co_await ouros::read(fd, text, ouros::at(0)) == 6 && std::memcmp(text, "module", 6) == 0);
    co_return 0;
}

} // namespace

int main() {
    // What is left out.
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1 && errno == ENOSYS);
    itimerval never{};
    CHECK(setitimer(ITIMER_REAL, &never, nullptr) == -1 && errno == ENOSYS);
    struct stat s;
    CHECK(stat("/proc/self", &s) == -1 && errno == ENOENT);
    CHECK(open("/dev/ttyS1", O_RDWR) == -1 && errno == ENXIO);

    // What is there.
    int fd = open("/tmp/file", O_CREAT | O_RDWR, 0600), ends[2];
    CHECK(fd >= 0 && write(fd, "module", 6) == 6 && pipe(ends) == 0);
    int sum = 0;
    std::thread adder([&] { sum += 41; });
    adder.join();
    pid_t child = fork();
    if (child == 0)
        _exit(write(ends[1], "x", 1) == 1 ? sum + 1 : 0);
    int status;
    char byte;
    CHECK(read(ends[0], &byte, 1) == 1 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    static volatile sig_atomic_t taken;
    signal(SIGUSR1, [](int) { taken = 1; });
    CHECK(raise(SIGUSR1) == 0 && taken);
    CHECK(ouros::run(through_a_ring(fd)) == 0);
    std::puts("without modules");
}
