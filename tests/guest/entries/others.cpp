// SPDX-License-Identifier: BSD-2-Clause
//
// A3 for the calls that have no opcode of their own.
#include "deed.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

namespace {

const char file[] = "/tmp/others-file", other[] = "/tmp/others-link", missing[] = "/tmp/none/none";
const uint64_t here = reg(AT_FDCWD);
int fd, folder, pipe_fds[2];

void close_it(int64_t result) {
    if (result >= 0)
        close(int(result));
}
void close_both(int64_t result) {
    if (result < 0)
        return;
    auto* two = reinterpret_cast<int*>(memory);
    close(two[0]);
    close(two[1]);
}
void empty_pipe(int64_t) {
    pollfd p{pipe_fds[0], POLLIN, 0};
    char sink[512];
    while (poll(&p, 1, 0) == 1 && read(pipe_fds[0], sink, sizeof sink) > 0)
        ;
}
void feed() {
    if (write(pipe_fds[1], "x", 1) != 1)
        std::perror("write");
}
void vector() {
    auto* two = reinterpret_cast<iovec*>(memory + 512);
    two[0] = {memory, 3};
    two[1] = {memory + 16, 4};
}

void by_name() {
    static const timespec then[2] = {{1000, 5}, {2000, 7}};
    run({"newfstatat", {SYS_newfstatat, {here, address(file), at(0), 0}}});
    run({"newfstatat, none", {SYS_newfstatat, {here, address(missing), at(0), 0}}});
    run({"newfstatat, bad address", {SYS_newfstatat, {here, address(file), nowhere, 0}}});
    run({"faccessat", {SYS_faccessat, {here, address(file), R_OK}}});
    run({"faccessat, none", {SYS_faccessat, {here, address(missing), R_OK}}});
    run({"faccessat2", {SYS_faccessat2, {here, address(file), R_OK, 0}}});
    run({"faccessat2, bad", {SYS_faccessat2, {here, address(file), R_OK, ~0u}}});
    run({"fchmodat", {SYS_fchmodat, {here, address(file), 0600}}});
    run({"fchmodat, none", {SYS_fchmodat, {here, address(missing), 0600}}});
    run({"fchownat", {SYS_fchownat, {here, address(file), 0, 0, 0}}});
    run({"fchownat, none", {SYS_fchownat, {here, address(missing), 0, 0, 0}}});
    run({"utimensat", {SYS_utimensat, {here, address(file), address(then), 0}}});
    run({"utimensat, none", {SYS_utimensat, {here, address(missing), address(then), 0}}});
    run({"readlinkat",
         {SYS_readlinkat, {here, address(other), at(0), 64}},
         {},
         [] {
             if (symlink(file, other) < 0)
                 std::perror("symlink");
         },
         {},
         [](int64_t) { unlink(other); }});
    run({"readlinkat, no link", {SYS_readlinkat, {here, address(file), at(0), 64}}});
    run({"truncate", {SYS_truncate, {address(file), 8}}});
    run({"truncate, none", {SYS_truncate, {address(missing), 8}}});
    run({"statfs, none", {SYS_statfs, {address(missing), at(0)}}});
    run({"statfs", {SYS_statfs, {address("/tmp"), at(512)}}});
    auto back = [](int64_t) {
        if (chdir("/") < 0)
            std::perror("chdir");
    };
    run({"chdir", {SYS_chdir, {address("/tmp")}}, {}, {}, {}, back});
    run({"chdir, no directory", {SYS_chdir, {address(file)}}});
    run({"fchdir", {SYS_fchdir, {uint64_t(folder)}}, {}, {}, {}, back});
    run({"fchdir, no directory", {SYS_fchdir, {uint64_t(fd)}}});
    run({"getcwd", {SYS_getcwd, {at(0), 64}}});
    run({"getcwd, too small", {SYS_getcwd, {at(0), 1}}});
    run({"umask", {SYS_umask, {022}}});
    run({"sync", {SYS_sync}});
}

void by_descriptor() {
    const auto f = uint64_t(fd);
    run({"fstat", {SYS_fstat, {f, at(0)}}});
    run({"fstatfs", {SYS_fstatfs, {f, at(512)}}});
    run({"fstatfs, bad", {SYS_fstatfs, {999, at(0)}}});
    run({"fchmod", {SYS_fchmod, {f, 0644}}});
    run({"fchmod, bad", {SYS_fchmod, {999, 0644}}});
    run({"fchown", {SYS_fchown, {f, 0, 0}}});
    run({"fchown, bad", {SYS_fchown, {999, 0, 0}}});
    run({"preadv", {SYS_preadv, {f, at(512), 2, 1, 0}}, {}, vector});
    run({"preadv, bad address", {SYS_preadv, {f, nowhere, 2, 1, 0}}});
    run({"pwritev", {SYS_pwritev, {f, at(512), 2, 1, 0}}, {}, vector});
    run({"preadv2", {SYS_preadv2, {f, at(512), 2, 1, 0, 0}}, {}, vector});
    run({"preadv2, bad flags", {SYS_preadv2, {f, at(512), 2, 1, 0, ~0u}}, {}, vector});
    run({"pwritev2", {SYS_pwritev2, {f, at(512), 2, 1, 0, 0}}, {}, vector});
    run({"getdents64", {SYS_getdents64, {uint64_t(folder), at(512), 2048}}, {}, [] {
             lseek(folder, 0, SEEK_SET);
         }});
    run({"dup", {SYS_dup, {f}}, {}, {}, {}, close_it});
    run({"dup, bad", {SYS_dup, {999}}});
    run({"dup3", {SYS_dup3, {f, 50, O_CLOEXEC}}, {}, {}, {}, close_it});
    run({"dup3, the same", {SYS_dup3, {f, f, 0}}});
    run({"fcntl", {SYS_fcntl, {f, F_GETFL}}});
    run({"fcntl, dup", {SYS_fcntl, {f, F_DUPFD, 60}}, {}, {}, {}, close_it});
    run({"fcntl, bad", {SYS_fcntl, {f, 9999}}});
    run({"flock", {SYS_flock, {f, LOCK_SH}}, {}, {}, {}, [](int64_t) { flock(fd, LOCK_UN); }});
    static int holder;
    run({"flock, waits",
         {SYS_flock, {f, LOCK_EX}},
         {},
         [] {
             holder = open(file, O_RDWR); // another open file
             if (flock(holder, LOCK_EX) < 0)
                 std::perror("flock");
         },
         [] { flock(holder, LOCK_UN); },
         [](int64_t) {
             flock(fd, LOCK_UN);
             close(holder);
         }});
    run({"flock, bad", {SYS_flock, {f, 77}}});
    run({"ioctl", {SYS_ioctl, {uint64_t(pipe_fds[0]), FIONREAD, at(0)}}, {}, feed, {}, empty_pipe});
    run({"ioctl, bad", {SYS_ioctl, {uint64_t(pipe_fds[0]), 0x1234, at(0)}}});
    run({"sendfile",
         {SYS_sendfile, {uint64_t(pipe_fds[1]), f, at(600), 5}},
         {},
         [] { new (memory + 600) off_t{1}; },
         {},
         empty_pipe});
    run({"sendfile, bad", {SYS_sendfile, {uint64_t(pipe_fds[1]), 999, 0, 5}}});
}

void that_make_files() {
    run({"eventfd2", {SYS_eventfd2, {3, EFD_CLOEXEC}}, {}, {}, {}, close_it});
    run({"eventfd2, bad", {SYS_eventfd2, {3, 1u << 30}}});
    run({"memfd_create", {SYS_memfd_create, {address("name"), 0}}, {}, {}, {}, close_it});
    run({"memfd_create, bad", {SYS_memfd_create, {nowhere, 0}}});
    run({"socketpair", {SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0, at(0)}}, {}, {}, {}, close_both});
    run({"socketpair, bad", {SYS_socketpair, {AF_UNIX, 77, 0, at(0)}}});
    run({"epoll_create1", {SYS_epoll_create1, {EPOLL_CLOEXEC}}, {}, {}, {}, close_it});
    run({"epoll_create1, bad", {SYS_epoll_create1, {1}}});
    run({"timerfd_create", {SYS_timerfd_create, {CLOCK_MONOTONIC, 0}}, {}, {}, {}, close_it});
    run({"timerfd_create, bad", {SYS_timerfd_create, {77, 0}}});
    static const int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    const auto t = uint64_t(timer);
    static const itimerspec hour{{0, 0}, {3600, 0}}, off{};
    run({"timerfd_settime",
         {SYS_timerfd_settime, {t, 0, address(&hour), at(0)}},
         {},
         {},
         {},
         [](int64_t) { timerfd_settime(timer, 0, &off, nullptr); }});
    run({"timerfd_settime, bad", {SYS_timerfd_settime, {t, 0, nowhere, 0}}});
    run({"timerfd_gettime", {SYS_timerfd_gettime, {t, at(0)}}});
    close(timer);
    run({"io_uring_setup, bad", {SYS_io_uring_setup, {4, nowhere}}});
    run({"io_uring_enter, bad", {SYS_io_uring_enter, {999, 0, 0, 0, 0, 0}}});
    run({"io_uring_register, bad", {SYS_io_uring_register, {999, 0, 0, 0}}});
}

void that_wait() {
    static const int set = epoll_create1(0);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = 42;
    epoll_ctl(set, EPOLL_CTL_ADD, pipe_fds[0], &event);
    static const timespec soon{0, 1'000'000};
    run({"epoll_pwait2, waits",
         {SYS_epoll_pwait2, {uint64_t(set), at(64), 4, 0, 0, 8}},
         {},
         {},
         feed,
         empty_pipe});
    run({"epoll_pwait2, times out",
         {SYS_epoll_pwait2, {uint64_t(set), at(64), 4, address(&soon), 0, 8}}});
    close(set);
    run({"getpid", {SYS_getpid}});
    run({"getppid", {SYS_getppid}});
}

} // namespace

void run_others() {
    fd = open(file, O_CREAT | O_RDWR | O_TRUNC, 0644);
    folder = open("/tmp", O_RDONLY | O_DIRECTORY);
    if (write(fd, "0123456789", 10) != 10 || pipe(pipe_fds) < 0 || folder < 0) {
        std::perror("files");
        wrong++;
    }
    by_name();
    by_descriptor();
    that_make_files();
    that_wait();
    unlink(file);
}
