/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets of the asyscall device, for its QTest testcases
 */

#ifndef TESTS_QTEST_ASYSCALL_SOCKETS_H
#define TESTS_QTEST_ASYSCALL_SOCKETS_H

#include "asyscall-driver.h"

#define CALL(q, ...) asyscall_call(q, (struct io_uring_sqe) { __VA_ARGS__ })
#define COMMAND(d, ...)                                                        \
    asyscall_command(d, (struct io_uring_sqe) { __VA_ARGS__ })
#define START(q, ...)                                                          \
    asyscall_submit(q, &(struct io_uring_sqe) { __VA_ARGS__ })

static inline uint64_t put_address(AsyscallDriver *d, const char *ip, uint16_t port)
{
    uint64_t at = asyscall_memory(d, PAGE);
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

    g_assert_cmpint(inet_pton(AF_INET, ip, &in.sin_addr), ==, 1);
    asyscall_poke(d, at, &in, sizeof(in));
    return at;
}

static inline int make_socket(AsyscallDriver *d, int type)
{
    return COMMAND(d, .opcode = IORING_OP_SOCKET, .fd = AF_INET, .off = type);
}

static inline int32_t bind_to(AsyscallDriver *d, int handle, const char *ip)
{
    return COMMAND(d, .opcode = ASYSCALL_OP_BIND, .fd = handle,
                   .addr = put_address(d, ip, 0),
                   .off = sizeof(struct sockaddr_in));
}

static inline struct sockaddr_in name_of(AsyscallDriver *d, int handle)
{
    uint64_t at = asyscall_memory(d, PAGE);
    struct sockaddr_in in;

    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_CTL_NAME, .fd = handle,
                            .addr = at, .len = sizeof(in)), ==, sizeof(in));
    asyscall_peek(d, at, &in, sizeof(in));
    return in;
}

static inline int host_connect(struct sockaddr_in to)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    g_assert_cmpint(connect(fd, (struct sockaddr *)&to, sizeof(to)), ==, 0);
    return fd;
}

/* A listening socket; what it accepts becomes fd 5 of queue pair 1. */
typedef struct Server {
    AsyscallDriver *d;
    AsyscallQueue *q;
    int listener;
    int handle;
    int peer; /* the other end, on the host */
    uint64_t at;
} Server;

static inline Server serve(const char *options)
{
    Server s = { .d = asyscall_new("net=loopback%s", options) };

    s.q = asyscall_queue(s.d, 1, 0);
    s.at = asyscall_memory(s.d, 2 * PAGE);
    s.listener = make_socket(s.d, SOCK_STREAM);
    g_assert_cmpint(s.listener, >, 0);
    g_assert_cmpint(bind_to(s.d, s.listener, "0.0.0.0"), ==, 0);
    g_assert_cmpint(COMMAND(s.d, .opcode = ASYSCALL_OP_LISTEN,
                            .fd = s.listener, .len = 8), ==, 0);
    s.peer = host_connect(name_of(s.d, s.listener));
    s.handle = COMMAND(s.d, .opcode = IORING_OP_ACCEPT, .fd = s.listener);
    g_assert_cmpint(s.handle, >, 0);
    g_assert_cmpint(asyscall_set_fd(s.d, 1, 5, s.handle, BOTH_RIGHTS), ==, 0);
    return s;
}

static inline void end(Server *s)
{
    close(s->peer);
    asyscall_queue_free(s->q);
    asyscall_free(s->d);
}

#endif
