// SPDX-License-Identifier: BSD-2-Clause
#include "failing.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

// ---- Files and descriptors ----

void files() {
    int dir = open("/tmp", O_RDONLY | O_DIRECTORY);
    int file = open_file("/tmp/file", 10000);
    test({"openat, creating",
          [] {
              long fd = call(SYS_openat, AT_FDCWD, "/tmp/new", O_CREAT | O_RDWR, 0600);
              struct stat made;
              must(fd >= 0 || stat("/tmp/new", &made) == -1, "a call that failed made a file");
              return fd;
          },
          close_it, [] { unlink("/tmp/new"); }});
    unlink("/tmp/new");
    test({"openat", [] { return call(SYS_openat, AT_FDCWD, "/tmp/file", O_RDONLY); }, close_it});
    test({"openat of a directory", [] { return call(SYS_openat, AT_FDCWD, "/tmp", O_RDONLY); },
          close_it});
    test({"openat on the host", [] { return call(SYS_openat, AT_FDCWD, self, O_RDONLY); },
          close_it});
    test({"openat of procfs",
          [] { return call(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY); }, close_it});
    test({"openat of /dev/null", [] { return call(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY); },
          close_it});
    test({"mkdirat", [] { return call(SYS_mkdirat, AT_FDCWD, "/tmp/dir", 0700); },
          [](long) { rmdir("/tmp/dir"); }});
    test({"symlinkat", [] { return call(SYS_symlinkat, "file", AT_FDCWD, "/tmp/symbolic"); },
          [](long) { unlink("/tmp/symbolic"); }});
    test({"linkat",
          [] { return call(SYS_linkat, AT_FDCWD, "/tmp/file", AT_FDCWD, "/tmp/hard", 0); },
          [](long) { unlink("/tmp/hard"); }});
    test({"renameat2",
          [] { return call(SYS_renameat2, AT_FDCWD, "/tmp/file", AT_FDCWD, "/tmp/renamed", 0); },
          [](long) { must(rename("/tmp/renamed", "/tmp/file") == 0, "rename back"); }});
    test({"unlinkat", [] { return call(SYS_unlinkat, AT_FDCWD, "/tmp/gone", 0); }, [](long) {},
          [] { close(open("/tmp/gone", O_CREAT | O_RDWR, 0600)); }});
    unlink("/tmp/gone");
    test({"newfstatat", [] {
              struct stat s;
              return call(SYS_newfstatat, AT_FDCWD, "/tmp/file", &s, 0);
          }});
    test({"newfstatat on the host", [] {
              struct stat s;
              return call(SYS_newfstatat, AT_FDCWD, self, &s, 0);
          }});
    test({"readlinkat",
          [] { return call(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", buffer, 100); }});
    test({"getdents64", [&] {
              lseek(dir, 0, SEEK_SET);
              return call(SYS_getdents64, dir, buffer, 4096);
          }});
    test({"getcwd", [] { return call(SYS_getcwd, buffer, 4096); }});
    test({"chdir", [] { return call(SYS_chdir, "/tmp"); },
          [](long) { must(chdir("/") == 0, "chdir"); }});
    test({"pwrite64 of many pages",
          [&] { return call(SYS_pwrite64, file, buffer, sizeof buffer, 1 << 20); },
          [&](long) { must(ftruncate(file, 10000) == 0, "ftruncate"); },
          [&] { must(ftruncate(file, 10000) == 0, "ftruncate"); }, ENOSPC});
    must(ftruncate(file, 10000) == 0, "ftruncate");
    test({"pread64", [&] { return call(SYS_pread64, file, buffer, 9000, 0); }});
    test({"ftruncate, up", [&] { return call(SYS_ftruncate, file, 1 << 22); },
          [&](long) { must(ftruncate(file, 10000) == 0, "ftruncate"); }});
    test({"pread64 of procfs", [] {
              int fd = open("/proc/self/maps", O_RDONLY);
              long n = fd < 0 ? -errno : call(SYS_read, fd, buffer, 4096);
              close(fd);
              return n;
          }});
    test({"sendfile",
          [&] {
              int to = open("/tmp/file", O_WRONLY);
              long n = to < 0 ? -errno : call(SYS_sendfile, to, file, nullptr, 5000);
              close(to);
              return n;
          },
          [](long) {}, [&] { lseek(file, 0, SEEK_SET); }});
    int host = open(self, O_RDONLY);
    must(host >= 0, "open on the host");
    test({"pread64 on the host", [&] { return call(SYS_pread64, host, buffer, 40000, 0); }});
    test({"statfs", [] { return call(SYS_statfs, "/tmp", buffer); }});
    test({"dup3 to a high number", [] { return call(SYS_dup3, 1, 700, 0); }, close_it});
    test({"fcntl F_DUPFD", [] { return call(SYS_fcntl, 1, F_DUPFD, 300); }, close_it});
    close(host), close(file), close(dir);
    unlink("/tmp/file");
}

// ---- What is waited for ----

void events() {
    static int two[2];
    auto close_two = [](long) { close(two[0]), close(two[1]); };
    test({"pipe2", [] { return call(SYS_pipe2, two, 0); }, close_two});
    test({"socketpair", [] { return call(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, two); },
          close_two});
    test({"eventfd2", [] { return call(SYS_eventfd2, 0, 0); }, close_it});
    test({"epoll_create1", [] { return call(SYS_epoll_create1, 0); }, close_it});
    test({"timerfd_create", [] { return call(SYS_timerfd_create, CLOCK_MONOTONIC, 0); }, close_it});
    itimerspec soon{{0, 0}, {0, 1000000}};
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    test({"timerfd_settime and read", [&] {
              long error = call(SYS_timerfd_settime, timer, 0, &soon, nullptr);
              return error < 0 ? error : call(SYS_read, timer, buffer, 8);
          }});
    close(timer);
    must(pipe(two) == 0, "pipe");
    test({"write to a pipe", [] { return call(SYS_write, two[1], buffer, 20000); },
          [](long n) { must(read(two[0], buffer, size_t(n)) == n, "read back"); }});
    test({"read from a pipe, blocking", [] {
              timespec moment{0, 1000000};
              pollfd p{two[0], POLLIN, 0};
              return call(SYS_ppoll, &p, 1, &moment, nullptr, 0);
          }});
    pollfd many[100];
    std::fill(many, many + 100, pollfd{two[0], POLLIN, 0});
    test({"ppoll of a hundred", [&] {
              timespec moment{0, 1000000};
              return call(SYS_ppoll, many, 100, &moment, nullptr, 0);
          }});
    test({"pselect6", [&] {
              timespec moment{0, 1000000};
              fd_set set;
              FD_ZERO(&set);
              FD_SET(two[0], &set);
              return call(SYS_pselect6, two[0] + 1, &set, nullptr, nullptr, &moment, nullptr);
          }});
    int epoll = epoll_create1(0);
    epoll_event event{EPOLLIN, {}};
    test({"epoll_ctl", [&] { return call(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, two[0], &event); },
          [&](long) { epoll_ctl(epoll, EPOLL_CTL_DEL, two[0], nullptr); }});
    epoll_ctl(epoll, EPOLL_CTL_ADD, two[0], &event);
    test({"epoll_pwait", [&] {
              epoll_event e[4];
              return call(SYS_epoll_pwait, epoll, e, 4, 1, nullptr, 8);
          }});
    close(epoll);
    close_two(0);
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, two) == 0, "socketpair");
    test({"sendmsg with a descriptor",
          [] {
              iovec bytes{buffer, 3000};
              alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
              msghdr m{};
              m.msg_iov = &bytes;
              m.msg_iovlen = 1;
              m.msg_control = control;
              m.msg_controllen = sizeof control;
              cmsghdr* c = CMSG_FIRSTHDR(&m);
              c->cmsg_level = SOL_SOCKET;
              c->cmsg_type = SCM_RIGHTS;
              c->cmsg_len = CMSG_LEN(sizeof(int));
              int passed = 1;
              memcpy(CMSG_DATA(c), &passed, sizeof(int));
              return call(SYS_sendmsg, two[1], &m, 0);
          },
          [](long n) { must(read(two[0], buffer, size_t(n)) == n, "read back"); }, [] {}, ENOBUFS});
    close_two(0);
    test({"nanosleep", [] {
              timespec moment{0, 100000};
              return call(SYS_nanosleep, &moment, nullptr);
          }});
    static unsigned word = 7;
    test({"futex, waiting",
          [] {
              timespec moment{0, 100000};
              long value = call(SYS_futex, &word, 0, 7, &moment, nullptr, 0);
              return value == -ETIMEDOUT ? 0 : value;
          },
          [](long) {}, [] {}, EAGAIN});
}
