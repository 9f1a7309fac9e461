// SPDX-License-Identifier: BSD-2-Clause
//
// A3: a call gives the same result by ecall, by ecall with a token, and through the ring: when it
// need not wait, when it has to, and with each kind of error. A5, A6: what waits is ended by
// ASYNC_CANCEL, with one completion. Each line is a call; what it leaves in memory counts, too. No
// call of docs/system-calls.md's table may be missing.
#include "deed.hpp"

#include <cstring>
#include <fcntl.h>
#include <ouros/opcodes.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>

namespace {

int pipe_fds[2], full[2], socket_fds[2], event_fd;

void drain_nonblocking(int fd) {
    fcntl(fd, F_SETFL, O_NONBLOCK);
    char sink[4096];
    while (read(fd, sink, sizeof sink) > 0)
        ;
    fcntl(fd, F_SETFL, 0);
}
void write_all(int fd, const char* text) {
    if (write(fd, text, std::strlen(text)) < 0)
        std::perror("write");
}

void transfers() {
    auto in = [] { return uint64_t(pipe_fds[0]); };
    auto out = [] { return uint64_t(pipe_fds[1]); };
    auto clear = [](int64_t) { drain_nonblocking(pipe_fds[0]); };
    auto feed = [] { write_all(pipe_fds[1], "hello"); };
    entry read_pipe{IORING_OP_READ, pipe_fds[0], at(0), 64, ~0ull};
    run({"read, there",
         {SYS_read, {in(), at(0), 3}},
         entry{IORING_OP_READ, pipe_fds[0], at(0), 3, ~0ull},
         feed,
         {},
         clear});
    run({"read, short", {SYS_read, {in(), at(0), 64}}, read_pipe, feed});
    run({"read, waits", {SYS_read, {in(), at(0), 64}}, read_pipe, {}, feed, clear});
    run({"read, bad address",
         {SYS_read, {in(), nowhere, 64}},
         entry{IORING_OP_READ, pipe_fds[0], nowhere, 64, ~0ull},
         feed,
         {},
         clear});
    run({"read, bad descriptor",
         {SYS_read, {999, at(0), 64}},
         entry{IORING_OP_READ, 999, at(0), 64, ~0ull}});
    run({"read, wrong end",
         {SYS_read, {out(), at(0), 64}},
         entry{IORING_OP_READ, pipe_fds[1], at(0), 64, ~0ull}});
    run({"read, would block",
         {SYS_read, {in(), at(0), 64}},
         read_pipe,
         [] { fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK); },
         {},
         [](int64_t) { fcntl(pipe_fds[0], F_SETFL, 0); }});
    auto vector = [] {
        auto* two = reinterpret_cast<iovec*>(memory + 512);
        two[0] = {memory, 2};
        two[1] = {memory + 16, 30};
    };
    run({"readv, waits",
         {SYS_readv, {in(), at(512), 2}},
         entry{IORING_OP_READV, pipe_fds[0], at(512), 2, ~0ull},
         vector,
         feed,
         clear});
    run({"write",
         {SYS_write, {out(), at(0), 10}},
         entry{IORING_OP_WRITE, pipe_fds[1], at(0), 10, ~0ull},
         {},
         {},
         clear});
    run({"write, waits",
         {SYS_write, {uint64_t(full[1]), at(0), 4096}},
         entry{IORING_OP_WRITE, full[1], at(0), 4096, ~0ull},
         [] {
             fcntl(full[1], F_SETFL, O_NONBLOCK);
             while (write(full[1], memory, sizeof memory) > 0)
                 ;
             fcntl(full[1], F_SETFL, 0);
         },
         [] { drain_nonblocking(full[0]); },
         [](int64_t) { drain_nonblocking(full[0]); }});
    run({"writev",
         {SYS_writev, {out(), at(512), 2}},
         entry{IORING_OP_WRITEV, pipe_fds[1], at(512), 2, ~0ull},
         vector,
         {},
         clear});
    run({"pread on a pipe", {SYS_pread64, {in(), at(0), 4, 0}}});
    run({"eventfd read, waits",
         {SYS_read, {uint64_t(event_fd), at(0), 8}},
         entry{IORING_OP_READ, event_fd, at(0), 8, ~0ull},
         {},
         [] { eventfd_write(event_fd, 7); },
         [](int64_t r) {
             eventfd_t sink;
             if (r != 8)
                 eventfd_read(event_fd, &sink);
         }});
    run({"eventfd read, too small",
         {SYS_read, {uint64_t(event_fd), at(0), 4}},
         entry{IORING_OP_READ, event_fd, at(0), 4, ~0ull}});
}

