// SPDX-License-Identifier: BSD-2-Clause
//
// Descriptors that are in nobody's table but in a queue: they go when the queue goes, and no order
// of sending lets queues keep each other alive. A pipe's end tells whether something still holds
// the other one.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

int failures;

void check(bool good, const char* what) {
    if (good)
        return;
    printf("%s: wrong (%s)\n", what, strerror(errno));
    failures++;
}

struct pair {
    int fd[2];
    pair() { check(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd) == 0, "socketpair"); }
    void close_both() {
        close(fd[0]);
        close(fd[1]);
    }
};

bool give(int to, int fd) {
    char byte = 'x';
    iovec segment = {&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message = {};
    message.msg_iov = &segment;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    return sendmsg(to, &message, 0) == 1;
}

bool refused(int to, int fd) {
    return !give(to, fd) && errno == ETOOMANYREFS;
}

int take(int from) {
    char byte;
    iovec segment = {&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message = {};
    message.msg_iov = &segment;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    int fd = -1;
    if (recvmsg(from, &message, 0) == 1 && CMSG_FIRSTHDR(&message))
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

struct witness {
    int ends[2];
    witness() { check(pipe(ends) == 0, "pipe"); }
    // Whether nobody has the writing end any more.
    bool gone() {
        pollfd fd = {ends[0], POLLIN, 0};
        return poll(&fd, 1, 0) == 1 && (fd.revents & POLLHUP);
    }
};

void closed_with_the_queue() {
    witness w;
    pair p;
    check(give(p.fd[0], w.ends[1]), "give");
    close(w.ends[1]);
    check(!w.gone(), "held by the queue");
    close(p.fd[0]);
    check(!w.gone(), "held by the receiver's queue");
    close(p.fd[1]);
    check(w.gone(), "gone with the queue");
    close(w.ends[0]);
}

// A socket in a queue, with a message in its own.
void closed_two_deep() {
    witness w;
    pair inner, outer;
    check(give(inner.fd[0], w.ends[1]), "give");
    check(give(outer.fd[0], inner.fd[1]), "give a socket with a message");
    close(w.ends[1]);
    inner.close_both();
    check(!w.gone(), "held two deep");
    outer.close_both();
    check(w.gone(), "gone two deep");
    close(w.ends[0]);
}

void no_rings() {
    witness w;
    pair p, q, r;
    check(give(p.fd[0], w.ends[1]), "give");
    check(refused(p.fd[0], p.fd[1]), "itself");
    check(give(p.fd[1], p.fd[1]), "the receiver, to its sender");
    check(refused(q.fd[0], p.fd[0]), "a socket that has a socket");
    check(refused(p.fd[0], q.fd[1]), "to a socket in a queue");
    check(give(p.fd[0], w.ends[1]), "but what is no socket");
    int back = take(p.fd[0]);
    check(back >= 0, "take");
    check(give(q.fd[0], p.fd[0]), "a socket that has no socket any more");
    check(give(q.fd[0], r.fd[0]), "a second one");
    close(back);
    close(w.ends[1]);
    p.close_both();
    q.close_both();
    r.close_both();
    check(w.gone(), "all gone");
    close(w.ends[0]);
}

// Both ends in each other's queue: allowed one way only.
void crossed() {
    witness w;
    pair p, q;
    check(give(p.fd[0], w.ends[1]) && give(q.fd[0], w.ends[1]), "give");
    check(give(p.fd[0], q.fd[1]), "one way");
    check(refused(q.fd[0], p.fd[1]), "the other way");
    close(w.ends[1]);
    p.close_both();
    q.close_both();
    check(w.gone(), "all gone");
    close(w.ends[0]);
}

} // namespace

int main() {
    for (int i = 0; i < 200; i++) { // more than there are descriptors, if one were lost each time
        closed_with_the_queue();
        closed_two_deep();
        no_rings();
        crossed();
    }
    return failures != 0;
}
