// SPDX-License-Identifier: BSD-2-Clause
//
// epoll over pipes, eventfds, sockets and timers, as Linux has it: level and edge triggered, once,
// changed, removed, closed. The output is compared with that of Linux.
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace {

int set;

void say(const char* what, long result) {
    std::printf("%-36s %ld\n", what, result < 0 ? -long(errno) : result);
}

// What there is within the time: events of at most 8 files, in the order of their numbers.
void ask(const char* what, int timeout = 0) {
    epoll_event events[8];
    int count = epoll_wait(set, events, 8, timeout);
    std::printf("%-36s %d:", what, count);
    for (uint64_t number = 0; number < 16; number++)
        for (int i = 0; i < count; i++)
            if (events[i].data.u64 == number)
                std::printf(" %lu=%x", static_cast<unsigned long>(number), events[i].events);
    std::printf("\n");
}

void watch(const char* what, int fd, uint32_t events, uint64_t number, int how = EPOLL_CTL_ADD) {
    epoll_event e{};
    e.events = events;
    e.data.u64 = number;
    say(what, epoll_ctl(set, how, fd, &e));
}

void put(int fd) {
    if (write(fd, "xy", 2) != 2)
        std::printf("no write\n");
}
void take(int fd) {
    char byte;
    if (read(fd, &byte, 1) != 1)
        std::printf("no read\n");
}

void pipes() {
    int p[2], q[2];
    if (pipe(p) || pipe(q))
        return;
    watch("watch a pipe", p[0], EPOLLIN, 1);
    watch("watch it twice", p[0], EPOLLIN, 1);
    watch("watch the other end", p[1], EPOLLOUT, 2);
    ask("empty");
    put(p[1]);
    ask("filled");
    ask("still so");
    take(p[0]);
    ask("one byte left");
    take(p[0]);
    ask("empty again");
    watch("edge triggered", q[0], EPOLLIN | EPOLLET, 3);
    put(q[1]);
    ask("an edge");
    ask("no edge");
    put(q[1]);
    ask("another edge");
    watch("once", q[0], EPOLLIN | EPOLLONESHOT, 4, EPOLL_CTL_MOD);
    ask("the one time");
    put(q[1]);
    ask("no second time");
    watch("once more", q[0], EPOLLIN | EPOLLONESHOT, 5, EPOLL_CTL_MOD);
    ask("the other time");
    watch("no such watch", q[1], EPOLLOUT, 6, EPOLL_CTL_MOD);
    say("remove", epoll_ctl(set, EPOLL_CTL_DEL, p[1], nullptr));
    say("remove again", epoll_ctl(set, EPOLL_CTL_DEL, p[1], nullptr));
    close(p[1]);
    ask("the writer has gone");
    int copy = dup(p[0]);
    close(p[0]);
    ask("a copy is left");
    close(copy);
    ask("none is left");
    close(q[0]);
    close(q[1]);
}

void other_files() {
    int e = eventfd(0, 0), s[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, s))
        return;
    watch("watch an eventfd", e, EPOLLIN | EPOLLOUT, 1);
    ask("it can be written");
    eventfd_write(e, 3);
    ask("and read");
    watch("watch a socket", s[0], EPOLLIN, 2);
    put(s[1]);
    ask("a message");
    close(s[1]);
    watch("only errors", e, 0, 1, EPOLL_CTL_MOD);
    close(s[0]);
    ask("nothing");
    close(e);
    int t = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    watch("watch a timer", t, EPOLLIN, 3);
    uint64_t count = 0;
    say("read an idle timer", read(t, &count, sizeof count));
    itimerspec soon{{0, 0}, {0, 2'000'000}}, old;
    say("set", timerfd_settime(t, 0, &soon, nullptr));
    ask("it expires", -1);
    say("read", read(t, &count, sizeof count));
    say("how often", long(count));
    ask("over");
    itimerspec often{{0, 1'000'000}, {0, 1'000'000}};
    timerfd_settime(t, 0, &often, nullptr);
    ask("again", -1);
    say("read", read(t, &count, sizeof count));
    say("at least once", count >= 1);
    itimerspec off{};
    say("off", timerfd_settime(t, 0, &off, &old));
    say("its interval was", old.it_interval.tv_nsec);
    timerfd_gettime(t, &old);
    say("and is", old.it_interval.tv_nsec + old.it_value.tv_nsec);
    say("read too little", read(t, &count, 4));
    itimerspec bad{{0, -1}, {0, 0}};
    say("bad time", timerfd_settime(t, 0, &bad, nullptr));
    say("not a timer", timerfd_settime(set, 0, &off, nullptr));
    close(t);
    pollfd one{set, POLLIN, 0};
    say("poll the set", poll(&one, 1, 0));
}

void errors() {
    epoll_event e;
    say("a bad set", epoll_wait(99, &e, 1, 0));
    say("no room", epoll_wait(set, &e, 0, 0));
    say("not a set", epoll_wait(1, &e, 1, 0));
    say("a bad file", epoll_ctl(set, EPOLL_CTL_ADD, 99, &e));
    int other = eventfd(0, 0);
    say("a bad operation", epoll_ctl(set, 77, other, &e));
    close(other);
    say("bad flags", epoll_create1(1));
    say("a bad clock", timerfd_create(77, 0));
    int file = open("/tmp/epoll-file", O_CREAT | O_RDWR, 0600);
    e.events = EPOLLIN;
    say("a file that is always ready", epoll_ctl(set, EPOLL_CTL_ADD, file, &e));
    say("nor changed", epoll_ctl(set, EPOLL_CTL_MOD, file, &e));
    unlink("/tmp/epoll-file");
    say("in time", epoll_wait(set, &e, 1, 3));
}

} // namespace

int main() {
    set = epoll_create1(EPOLL_CLOEXEC);
    pipes();
    other_files();
    errors();
    return 0;
}