void sockets() {
    auto a = uint64_t(socket_fds[0]);
    auto clear = [](int64_t) { drain_nonblocking(socket_fds[0]); };
    auto feed = [] { write_all(socket_fds[1], "message"); };
    run({"recvfrom, waits",
         {SYS_recvfrom, {a, at(0), 64}},
         entry{IORING_OP_RECV, socket_fds[0], at(0), 64},
         {},
         feed,
         clear});
    run({"recvfrom, does not wait",
         {SYS_recvfrom, {a, at(0), 64, MSG_DONTWAIT}},
         entry{IORING_OP_RECV, socket_fds[0], at(0), 64, 0, MSG_DONTWAIT}});
    run({"recvfrom a pipe",
         {SYS_recvfrom, {uint64_t(pipe_fds[0]), at(0), 64}},
         entry{IORING_OP_RECV, pipe_fds[0], at(0), 64}});
    run({"sendto",
         {SYS_sendto, {uint64_t(socket_fds[1]), at(0), 5}},
         entry{IORING_OP_SEND, socket_fds[1], at(0), 5},
         {},
         {},
         clear});
    auto header = [] {
        auto* h = new (memory + 1024) msghdr{};
        h->msg_iov = new (memory + 1200) iovec{memory, 32};
        h->msg_iovlen = 1;
    };
    run({"recvmsg, waits",
         {SYS_recvmsg, {a, at(1024)}},
         entry{IORING_OP_RECVMSG, socket_fds[0], at(1024), 1},
         header,
         feed,
         clear});
    run({"sendmsg",
         {SYS_sendmsg, {uint64_t(socket_fds[1]), at(1024)}},
         entry{IORING_OP_SENDMSG, socket_fds[1], at(1024), 1},
         header,
         {},
         clear});
    run({"sendmsg, bad header",
         {SYS_sendmsg, {uint64_t(socket_fds[1]), nowhere}},
         entry{IORING_OP_SENDMSG, socket_fds[1], nowhere, 1}});
    run({"shutdown, bad", {SYS_shutdown, {a, 9}}, entry{IORING_OP_SHUTDOWN, socket_fds[0], 0, 9}});
}

// Without a network: what there is none of, and what is no socket of one. With one they are made
// by tests/guest/sockets.
void network() {
    const int fd = pipe_fds[0];
    auto p = uint64_t(fd), a = uint64_t(socket_fds[0]);
    run({"socket, none",
         {SYS_socket, {AF_INET, SOCK_STREAM, 0}},
         entry{IORING_OP_SOCKET, AF_INET, 0, 0, SOCK_STREAM}});
    run({"bind a pipe", {SYS_bind, {p, at(0), 16}}, entry{OUROS_OP_BIND, fd, at(0), 0, 16}});
    run({"listen on a pipe", {SYS_listen, {p, 1}}, entry{OUROS_OP_LISTEN, fd, 0, 1}});
    run({"connect a pipe",
         {SYS_connect, {p, at(0), 16}},
         entry{IORING_OP_CONNECT, fd, at(0), 0, 16}});
    run({"accept from a pipe", {SYS_accept4, {p, 0, 0, 0}}, entry{IORING_OP_ACCEPT, fd}});
    run({"accept from a pair", {SYS_accept, {a, 0, 0}}});
    run({"name of a pipe", {SYS_getsockname, {p, at(0), at(64)}}});
    run({"peer of a pipe", {SYS_getpeername, {p, at(0), at(64)}}});
    run({"option of a pipe", {SYS_setsockopt, {p, 1, 2, at(0), 4}}});
    run({"option of no file", {SYS_getsockopt, {999, 1, 2, at(0), at(64)}}});
}

