// SPDX-License-Identifier: BSD-2-Clause
//
// Pipes, sockets, counters: what goes in comes out, in order and once; who can read is told so; a
// descriptor that is passed on goes on where it was.
#include "state.hpp"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace torture {

namespace {

using stream = channel_state::stream;

stream& any_stream(actor& a) {
    auto& all = a.channels->streams;
    if (all.size() < channel_state::most && (all.empty() || a.random.percent(15))) {
        stream s;
        int fds[2];
        if (a.random.percent(50)) {
            must(pipe2(fds, O_NONBLOCK | O_CLOEXEC), "pipe2");
        } else {
            must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
                 "socketpair");
        }
        s.out = fds[0];
        s.in = fds[1];
        s.tag = a.random.next();
        all.push_back(s);
        return all.back();
    }
    return all[a.random.below(all.size())];
}

bool ready(int fd, short events) {
    pollfd p{fd, events, 0};
    long n = again([&] { return poll(&p, 1, 0); });
    must(n, "poll");
    return n == 1 && p.revents & events;
}

void put(actor& a) {
    stream& s = any_stream(a);
    uint8_t bytes[6000];
    size_t size = a.random.between(1, a.random.percent(95) ? 200 : sizeof bytes);
    fill({bytes, size}, s.tag, s.written);
    long n = write(s.in, bytes, size);
    if (n == -1) {
        check(errno == EAGAIN && s.written - s.taken >= 4096, "write to a stream", errno);
        return;
    }
    check(n > 0 && size_t(n) <= size, "bytes written", n);
    s.written += uint64_t(n);
}

void take(actor& a) {
    stream& s = any_stream(a);
    uint8_t bytes[6000];
    size_t size = a.random.between(1, a.random.percent(80) ? 300 : sizeof bytes);
    check(ready(s.out, POLLIN) == (s.written != s.taken), "poll says what is there",
          long(s.written - s.taken));
    long n = read(s.out, bytes, size);
    if (s.written == s.taken) {
        check(n == -1 && errno == EAGAIN, "read of an empty stream", n);
        return;
    }
    check(n > 0 && size_t(n) <= std::min(size, s.written - s.taken), "bytes read", n);
    check(filled({bytes, size_t(n)}, s.tag, s.taken), "the bytes of a stream", long(s.taken));
    s.taken += uint64_t(n);
}

void close_it(actor& a) {
    stream& s = any_stream(a);
    close(s.in);
    uint8_t bytes[512];
    uint64_t left = s.written - s.taken;
    for (;;) {
        long n = read(s.out, bytes, sizeof bytes);
        // A child that is about to end may still have the writer's end.
        if (n == 0 || (n == -1 && errno == EAGAIN))
            break;
        must(n, "read after the writer's end was closed");
        check(uint64_t(n) <= left, "more than was written", n);
        left -= uint64_t(n);
    }
    check(left == 0, "what was written is there at the end", long(left));
    close(s.out);
    a.channels->streams.erase(a.channels->streams.begin() + (&s - a.channels->streams.data()));
}

void count_events(actor& a) {
    channel_state& s = *a.channels;
    if (s.event < 0)
        s.event = int(must(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd"));
    uint64_t value = a.random.between(1, 1000);
    check(ready(s.event, POLLIN) == (s.event_count != 0), "poll of an eventfd");
    if (a.random.percent(70)) {
        check(write(s.event, &value, 8) == 8, "write to an eventfd", errno);
        s.event_count += value;
        return;
    }
    long n = read(s.event, &value, 8);
    if (s.event_count == 0) {
        check(n == -1 && errno == EAGAIN, "read of an eventfd without events", n);
        return;
    }
    check(n == 8 && value == s.event_count, "an eventfd's count", long(value));
    s.event_count = 0;
}

// A message with a descriptor in it.
void send_fd(int socket, int fd) {
    char byte = 'f';
    iovec data{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    check(again([&] { return sendmsg(socket, &message, 0); }) == 1, "sendmsg", errno);
}

int receive_fd(int socket) {
    char byte = 0;
    iovec data{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    check(again([&] { return recvmsg(socket, &message, MSG_CMSG_CLOEXEC); }) == 1 && byte == 'f',
          "recvmsg", errno);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    check(header && header->cmsg_type == SCM_RIGHTS, "a descriptor in a message");
    int fd = -1;
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

// Sent, closed here, and received: it is the same stream. Sometimes nobody receives it.
void pass_on(actor& a) {
    stream& s = any_stream(a);
    int pair[2];
    must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), "socketpair");
    if (a.random.percent(30)) {
        send_fd(pair[0], s.out);
        send_fd(pair[1], s.in);
    } else {
        send_fd(pair[0], s.out);
        close(s.out);
        s.out = receive_fd(pair[1]);
    }
    close(pair[0]);
    close(pair[1]);
}

// A child copies what a pipe gives it to another; it is there when it starts, or comes later.
// Nobody waits for an end of file: children of other actors may have the ends, too.
void through_a_child(actor& a) {
    int there[2], back[2];
    must(pipe2(there, O_CLOEXEC), "pipe2");
    must(pipe2(back, O_CLOEXEC), "pipe2");
    size_t size = a.random.between(1, 3000);
    pid_t id = child([&] {
        uint8_t bytes[700];
        for (size_t left = size; left;) {
            long n = again([&] { return read(there[0], bytes, sizeof bytes); });
            if (n <= 0)
                return 1;
            for (long at = 0, m; at < n; at += m)
                if ((m = again([&] { return write(back[1], bytes + at, size_t(n - at)); })) <= 0)
                    return 2;
            left -= size_t(n);
        }
        return 0;
    });
    uint64_t tag = a.random.next();
    uint8_t bytes[3000];
    fill({bytes, size}, tag);
    check(again([&] { return write(there[1], bytes, size); }) == long(size), "write to a child");
    memset(bytes, 0, size);
    for (size_t got = 0; got < size;) {
        long n = must(again([&] { return read(back[0], bytes + got, size - got); }),
                      "read from a child");
        check(n > 0, "the end of a pipe that has a writer");
        got += size_t(n);
    }
    check(filled({bytes, size}, tag), "what came through a child");
    for (int fd : {there[0], there[1], back[0], back[1]})
        close(fd);
    check(status_of(id) == 0, "the child that copied");
}

void nobody_reads(actor& a) {
    int fds[2];
    must(pipe2(fds, O_CLOEXEC), "pipe2");
    close(fds[0]);
    long n = write(fds[1], "x", 1);
    check((n == -1 && errno == EPIPE) || (n == 1 && a.in.actors.size() > 1), "EPIPE", n);
    close(fds[1]);
}

} // namespace

std::unique_ptr<channel_state> make_channel_state() {
    auto s = std::make_unique<channel_state>();
    s->streams.reserve(channel_state::most + 1);
    return s;
}

void end_of(channel_state& s) {
    for (stream& one : s.streams) {
        close(one.in);
        close(one.out);
    }
    if (s.event >= 0)
        close(s.event);
}

const operation channel_operations[] = {
    {"write to a stream", 500, put},        {"read from a stream", 500, take},
    {"close a stream", 60, close_it},       {"eventfd", 500, count_events},
    {"pass a descriptor on", 150, pass_on}, {"through a child", 3, through_a_child},
    {"nobody reads", 150, nobody_reads},    {},
};

} // namespace torture
