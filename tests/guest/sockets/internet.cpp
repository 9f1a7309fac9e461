// SPDX-License-Identifier: BSD-2-Clause
//
// Sockets of AF_INET by ecall: what a plain program sees is what Linux shows it.
#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

void show(const char* what, long value) {
    std::printf("%s: %ld%s%s\n", what, value, value < 0 ? " " : "",
                value < 0 ? std::strerror(errno) : "");
}

sockaddr_in name_of(int fd) {
    sockaddr_in name = {};
    socklen_t size = sizeof name;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) < 0 || size != sizeof name)
        std::printf("no name\n");
    return name;
}

sockaddr* plain(sockaddr_in& name) {
    return reinterpret_cast<sockaddr*>(&name);
}

int listen_somewhere() {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in any = {};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    show("bind", bind(fd, plain(any), sizeof any));
    show("listen", listen(fd, 8));
    return fd;
}

void* send_late(void* fd) {
    usleep(1000);
    return reinterpret_cast<void*>(send(*static_cast<int*>(fd), "late", 4, 0));
}

void streams() {
    int listener = listen_somewhere();
    sockaddr_in to = name_of(listener), from = {};
    int a = socket(AF_INET, SOCK_STREAM, 0);
    show("connect", connect(a, plain(to), sizeof to));
    socklen_t size = sizeof from;
    int b = accept4(listener, plain(from), &size, SOCK_CLOEXEC);
    show("accepted", b > 0);
    show("from a", from.sin_port == name_of(a).sin_port);
    show("close on exec", fcntl(b, F_GETFD));
    struct stat about;
    fstat(b, &about);
    show("is a socket", S_ISSOCK(about.st_mode));

    char text[64] = {};
    show("write", write(a, "hello", 5));
    show("peek", recv(b, text, 2, MSG_PEEK));
    show("read", read(b, text, sizeof text));
    std::printf("%s\n", text);
    show("nothing", recv(b, text, 1, MSG_DONTWAIT));
    pthread_t other;
    pthread_create(&other, nullptr, send_late, &a);
    show("waits", recv(b, text, 4, MSG_WAITALL));
    void* sent;
    pthread_join(other, &sent);
    show("sent late", reinterpret_cast<long>(sent));
    show("lseek", lseek(a, 0, SEEK_CUR));

    pollfd question = {b, POLLIN | POLLOUT, 0};
    show("poll", poll(&question, 1, 0));
    show("events", question.revents);
    show("shutdown", shutdown(a, SHUT_WR));
    question.events = POLLIN;
    show("poll for the end", poll(&question, 1, -1));
    show("end", read(b, text, sizeof text));
    int one = 1, value = 0;
    size = sizeof value;
    show("set", setsockopt(b, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one));
    show("get", getsockopt(b, IPPROTO_TCP, TCP_NODELAY, &value, &size));
    show("no delay", value);
    show("type", getsockopt(b, SOL_SOCKET, SO_TYPE, &value, &size));
    show("is", value);
    close(a);
    close(b);
    close(listener);

    int refused = socket(AF_INET, SOCK_STREAM, 0);
    show("refused", connect(refused, plain(to), sizeof to));
    close(refused);
}

void much() {
    int listener = listen_somewhere();
    sockaddr_in to = name_of(listener);
    int a = socket(AF_INET, SOCK_STREAM, 0);
    show("connect", connect(a, plain(to), sizeof to));
    int b = accept(listener, nullptr, nullptr);
    // More than the buffers hold: the writer waits for the reader.
    static char data[4 << 20];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = static_cast<char>(i * 7 + i / 4096);
    pthread_t writer;
    pthread_create(
        &writer, nullptr,
        [](void* fd) -> void* {
            int to = *static_cast<int*>(fd);
            long written = write(to, data, sizeof data);
            close(to);
            return reinterpret_cast<void*>(written);
        },
        &a);
    size_t total = 0, wrong = 0;
    static char block[10000];
    while (long got = read(b, block, sizeof block)) {
        if (got < 0)
            break;
        wrong += std::memcmp(block, data + total, static_cast<size_t>(got)) != 0;
        total += static_cast<size_t>(got);
    }
    void* written;
    pthread_join(writer, &written);
    show("written", reinterpret_cast<long>(written));
    show("read", static_cast<long>(total));
    show("wrong", static_cast<long>(wrong));
    close(b);
    close(listener);
}

void waiting_in_epoll() {
    int listener = listen_somewhere();
    sockaddr_in to = name_of(listener);
    int set = epoll_create1(0);
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.fd = 1;
    show("add", epoll_ctl(set, EPOLL_CTL_ADD, listener, &event));
    show("nothing", epoll_wait(set, &event, 1, 0));
    int a = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    show("begun", connect(a, plain(to), sizeof to) == 0 || errno == EINPROGRESS);
    show("arrived", epoll_wait(set, &event, 1, -1));
    int b = accept(listener, nullptr, nullptr);
    show("no more", epoll_wait(set, &event, 1, 0));
    event.data.fd = 2;
    event.events = EPOLLIN;
    show("add", epoll_ctl(set, EPOLL_CTL_ADD, a, &event));
    show("send", send(b, "x", 1, 0));
    show("readable", epoll_wait(set, &event, 1, -1));
    show("it is", event.data.fd);
    char byte;
    show("read", read(a, &byte, 1));
    show("then", read(a, &byte, 1));
    show("nothing", epoll_wait(set, &event, 1, 0));
    close(b);
    show("hung up", epoll_wait(set, &event, 1, -1));
    close(a);
    close(set);
    close(listener);
}

void datagrams() {
    int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in to = {}, from = {};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    show("bind", bind(a, plain(to), sizeof to));
    to = name_of(a);
    show("sendto", sendto(b, "datagram", 8, 0, plain(to), sizeof to));
    char text[4];
    iovec segments[2] = {{text, 2}, {text + 2, 2}};
    msghdr header = {};
    header.msg_name = &from;
    header.msg_namelen = sizeof from;
    header.msg_iov = segments;
    header.msg_iovlen = 2;
    show("recvmsg", recvmsg(a, &header, 0));
    show("truncated", header.msg_flags == MSG_TRUNC);
    std::printf("%.4s\n", text);
    show("from b", from.sin_port == name_of(b).sin_port);
    show("sendmsg", sendmsg(a, &header, 0));
    socklen_t size = sizeof from;
    show("recvfrom", recvfrom(b, text, 4, 0, plain(from), &size));
    show("from a", from.sin_port == to.sin_port);
    close(a);
    close(b);
}

void mistakes() {
    char byte = 0;
    sockaddr_in name = {};
    show("family", socket(77, SOCK_STREAM, 0));
    show("protocol", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    show("no socket", send(1, &byte, 1, 0));
    show("no file", bind(99, plain(name), sizeof name));
    int a = socket(AF_INET, SOCK_STREAM, 0);
    show("short", bind(a, plain(name), 4));
    show("not connected", recv(a, &byte, 1, 0));
    show("flag", accept4(a, nullptr, nullptr, 1));
    show("not listening", accept(a, nullptr, nullptr));
    std::signal(SIGPIPE, SIG_IGN);
    show("pipe", write(a, &byte, 1));
    show("bad memory", connect(a, reinterpret_cast<sockaddr*>(8), sizeof name));
    close(a);
}

} // namespace

int main() {
    streams();
    much();
    waiting_in_epoll();
    datagrams();
    mistakes();
}