int word = 5;
void wake_word() {
    syscall(SYS_futex, &word, 1 /* wake */, 100, nullptr, nullptr, 0);
}

void futexes() {
    constexpr uint64_t wait_bits = 9, wake_bits = 10, all = 0xffffffff;
    entry wait{OUROS_OP_FUTEX_WAIT, OUROS_FUTEX_U32, address(&word), 0, 5, 0, 0, all};
    run({"futex wait, waits",
         {SYS_futex, {address(&word), wait_bits, 5, 0, 0, all}},
         wait,
         {},
         wake_word});
    run({"futex wait, changed",
         {SYS_futex, {address(&word), wait_bits, 6, 0, 0, all}},
         entry{OUROS_OP_FUTEX_WAIT, OUROS_FUTEX_U32, address(&word), 0, 6, 0, 0, all}});
    run({"futex wait, no bits",
         {SYS_futex, {address(&word), wait_bits, 5, 0, 0, 0}},
         entry{OUROS_OP_FUTEX_WAIT, OUROS_FUTEX_U32, address(&word), 0, 5, 0, 0, 0}});
    run({"futex wait, bad address",
         {SYS_futex, {nowhere, wait_bits, 5, 0, 0, all}},
         entry{OUROS_OP_FUTEX_WAIT, OUROS_FUTEX_U32, nowhere, 0, 5, 0, 0, all}});
    run({"futex wake, nobody",
         {SYS_futex, {address(&word), wake_bits, 1, 0, 0, all}},
         entry{OUROS_OP_FUTEX_WAKE, OUROS_FUTEX_U32, address(&word), 0, 1, 0, 0, all}});
    static timespec soon{0, 1'000'000};
    run({"futex wait, times out", {SYS_futex, {address(&word), 0, 5, address(&soon)}}});
}

pid_t child;
int child_pipe[2];

void children() {
    auto make = [] {
        if (pipe(child_pipe) < 0)
            std::perror("pipe");
        child = fork();
        if (child == 0) { // ends when it is told to
            close(child_pipe[1]);
            char byte;
            _exit(read(child_pipe[0], &byte, 1) < 0 ? 1 : 7);
        }
        close(child_pipe[0]);
    };
    auto end = [] { close(child_pipe[1]); };
    auto reap = [](int64_t) { waitpid(-1, nullptr, WNOHANG | 0x40000000 /* __WALL */); };
    auto reap_for_sure = [=](int64_t r) {
        if (r < 0)
            waitpid(child, nullptr, 0);
    };
    (void)reap;
    auto clear_ids = [=](int64_t r) {
        reap_for_sure(r);
        std::memset(memory, 0, 256);
    };
    run({"wait4, waits", {SYS_wait4, {reg(-1), at(300), 0, 0}}, {}, make, end, clear_ids, true});
    run({"waitid, waits",
         {SYS_waitid, {P_ALL, 0, at(512), WEXITED, 0}},
         entry{OUROS_OP_WAITID, 0, 0, P_ALL, at(512), 0, WEXITED},
         make,
         end,
         clear_ids});
    run({"waitid, nobody",
         {SYS_waitid, {P_ALL, 0, at(512), WEXITED, 0}},
         entry{OUROS_OP_WAITID, 0, 0, P_ALL, at(512), 0, WEXITED}});
    run({"waitid, bad",
         {SYS_waitid, {P_ALL, 0, at(512), 0, 0}},
         entry{OUROS_OP_WAITID, 0, 0, P_ALL, at(512), 0, 0}});
}

void times_and_polls() {
    static timespec soon{0, 1'000'000}, bad{0, -1};
    run({"nanosleep", {SYS_nanosleep, {address(&soon), at(0)}}});
    run({"nanosleep, bad", {SYS_nanosleep, {address(&bad), at(0)}}});
    run({"clock_nanosleep", {SYS_clock_nanosleep, {1, 0, address(&soon), at(0)}}});
    auto question = [] { new (memory + 64) pollfd{pipe_fds[0], POLLIN, 0}; };
    auto clear = [](int64_t) { drain_nonblocking(pipe_fds[0]); };
    auto feed = [] { write_all(pipe_fds[1], "x"); };
    run({"ppoll, waits", {SYS_ppoll, {at(64), 1, 0, 0, 8}}, {}, question, feed, clear});
    run({"ppoll, times out", {SYS_ppoll, {at(64), 1, address(&soon), 0, 8}}, {}, question});
    run({"ppoll, bad address", {SYS_ppoll, {nowhere, 1, 0, 0, 8}}});
    run({"pselect6, waits",
         {SYS_pselect6, {uint64_t(pipe_fds[0] + 1), at(128), 0, 0, 0, 0}},
         {},
         [] {
             auto* set = new (memory + 128) uint64_t{};
             *set = 1ull << pipe_fds[0];
         },
         feed,
         clear});
}

