// SPDX-License-Identifier: BSD-2-Clause

#include "sides.hpp"

#include <cerrno>
#include <ouros/io.hpp>
#include <ouros/share.hpp>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace bench {

namespace {

void run_on(unsigned hart) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(hart, &set);
    ouros::check(::sched_setaffinity(0, sizeof set, &set) < 0 ? -errno : 0, "sched_setaffinity");
}

} // namespace

std::string sides::name(const char* of) const {
    return std::string(of) + (what == kind::threads ? ".threads" : ".processes") +
           (where == place::one_hart ? "" : ".two_harts");
}

void link::write_word(uint64_t word) {
    ouros::check(::write(to_, &word, sizeof word) < 0 ? -errno : 0, "write");
}

uint64_t link::read_word() {
    uint64_t word = 0;
    ouros::check(::read(from_, &word, sizeof word) < 0 ? -errno : 0, "read");
    return word;
}

void link::meet() {
    write_word(1);
    read_word();
}

int link::swap(int fd) {
    ouros::check(ouros::send_fds(socket_, &fd, 1), "send_fds");
    ouros::owned_fd other;
    ouros::check(ouros::receive_fds(socket_, &other, 1), "receive_fds");
    return ::dup(other.get());
}

void run_sides(const sides& which, const std::function<void(link&)>& first,
               const std::function<void(link&)>& second) {
    void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ouros::check(page == MAP_FAILED ? -errno : 0, "mmap");
    auto* shared = static_cast<common*>(page);
    int sockets[2] = {-1, -1}, pipes[2][2];
    ouros::check(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) < 0 ? -errno : 0, "socketpair");
    for (auto& each : pipes)
        ouros::check(::pipe(each) < 0 ? -errno : 0, "pipe");
    const auto run_second = [&] {
        run_on(which.where == place::one_hart ? 0 : 1);
        link to_first(1, sockets, pipes, shared);
        second(to_first);
    };
    // The first side, too, runs in a thread of its own: what it sets up ends with it.
    const auto run_first = [&] {
        run_on(0);
        link to_second(0, sockets, pipes, shared);
        first(to_second);
    };
    if (which.what == kind::threads) {
        std::thread one(run_first), other(run_second);
        one.join();
        other.join();
    } else {
        pid_t child = ::fork();
        ouros::check(child < 0 ? -errno : 0, "fork");
        if (child == 0) {
            run_second();
            ::_exit(0);
        }
        std::thread(run_first).join();
        int status = 0;
        ouros::check(::waitpid(child, &status, 0) < 0 ? -errno : 0, "waitpid");
        ouros::check(status ? -ECHILD : 0, "the second side");
    }
    ::close(sockets[0]);
    ::close(sockets[1]);
    for (auto& each : pipes) {
        ::close(each[0]);
        ::close(each[1]);
    }
    ::munmap(page, 4096);
}

} // namespace bench
