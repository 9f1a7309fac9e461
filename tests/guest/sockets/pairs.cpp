// SPDX-License-Identifier: BSD-2-Clause
//
// socketpair: bytes and messages both ways, ends, descriptors in messages. Line by line as on
// Linux.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

void report(const char* what, long result) {
    printf("%s: %ld %s\n", what, result, result < 0 ? strerror(errno) : "");
}

struct pair {
    int a = -1, b = -1;
    explicit pair(int type) {
        int fds[2];
        if (socketpair(AF_UNIX, type, 0, fds) == 0) {
            a = fds[0];
            b = fds[1];
        }
    }
    ~pair() {
        close(a);
        close(b);
    }
};

long send_files(int to, const char* text, const int* fds, size_t count, int flags = 0) {
    iovec segment = {const_cast<char*>(text), strlen(text)};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 300)] = {};
    msghdr message = {};
    message.msg_iov = &segment;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
    return sendmsg(to, &message, flags);
}

struct arrival {
    long result = 0;
    char text[64] = {};
    int fds[300];
    size_t count = 0;
    int flags = 0;
    void drop() {
        for (size_t i = 0; i < count; i++)
            close(fds[i]);
        count = 0;
    }
};

arrival receive_files(int from, size_t room, int flags = 0) {
    arrival got;
    iovec segment = {got.text, sizeof got.text - 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 300)];
    msghdr message = {};
    message.msg_iov = &segment;
    message.msg_iovlen = 1;
    message.msg_control = room ? control : nullptr;
    message.msg_controllen = room ? CMSG_SPACE(sizeof(int) * room) : 0;
    got.result = recvmsg(from, &message, flags);
    got.flags = message.msg_flags & ~MSG_CMSG_CLOEXEC;
    if (got.result < 0)
        return got;
    if (cmsghdr* c = room ? CMSG_FIRSTHDR(&message) : nullptr) {
        got.count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(got.fds, CMSG_DATA(c), got.count * sizeof(int));
    }
    return got;
}

void show(const char* what, const arrival& got) {
    printf("%s: %ld '%s' files %zu flags 0x%x\n", what, got.result, got.text, got.count,
           unsigned(got.flags));
}

void streams() {
    pair p(SOCK_STREAM);
    char buffer[100] = {};
    report("write", write(p.a, "hello ", 6));
    report("write", write(p.a, "world", 5));
    report("peek", recv(p.b, buffer, 4, MSG_PEEK));
    report("read", read(p.b, buffer, sizeof buffer));
    puts(buffer);
    report("empty", recv(p.b, buffer, 1, MSG_DONTWAIT));
    report("the other way", send(p.b, "x", 1, 0));
    report("read", read(p.a, buffer, sizeof buffer));
    report("shutdown", shutdown(p.a, SHUT_WR));
    report("end", read(p.b, buffer, sizeof buffer));
    report("still open this way", write(p.b, "y", 1));
    report("write after shutdown", send(p.a, "z", 1, MSG_NOSIGNAL));
    report("seek", lseek(p.a, 0, SEEK_SET));
    struct stat status;
    fstat(p.a, &status);
    printf("a socket %d\n", S_ISSOCK(status.st_mode));
}

void closing() {
    char byte;
    {
        pair p(SOCK_STREAM);
        (void)!write(p.a, "unheard", 7);
        close(p.b);
        report("peer closed with data unread", read(p.a, &byte, 1));
        report("afterwards", read(p.a, &byte, 1));
        report("write", send(p.a, "x", 1, MSG_NOSIGNAL));
        p.b = -1;
    }
    {
        pair p(SOCK_STREAM);
        (void)!write(p.a, "last words", 10);
        close(p.a);
        p.a = -1;
        char text[20] = {};
        report("after the peer closed", read(p.b, text, sizeof text));
        report("end", read(p.b, text, sizeof text));
        pollfd fd = {p.b, POLLIN | POLLOUT, 0};
        poll(&fd, 1, 0);
        printf("poll 0x%x\n", unsigned(fd.revents));
    }
}

void messages(int type) {
    pair p(type);
    char buffer[8] = {};
    report("send", send(p.a, "first message", 13, 0));
    report("send", send(p.a, "2nd", 3, 0));
    report("receive cut", recv(p.b, buffer, sizeof buffer, 0));
    report("receive", recv(p.b, buffer, sizeof buffer, 0));
    printf("%.3s\n", buffer);
    report("send", send(p.a, "length wanted", 13, 0));
    report("receive, whole length", recv(p.b, buffer, 2, MSG_TRUNC));
    report("send nothing", send(p.a, "", 0, 0));
    report("receive nothing", recv(p.b, buffer, sizeof buffer, 0));
    report("none", recv(p.b, buffer, 1, MSG_DONTWAIT));
    (void)!send(p.a, "0123456789", 10, 0);
    iovec segments[2] = {{buffer, 4}, {buffer + 4, 4}};
    msghdr message = {};
    message.msg_iov = segments;
    message.msg_iovlen = 2;
    report("recvmsg", recvmsg(p.b, &message, 0));
    printf("cut %d\n", (message.msg_flags & MSG_TRUNC) != 0);
}