// epoll_wait on a set that holds the pipe, and reading a timer.
void events() {
    static int set = epoll_create1(0), timer;
    auto clear = [](int64_t) { drain_nonblocking(pipe_fds[0]); };
    auto feed = [] { write_all(pipe_fds[1], "x"); };
    auto event = [] { new (memory + 600) epoll_event{EPOLLIN, {.u64 = 42}}; };
    const uint64_t s = uint64_t(set), in = uint64_t(pipe_fds[0]);
    run({"epoll_ctl, add",
         {SYS_epoll_ctl, {s, EPOLL_CTL_ADD, in, at(600)}},
         entry{IORING_OP_EPOLL_CTL, set, at(600), EPOLL_CTL_ADD, in},
         event,
         {},
         [](int64_t) { epoll_ctl(set, EPOLL_CTL_DEL, pipe_fds[0], nullptr); }});
    run({"epoll_ctl, none",
         {SYS_epoll_ctl, {s, EPOLL_CTL_DEL, in, 0}},
         entry{IORING_OP_EPOLL_CTL, set, 0, EPOLL_CTL_DEL, in}});
    event();
    epoll_ctl(set, EPOLL_CTL_ADD, pipe_fds[0], reinterpret_cast<epoll_event*>(memory + 600));
    run({"epoll_pwait, waits",
         {SYS_epoll_pwait, {s, at(64), 4, reg(-1), 0, 8}},
         entry{OUROS_OP_EPOLL_WAIT, set, at(64), 4},
         {},
         feed,
         clear});
    run({"epoll_pwait, there",
         {SYS_epoll_pwait, {s, at(64), 4, reg(-1), 0, 8}},
         entry{OUROS_OP_EPOLL_WAIT, set, at(64), 4},
         feed,
         {},
         clear});
    run({"epoll_pwait, not a set",
         {SYS_epoll_pwait, {in, at(64), 4, 0, 0, 8}},
         entry{OUROS_OP_EPOLL_WAIT, pipe_fds[0], at(64), 4}});
    run({"epoll_pwait, times out", {SYS_epoll_pwait, {s, at(64), 4, 2, 0, 8}}});
    // By token and in the ring it is the same event as in ppoll.
    run({"poll, waits",
         {SYS_ppoll, {at(64), 1, 0, 0, 8}},
         {},
         [] {
             new (memory + 64) pollfd{pipe_fds[0], POLLIN, 0};
         },
         feed,
         clear});
    uint64_t mine = submit({IORING_OP_POLL_ADD, pipe_fds[0], 0, 0, 0, POLLIN});
    let_the_kernel_work();
    expect_equal("poll in the ring waits", is_there(mine), false);
    feed();
    expect_equal("poll in the ring", result_of(mine), POLLIN);
    clear(0);
    timer = timerfd_create(CLOCK_MONOTONIC, 0);
    const uint64_t t = uint64_t(timer);
    auto expire = [] {
        itimerspec soon{{0, 0}, {0, 1}};
        timerfd_settime(timer, 0, &soon, nullptr);
    };
    run({"timerfd read, waits",
         {SYS_read, {t, at(0), 8}},
         entry{IORING_OP_READ, timer, at(0), 8, ~0ull},
         {},
         expire,
         [](int64_t) {
             itimerspec off{};
             timerfd_settime(timer, 0, &off, nullptr);
         }});
    close(set);
    close(timer);
}

