// SPDX-License-Identifier: BSD-2-Clause
//
// A2: what the library's operations ask for is what they are named for.
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <ouros/ouros.hpp>
#include <poll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using ouros::task;

int wrong = 0;

void expect(const char* what, int64_t found, int64_t wanted) {
    if (found == wanted)
        return;
    std::printf("WRONG: %s: %ld instead of %ld\n", what, found, wanted);
    wrong++;
}

task<void> names() {
    struct stat found;
    expect("make_directory", co_await ouros::make_directory("/tmp/o", 0755), 0);
    expect("... again", co_await ouros::make_directory("/tmp/o", 0755), -EEXIST);
    auto fd = static_cast<int>(co_await ouros::open("/tmp/o/a", O_CREAT | O_RDWR, 0600));
    expect("truncate", co_await ouros::truncate(fd, 100), 0);
    expect("... its size", fstat(fd, &found) == 0 ? found.st_size : -1, 100);
    expect("allocate", co_await ouros::allocate(fd, 0, 100, 50), 0);
    expect("... its size", fstat(fd, &found) == 0 ? found.st_size : -1, 150);
    expect("advise", co_await ouros::advise(fd, 0, 150, POSIX_FADV_SEQUENTIAL), 0);
    expect("advise, badly", co_await ouros::advise(fd, 0, 150, 99), -EINVAL);
    expect("fdatasync", co_await ouros::fdatasync(fd), 0);
    expect("close", co_await ouros::close(fd), 0);
    expect("rename", co_await ouros::rename("/tmp/o/a", "/tmp/o/b"), 0);
    expect("link", co_await ouros::link("/tmp/o/b", "/tmp/o/c"), 0);
    expect("... links", stat("/tmp/o/b", &found) == 0 ? found.st_nlink : 0, 2);
    expect("symlink", co_await ouros::symlink("b", "/tmp/o/s"), 0);
    char text[8] = {};
    expect("... it says", readlink("/tmp/o/s", text, sizeof text), 1);
    expect("... it says", text[0], 'b');
    expect("a directory that is not empty", co_await ouros::unlink("/tmp/o", AT_REMOVEDIR),
           -ENOTEMPTY);
    for (const char* name : {"/tmp/o/b", "/tmp/o/c", "/tmp/o/s"})
        expect("unlink", co_await ouros::unlink(name), 0);
    expect("unlink a directory", co_await ouros::unlink("/tmp/o", AT_REMOVEDIR), 0);
    expect("it is gone", stat("/tmp/o", &found), -1);
}

task<void> events() {
    int ends[2], set = epoll_create1(0);
    expect("make_pipe", co_await ouros::make_pipe(ends, O_CLOEXEC), 0);
    expect("... with its flag", fcntl(ends[0], F_GETFD), FD_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = 7;
    expect("epoll_control", co_await ouros::epoll_control(set, EPOLL_CTL_ADD, ends[0], &event), 0);
    auto wait = [&]() -> task<int64_t> {
        epoll_event found[4];
        int64_t count = co_await ouros::epoll_wait(set, found, 4);
        expect("which event", static_cast<int64_t>(found[0].data.u64), 7);
        co_return count;
    };
    auto ask = [&]() -> task<int64_t> { co_return co_await ouros::poll(ends[0], POLLIN); };
    auto write = [&]() -> task<int64_t> { co_return co_await ouros::write(ends[1], "x", 1, ~0ul); };
    auto [count, found, written] = co_await ouros::when_all(wait(), ask(), write());
    expect("epoll_wait", count, 1);
    expect("poll", found, POLLIN);
    expect("write", written, 1);
    expect("poll for nothing that is there: stopped",
           co_await ouros::stoppable(ouros::poll(ends[1], POLLOUT), std::stop_token()), POLLOUT);
    for (int fd : {ends[0], ends[1], set})
        co_await ouros::close(fd);
}

task<void> sockets() {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        co_return expect("socketpair", -1, 0);
    char buffer[8] = {};
    expect("receive, without waiting",
           co_await ouros::receive(pair[1], buffer, sizeof buffer, MSG_DONTWAIT), -EAGAIN);
    expect("send", co_await ouros::send(pair[0], "abc", 3), 3);
    expect("receive", co_await ouros::receive(pair[1], buffer, sizeof buffer), 3);
    expect("what was sent", std::memcmp(buffer, "abc", 3), 0);
    char data[] = "defg";
    iovec part{data, 4}, room{buffer, sizeof buffer};
    msghdr out{}, in{};
    out.msg_iov = &part;
    in.msg_iov = &room;
    out.msg_iovlen = in.msg_iovlen = 1;
    expect("send_message", co_await ouros::send_message(pair[0], &out), 4);
    expect("receive_message", co_await ouros::receive_message(pair[1], &in), 4);
    expect("what was sent", std::memcmp(buffer, "defg", 4), 0);
    expect("shut_down", co_await ouros::shut_down(pair[0], SHUT_WR), 0);
    expect("the end", co_await ouros::receive(pair[1], buffer, sizeof buffer), 0);
    close(pair[0]);
    close(pair[1]);
}

task<void> calls() {
    siginfo_t info{};
    expect("wait_id", co_await ouros::wait_id(P_ALL, 0, &info, WEXITED), -ECHILD);
    int status;
    expect("wait_child", co_await ouros::wait_child(-1, &status), -ECHILD);
    uint32_t word = 1;
    expect("futex_wait, changed", co_await ouros::futex_wait(&word, 2), -EAGAIN);
    auto wait = [&]() -> task<int64_t> { co_return co_await ouros::futex_wait(&word, 1); };
    auto waiting = ouros::spawn(wait());
    co_await ouros::yield();
    while (!co_await ouros::futex_wake(&word, 1))
        co_await ouros::yield();
    expect("futex_wait", co_await waiting, 0);
    int file = open("/tmp/locked", O_CREAT | O_RDWR, 0600), ends[2];
    expect("lock_file", co_await ouros::lock_file(file, LOCK_EX), 0);
    expect("pipe", pipe(ends), 0);
    expect("write", write(file, "0123456789", 10), 10);
    off_t from = 2;
    expect("send_file", co_await ouros::send_file(ends[1], file, &from, 5), 5);
    expect("... where it is", from, 7);
    unlink("/tmp/locked");
    alignas(4096) static char page[4096];
    expect("advise_memory", co_await ouros::advise_memory(page, sizeof page, MADV_NORMAL), 0);
    expect("advise_memory, badly", co_await ouros::advise_memory(page, 4096, 9999), -EINVAL);
}

task<int> program() {
    co_await names();
    co_await events();
    co_await sockets();
    co_await calls();
    co_return wrong != 0;
}

} // namespace

int main() {
    return ouros::run(program());
}