void polling() {
    pair p(SOCK_STREAM);
    pollfd fds[2] = {{p.a, POLLIN | POLLOUT, 0}, {p.b, POLLIN | POLLOUT, 0}};
    poll(fds, 2, 0);
    printf("idle 0x%x 0x%x\n", unsigned(fds[0].revents), unsigned(fds[1].revents));
    (void)!write(p.a, "x", 1);
    poll(fds, 2, 0);
    printf("sent 0x%x 0x%x\n", unsigned(fds[0].revents), unsigned(fds[1].revents));
}

void descriptors() {
    pair p(SOCK_STREAM);
    int ends[2];
    (void)!pipe(ends);
    report("send a pipe", send_files(p.a, "pipe", ends, 2));
    close(ends[0]);
    close(ends[1]);
    arrival got = receive_files(p.b, 2);
    show("received", got);
    report("write to it", write(got.fds[1], "through", 7));
    char text[16] = {};
    report("read from it", read(got.fds[0], text, sizeof text));
    printf("%s, cloexec %d\n", text, fcntl(got.fds[0], F_GETFD));
    send_files(p.a, "again", got.fds, 2);
    got.drop();
    got = receive_files(p.b, 2, MSG_CMSG_CLOEXEC);
    printf("cloexec %d\n", fcntl(got.fds[0], F_GETFD));
    int three[3] = {got.fds[0], got.fds[1], got.fds[0]};
    send_files(p.a, "three", three, 3);
    got.drop();
    got = receive_files(p.b, 2);
    printf("fewer wanted: at most 4 came %d, cut %d\n", got.count <= 4,
           (got.flags & MSG_CTRUNC) != 0 || got.count == 3);
    got.drop();
    int standard[1] = {1};
    send_files(p.a, "dropped", standard, 1);
    report("read takes the bytes only", read(p.b, text, sizeof text));
    send_files(p.a, "one", standard, 1);
    (void)!write(p.a, "two", 3);
    got = receive_files(p.b, 2);
    show("not mixed", got);
    got.drop();
    got = receive_files(p.b, 2);
    show("the rest", got);
    int bad[1] = {777};
    report("no such descriptor", send_files(p.a, "bad", bad, 1));
    report("a file is no socket", send_files(1, "x", standard, 1));
}

// A child gets the writing end of a pipe, which it did not inherit.
void between_processes() {
    pair p(SOCK_SEQPACKET);
    int ends[2];
    (void)!pipe(ends);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        close(ends[1]);
        arrival got = receive_files(p.b, 1);
        (void)!write(got.fds[0], "from the child", 14);
        _exit(got.count == 1 ? 0 : 1);
    }
    send_files(p.a, "take", &ends[1], 1);
    close(ends[1]);
    char text[20] = {};
    report("read", read(ends[0], text, sizeof text));
    report("end", read(ends[0], text + 15, 1));
    int status;
    waitpid(child, &status, 0);
    printf("%s, status %d\n", text, status);
    close(ends[0]);
}

// Much more than fits, to a slow reader.
void backpressure() {
    pair p(SOCK_STREAM);
    constexpr long total = 1'000'000;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(p.b);
        static char data[total];
        for (long i = 0; i < total; i++)
            data[i] = char(i * 7);
        long sent = write(p.a, data, total);
        _exit(sent == total ? 0 : 1);
    }
    close(p.a);
    p.a = -1;
    long got = 0, wrong = 0;
    char buffer[5000];
    while (long n = read(p.b, buffer, sizeof buffer)) {
        if (n < 0)
            break;
        for (long i = 0; i < n; i++)
            wrong += buffer[i] != char((got + i) * 7);
        got += n;
    }
    int status;
    waitpid(child, &status, 0);
    printf("%ld bytes, %ld wrong, status %d\n", got, wrong, status);
}

int pipes_signalled;
void broken() {
    signal(SIGPIPE, [](int) { pipes_signalled++; });
    pair p(SOCK_STREAM);
    close(p.b);
    p.b = -1;
    report("write", write(p.a, "x", 1));
    report("send", send(p.a, "x", 1, 0));
    report("send, no signal", send(p.a, "x", 1, MSG_NOSIGNAL));
    printf("signals %d\n", pipes_signalled);
}

void refused() {
    int fds[2];
    report("family", socketpair(AF_INET, SOCK_STREAM, 0, fds));
    report("protocol", socketpair(AF_UNIX, SOCK_STREAM, 77, fds));
    report("not a socket", shutdown(1, SHUT_RD));
    report("nothing", send(999, "x", 1, 0));
    pair p(SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
    char byte;
    report("does not block", read(p.a, &byte, 1));
    printf("cloexec %d\n", fcntl(p.a, F_GETFD));
    report("shutdown how", shutdown(p.a, 9));
}

} // namespace

int main() {
    streams();
    closing();
    puts("datagrams");
    messages(SOCK_DGRAM);
    puts("sequenced packets");
    messages(SOCK_SEQPACKET);
    polling();
    descriptors();
    between_processes();
    backpressure();
    broken();
    refused();
}