void names() {
    static const char file[] = "/tmp/entries-file", other[] = "/tmp/entries-other",
                      folder[] = "/tmp/entries-folder", missing[] = "/tmp/none/none";
    const uint64_t here = reg(AT_FDCWD);
    auto create = [] { close(open(file, O_CREAT | O_RDWR, 0644)); };
    auto remove = [](int64_t) {
        unlink(file);
        unlink(other);
        rmdir(folder);
    };
    run({"openat, close",
         {SYS_openat, {here, address(file), O_RDWR, 0}},
         entry{IORING_OP_OPENAT, AT_FDCWD, address(file), 0, 0, O_RDWR},
         create,
         {},
         [=](int64_t fd) {
             close(int(fd));
             remove(0);
         }});
    run({"openat, none",
         {SYS_openat, {here, address(missing), O_RDWR, 0}},
         entry{IORING_OP_OPENAT, AT_FDCWD, address(missing), 0, 0, O_RDWR}});
    run({"close, bad", {SYS_close, {999}}, entry{IORING_OP_CLOSE, 999}});
    run({"mkdirat",
         {SYS_mkdirat, {here, address(folder), 0755}},
         entry{IORING_OP_MKDIRAT, AT_FDCWD, address(folder), 0755},
         {},
         {},
         remove});
    run({"mkdirat, none",
         {SYS_mkdirat, {here, address(missing), 0755}},
         entry{IORING_OP_MKDIRAT, AT_FDCWD, address(missing), 0755}});
    run({"unlinkat",
         {SYS_unlinkat, {here, address(file), 0}},
         entry{IORING_OP_UNLINKAT, AT_FDCWD, address(file)},
         create});
    run({"unlinkat, not a directory",
         {SYS_unlinkat, {here, address(file), AT_REMOVEDIR}},
         entry{IORING_OP_UNLINKAT, AT_FDCWD, address(file), 0, 0, AT_REMOVEDIR},
         create,
         {},
         remove});
    run({"renameat2",
         {SYS_renameat2, {here, address(file), here, address(other), 0}},
         entry{IORING_OP_RENAMEAT, AT_FDCWD, address(file), uint32_t(AT_FDCWD), address(other)},
         create,
         {},
         remove});
    run({"linkat",
         {SYS_linkat, {here, address(file), here, address(other), 0}},
         entry{IORING_OP_LINKAT, AT_FDCWD, address(file), uint32_t(AT_FDCWD), address(other)},
         create,
         {},
         remove});
    run({"symlinkat",
         {SYS_symlinkat, {address(file), here, address(other)}},
         entry{IORING_OP_SYMLINKAT, AT_FDCWD, address(file), 0, address(other)},
         {},
         {},
         remove});
    run({"statx, none",
         {SYS_statx, {here, address(missing), 0, STATX_BASIC_STATS, at(0)}},
         entry{IORING_OP_STATX, AT_FDCWD, address(missing), STATX_BASIC_STATS, at(0)}});
    run({"statx",
         {SYS_statx, {here, address("/dev/null"), 0, STATX_TYPE, at(512)}},
         entry{IORING_OP_STATX, AT_FDCWD, address("/dev/null"), STATX_TYPE, at(512)}});
}

void files() {
    static int fd = open("/tmp/entries-data", O_CREAT | O_RDWR | O_TRUNC, 0644);
    if (write(fd, "0123456789", 10) != 10)
        wrong++;
    auto f = uint64_t(fd);
    run({"pread64", {SYS_pread64, {f, at(0), 4, 3}}, entry{IORING_OP_READ, fd, at(0), 4, 3}});
    run({"pwrite64", {SYS_pwrite64, {f, at(0), 4, 3}}, entry{IORING_OP_WRITE, fd, at(0), 4, 3}});
    run({"fsync", {SYS_fsync, {f}}, entry{IORING_OP_FSYNC, fd}});
    run({"fdatasync, bad",
         {SYS_fdatasync, {999}},
         entry{IORING_OP_FSYNC, 999, 0, 0, 0, IORING_FSYNC_DATASYNC}});
    run({"sync_file_range",
         {SYS_sync_file_range, {f, 0, 100, 2}},
         entry{IORING_OP_SYNC_FILE_RANGE, fd, 0, 100, 0, 2}});
    run({"sync_file_range, bad",
         {SYS_sync_file_range, {f, 0, 100, 8}},
         entry{IORING_OP_SYNC_FILE_RANGE, fd, 0, 100, 0, 8}});
    run({"ftruncate", {SYS_ftruncate, {f, 20}}, entry{OUROS_OP_FTRUNCATE, fd, 0, 0, 20}});
    run({"ftruncate, bad",
         {SYS_ftruncate, {f, ~0ull}},
         entry{OUROS_OP_FTRUNCATE, fd, 0, 0, ~0ull}});
    run({"fallocate", {SYS_fallocate, {f, 0, 0, 100}}, entry{IORING_OP_FALLOCATE, fd, 100, 0, 0}});
    run({"fadvise64", {SYS_fadvise64, {f, 0, 100, 1}}, entry{IORING_OP_FADVISE, fd, 0, 100, 0, 1}});
    run({"madvise, bad",
         {SYS_madvise, {at(0) & ~4095ull, 4096, 9999}},
         entry{IORING_OP_MADVISE, -1, at(0) & ~4095ull, 4096, 0, 9999}});
    run({"lseek", {SYS_lseek, {f, 3, SEEK_SET}}});
    run({"lseek, far", {SYS_lseek, {f, 0x123456789abull, SEEK_SET}}});
    run({"lseek, to 2^31", {SYS_lseek, {f, 1ull << 31, SEEK_SET}}});
    run({"getdents64, no directory", {SYS_getdents64, {f, at(0), 512}}});
    run({"fstat, bad address", {SYS_fstat, {f, nowhere}}});
    run({"pipe2",
         {SYS_pipe2, {at(0), O_CLOEXEC}},
         entry{OUROS_OP_PIPE, -1, at(0), 0, 0, O_CLOEXEC},
         {},
         {},
         [](int64_t) {
             auto* fds = reinterpret_cast<int*>(memory);
             close(fds[0]);
             close(fds[1]);
         }});
    run({"pipe2, bad flags", {SYS_pipe2, {at(0), 1}}, entry{OUROS_OP_PIPE, -1, at(0), 0, 0, 1}});
}

// About the thread or its memory: done in the hand-over.
void the_threads_own() {
    run_own({"gettid", {SYS_gettid}});
    run_own({"no such call", {400}});
    run_own({"mmap",
             {SYS_mmap, {0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, reg(-1), 0}},
             {},
             {},
             {},
             [](int64_t r) { munmap(reinterpret_cast<void*>(r), 4096); }});
    run_own({"mmap of a file", {SYS_mmap, {0, 4096, PROT_READ, MAP_PRIVATE, 999, 0}}});
    run_own({"munmap, bad", {SYS_munmap, {1, 4096}}});
    run_own({"munmap", {SYS_munmap, {0x3000000000, 4096}}, {}, [] {
                 if (mmap(reinterpret_cast<void*>(0x3000000000), 4096, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
                     std::perror("mmap");
             }});
    for (long number : {SYS_exit, SYS_exit_group, SYS_clone, SYS_execve, SYS_rt_sigreturn,
                        SYS_rt_sigsuspend, SYS_sched_yield}) {
        const uint64_t none[6] = {};
        expect_equal("refused " + std::to_string(number), ouros::kernel::hand_over(1, number, none),
                     -EINVAL);
    }
}

void none_is_missing() {
    static constexpr struct {
        long number;
        const char* name;
    } table[] = {
#include "three-entries.inc"
    };
    for (const auto& each : table)
        if (!tried.count(each.number)) {
            std::printf("WRONG: no test makes the call %s\n", each.name);
            wrong++;
        }
}

} // namespace

int main() {
    const uint64_t none[6] = {};
    expect_equal("without a ring", ouros::kernel::hand_over(1, SYS_getppid, none), -EINVAL);
    open_ring();
    if (pipe(pipe_fds) < 0 || pipe(full) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, socket_fds) < 0)
        return 2;
    event_fd = eventfd(0, 0);
    transfers();
    sockets();
    network();
    futexes();
    children();
    times_and_polls();
    events();
    names();
    files();
    the_threads_own();
    run_others();
    none_is_missing();
    expect_equal("completions left over", int64_t(arrived.size()), 0);
    return wrong != 0;
}
