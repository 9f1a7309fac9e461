/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for asyscall: sockets
 */

#include "qemu/osdep.h"
#include <poll.h>
#include "qemu/sockets.h"
#include "libqtest.h"
#include "asyscall-sockets.h"

static void test_none(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=2");

    g_assert_cmpint(d->features & ASYSCALL_F_SOCKETS, ==, 0);
    g_assert_cmpint(make_socket(d, SOCK_STREAM), ==, -EAFNOSUPPORT);
    asyscall_free(d);
}

static void test_kinds(void)
{
    AsyscallDriver *d = asyscall_new("net=loopback,max-sockets=2");
    int first;

    g_assert_cmpint(make_socket(d, SOCK_RAW), ==, -ESOCKTNOSUPPORT);
    g_assert_cmpint(COMMAND(d, .opcode = IORING_OP_SOCKET, .fd = AF_UNIX,
                            .off = SOCK_STREAM), ==, -EAFNOSUPPORT);
    g_assert_cmpint(COMMAND(d, .opcode = IORING_OP_SOCKET, .fd = AF_INET,
                            .off = SOCK_STREAM, .len = IPPROTO_UDP),
                    ==, -EPROTONOSUPPORT);
    first = make_socket(d, SOCK_STREAM);
    g_assert_cmpint(first, >, 0);
    g_assert_cmpint(make_socket(d, SOCK_DGRAM), >, 0);
    g_assert_cmpint(make_socket(d, SOCK_DGRAM), ==, -ENFILE);
    g_assert_cmpint(asyscall_close(d, first), ==, 0);
    g_assert_cmpint(make_socket(d, SOCK_DGRAM), >, 0);
    asyscall_free(d);
}

static void test_loopback_only(void)
{
    AsyscallDriver *d = asyscall_new("net=loopback");
    int stream = make_socket(d, SOCK_STREAM);
    int datagram = make_socket(d, SOCK_DGRAM);
    int listener = make_socket(d, SOCK_STREAM);

    g_assert_cmpint(bind_to(d, stream, "192.0.2.1"), ==, -EADDRNOTAVAIL);
    g_assert_cmpint(COMMAND(d, .opcode = IORING_OP_CONNECT, .fd = stream,
                            .addr = put_address(d, "192.0.2.1", 80),
                            .off = sizeof(struct sockaddr_in)),
                    ==, -ENETUNREACH);
    g_assert_cmpint(COMMAND(d, .opcode = IORING_OP_SEND, .fd = datagram,
                            .addr = asyscall_memory(d, PAGE), .len = 1,
                            .addr2 = put_address(d, "192.0.2.1", 80),
                            .addr_len = sizeof(struct sockaddr_in)),
                    ==, -ENETUNREACH);
    /* What was not bound is not bound to everything by the host. */
    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_OP_LISTEN, .fd = listener,
                            .len = 1), ==, 0);
    g_assert_cmphex(name_of(d, listener).sin_addr.s_addr, ==,
                    htonl(INADDR_LOOPBACK));
    COMMAND(d, .opcode = IORING_OP_SEND, .fd = datagram,
            .addr = asyscall_memory(d, PAGE), .len = 1,
            .addr2 = put_address(d, "127.0.0.1", 9),
            .addr_len = sizeof(struct sockaddr_in));
    g_assert_cmphex(name_of(d, datagram).sin_addr.s_addr, ==,
                    htonl(INADDR_LOOPBACK));
    asyscall_free(d);
}

static void test_transfer(void)
{
    Server s = serve("");
    AsyscallQueue *other = asyscall_queue(s.d, 2, 0);
    uint64_t vec[4] = { s.at + 100, 3, s.at + PAGE - 1, 3 };
    char text[16] = "";

    asyscall_poke(s.d, s.at, "request", 7);
    g_assert_cmpint(CALL(s.q, .opcode = IORING_OP_SEND, .fd = 5, .addr = s.at,
                         .len = 7), ==, 7);
    g_assert_cmpint(read(s.peer, text, sizeof(text)), ==, 7);
    g_assert_cmpmem(text, 7, "request", 7);

    /* A RECV that waits is served when something comes. */
    START(s.q, .opcode = IORING_OP_RECV, .fd = 5, .addr = s.at, .len = 16,
          .user_data = 1);
    asyscall_expect_nothing(s.q);
    g_assert_cmpint(write(s.peer, "answer", 6), ==, 6);
    g_assert_cmpint(asyscall_wait(s.q).res, ==, 6);
    asyscall_peek(s.d, s.at, text, 6);
    g_assert_cmpmem(text, 6, "answer", 6);

    /* MSG_WAITALL waits for the rest. */
    START(s.q, .opcode = IORING_OP_RECV, .fd = 5, .addr = s.at, .len = 6,
          .msg_flags = MSG_WAITALL, .user_data = 2);
    g_assert_cmpint(write(s.peer, "abc", 3), ==, 3);
    asyscall_check_alive(other, 1);
    asyscall_expect_nothing(s.q);
    g_assert_cmpint(write(s.peer, "def", 3), ==, 3);
    g_assert_cmpint(asyscall_wait(s.q).res, ==, 6);

    /* READV across pages; the end of the stream. */
    asyscall_poke(s.d, s.at, vec, sizeof(vec));
    g_assert_cmpint(write(s.peer, "uvwxyz", 6), ==, 6);
    g_assert_cmpint(CALL(s.q, .opcode = IORING_OP_READV, .fd = 5, .addr = s.at,
                         .len = 2, .off = -1), ==, 6);
    asyscall_peek(s.d, s.at + PAGE - 1, text, 3);
    g_assert_cmpmem(text, 3, "xyz", 3);
    shutdown(s.peer, SHUT_WR);
    g_assert_cmpint(CALL(s.q, .opcode = IORING_OP_RECV, .fd = 5, .addr = s.at,
                         .len = 16), ==, 0);
    g_assert_cmpint(CALL(s.q, .opcode = IORING_OP_SHUTDOWN, .fd = 5,
                         .len = SHUT_WR), ==, 0);
    g_assert_cmpint(CALL(s.q, .opcode = IORING_OP_SEND, .fd = 5, .addr = s.at,
                         .len = 1), ==, -EPIPE);
    asyscall_queue_free(other);
    end(&s);
}

static void test_messages(void)
{
    AsyscallDriver *d = asyscall_new("net=loopback");
    int a = make_socket(d, SOCK_DGRAM), b = make_socket(d, SOCK_DGRAM);
    uint64_t at = asyscall_memory(d, PAGE);
    struct { uint64_t base, length; } vec = { at + 512, 4 };
    struct {
        uint64_t name;
        uint32_t name_length, padding;
        uint64_t vec, n_vec, control, control_length;
        uint32_t flags, padding2;
    } header = { at + 256, 64, 0, at + 128, 1, 0, 0, 0, 0 };
    struct sockaddr_in to, from;

    g_assert_cmpint(bind_to(d, a, "127.0.0.1"), ==, 0);
    to = name_of(d, a);
    asyscall_poke(d, at + 256, &to, sizeof(to));
    g_assert_cmpint(COMMAND(d, .opcode = IORING_OP_SEND, .fd = b,
                            .addr = at + 512, .len = 10, .addr2 = at + 256,
                            .addr_len = sizeof(to)), ==, 10);
    asyscall_poke(d, at, &header, sizeof(header));
    asyscall_poke(d, at + 128, &vec, sizeof(vec));
    g_assert_cmpint(COMMAND(d, .opcode = IORING_OP_RECVMSG, .fd = a,
                            .addr = at, .len = 1), ==, 4);
    asyscall_peek(d, at, &header, sizeof(header));
    asyscall_peek(d, at + 256, &from, sizeof(from));
    g_assert_cmpint(header.flags, ==, MSG_TRUNC);
    g_assert_cmpint(header.name_length, ==, sizeof(from));
    g_assert_cmpint(from.sin_port, ==, name_of(d, b).sin_port);
    /* And back, to where it came from. */
    g_assert_cmpint(COMMAND(d, .opcode = IORING_OP_SENDMSG, .fd = a,
                            .addr = at, .len = 1), ==, 4);
    g_assert_cmpint(COMMAND(d, .opcode = IORING_OP_RECV, .fd = b,
                            .addr = at + 512, .len = 64), ==, 4);
    asyscall_free(d);
}

static void test_connect(void)
{
    AsyscallDriver *d = asyscall_new("net=loopback");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    int listener = make_socket(d, SOCK_STREAM), a = make_socket(d, SOCK_STREAM);
    uint64_t at;

    g_assert_cmpint(bind_to(d, listener, "127.0.0.1"), ==, 0);
    at = put_address(d, "127.0.0.1",
                     ntohs(name_of(d, listener).sin_port));
    g_assert_cmpint(asyscall_set_fd(d, 1, 1, a, BOTH_RIGHTS), ==, 0);
    g_assert_cmpint(CALL(q, .opcode = IORING_OP_CONNECT, .fd = 1, .addr = at,
                         .off = sizeof(struct sockaddr_in)), ==, -ECONNREFUSED);
    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_OP_LISTEN, .fd = listener,
                            .len = 1), ==, 0);
    g_assert_cmpint(CALL(q, .opcode = IORING_OP_CONNECT, .fd = 1, .addr = at,
                         .off = sizeof(struct sockaddr_in)), ==, 0);
    g_assert_cmpint(COMMAND(d, .opcode = IORING_OP_ACCEPT, .fd = listener), >,
                    0);
    g_assert_cmpint(COMMAND(d, .opcode = IORING_OP_ACCEPT, .fd = listener,
                            .ioprio = IORING_ACCEPT_DONTWAIT), ==, -EAGAIN);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_poll(void)
{
    Server s = serve("");

    asyscall_write32(s.d, ASYSCALL_REG_POLL, s.handle);
    g_assert_cmphex(asyscall_read32(s.d, ASYSCALL_REG_POLL) &
                    (POLLIN | POLLOUT), ==, POLLOUT);
    g_assert_cmpint(CALL(s.q, .opcode = IORING_OP_POLL_ADD, .fd = 5,
                         .poll32_events = POLLIN | POLLOUT), ==, POLLOUT);
    START(s.q, .opcode = IORING_OP_POLL_ADD, .fd = 5, .poll32_events = POLLIN,
          .user_data = 1);
    asyscall_expect_nothing(s.q);
    g_assert_cmpint(write(s.peer, "x", 1), ==, 1);
    g_assert_cmpint(asyscall_wait(s.q).res, ==, POLLIN);
    g_assert_cmphex(asyscall_read32(s.d, ASYSCALL_REG_POLL) & POLLIN, ==,
                    POLLIN);
    asyscall_write32(s.d, ASYSCALL_REG_POLL, 0x7fff);
    g_assert_cmphex(asyscall_read32(s.d, ASYSCALL_REG_POLL), ==, POLLNVAL);
    end(&s);
}

/* Each way to end a request that waits. */
static void test_ends(void)
{
    Server s = serve("");
    struct io_uring_cqe cqe;
    uint64_t command, closing;
    int32_t result;

    START(s.q, .opcode = IORING_OP_RECV, .fd = 5, .addr = s.at, .len = 16,
          .user_data = 1);
    START(s.q, .opcode = IORING_OP_ASYNC_CANCEL, .addr = 1, .user_data = 2);
    cqe = asyscall_wait(s.q);
    g_assert_cmpint(cqe.user_data, ==, 1);
    g_assert_cmpint(cqe.res, ==, -ECANCELED);
    asyscall_expect(s.q, 2, 0);

    /* CLOSE of the handle: ring 0's end, a process's go on. */
    START(s.q, .opcode = IORING_OP_RECV, .fd = 5, .addr = s.at, .len = 16,
          .user_data = 3);
    command = asyscall_command_start(s.d, (struct io_uring_sqe) {
        .opcode = IORING_OP_POLL_ADD, .fd = s.handle, .poll32_events = POLLIN,
    });
    closing = asyscall_command_start(s.d, (struct io_uring_sqe) {
        .opcode = IORING_OP_CLOSE, .fd = s.handle,
    });
    g_assert_true(asyscall_command_finished(s.d, command, &result));
    g_assert_cmpint(result, ==, -ECANCELED);
    g_assert_true(asyscall_command_finished(s.d, closing, &result));
    g_assert_cmpint(result, ==, 0);
    asyscall_expect_nothing(s.q);
    g_assert_cmpint(write(s.peer, "still", 5), ==, 5);
    g_assert_cmpint(asyscall_wait(s.q).res, ==, 5);

    /* DESTROY ends what waits, without a completion. */
    START(s.q, .opcode = IORING_OP_RECV, .fd = 5, .addr = s.at, .len = 16,
          .user_data = 4);
    g_assert_cmpint(COMMAND(s.d, .opcode = ASYSCALL_CTL_DESTROY, .fd = 1), ==,
                    0);
    end(&s);
}

static void test_reset(void)
{
    Server s = serve("");
    char byte;

    START(s.q, .opcode = IORING_OP_RECV, .fd = 5, .addr = s.at, .len = 16,
          .user_data = 1);
    asyscall_write32(s.d, ASYSCALL_REG_STATUS, 0);
    /* The connection is gone with it. */
    g_assert_cmpint(read(s.peer, &byte, 1), <=, 0);
    end(&s);
}

static void test_migration(void)
{
    Server s = serve("");

    START(s.q, .opcode = IORING_OP_RECV, .fd = 5, .addr = s.at, .len = 16,
          .user_data = 1);
    asyscall_expect_nothing(s.q);
    asyscall_move(s.d);
    g_assert_cmpint(asyscall_wait(s.q).res, ==, -ECONNRESET);
    g_assert_cmpint(CALL(s.q, .opcode = IORING_OP_SEND, .fd = 5, .addr = s.at,
                         .len = 1), ==, -ECONNRESET);
    asyscall_write32(s.d, ASYSCALL_REG_POLL, s.handle);
    g_assert_cmphex(asyscall_read32(s.d, ASYSCALL_REG_POLL), ==,
                    POLLERR | POLLHUP);
    g_assert_cmpint(asyscall_close(s.d, s.handle), ==, 0);
    end(&s);
}

static int32_t set_flags(AsyscallDriver *d, int handle, uint32_t flags)
{
    return COMMAND(d, .opcode = ASYSCALL_CTL_SET_FLAGS, .fd = handle,
                   .len = flags);
}

static void test_nonblocking(void)
{
    Server s = serve("");
    int other = make_socket(s.d, SOCK_STREAM);
    uint64_t to = put_address(s.d, "127.0.0.1",
                              ntohs(name_of(s.d, s.listener).sin_port));

    START(s.q, .opcode = IORING_OP_RECV, .fd = 5, .addr = s.at, .len = 16,
          .user_data = 1);
    g_assert_cmpint(set_flags(s.d, s.handle, ASYSCALL_FLAG_NONBLOCK), ==, 0);
    for (int opcode = 0; opcode < 2; opcode++) {
        g_assert_cmpint(CALL(s.q, .opcode = opcode ? IORING_OP_RECV
                                                   : IORING_OP_READ,
                             .fd = 5, .addr = s.at, .len = 16), ==, -EAGAIN);
    }
    /* What waited before still does; so does what the kernel asks for. */
    asyscall_expect_nothing(s.q);
    g_assert_cmpint(write(s.peer, "abc", 3), ==, 3);
    g_assert_cmpint(asyscall_wait(s.q).res, ==, 3);
    START(&s.d->control, .opcode = IORING_OP_RECV, .fd = s.handle,
          .addr = s.at, .len = 16, .user_data = 2);
    asyscall_expect_nothing(&s.d->control);
    g_assert_cmpint(write(s.peer, "de", 2), ==, 2);
    g_assert_cmpint(asyscall_wait(&s.d->control).res, ==, 2);
    g_assert_cmpint(set_flags(s.d, s.handle, 0), ==, 0);
    START(s.q, .opcode = IORING_OP_READ, .fd = 5, .addr = s.at, .len = 16,
          .user_data = 3);
    asyscall_expect_nothing(s.q);
    g_assert_cmpint(write(s.peer, "fghi", 4), ==, 4);
    g_assert_cmpint(asyscall_wait(s.q).res, ==, 4);

    g_assert_cmpint(set_flags(s.d, other, ASYSCALL_FLAG_NONBLOCK), ==, 0);
    g_assert_cmpint(asyscall_set_fd(s.d, 1, 6, other, BOTH_RIGHTS), ==, 0);
    g_assert_cmpint(CALL(s.q, .opcode = IORING_OP_CONNECT, .fd = 6, .addr = to,
                         .off = sizeof(struct sockaddr_in)), ==, -EINPROGRESS);
    g_assert_cmpint(set_flags(s.d, other, 2), ==, -EINVAL);
    g_assert_cmpint(set_flags(s.d, 0x7fff, 0), ==, -EBADF);
    end(&s);
}

static void test_options(void)
{
    AsyscallDriver *d = asyscall_new("net=loopback");
    int a = make_socket(d, SOCK_STREAM);
    uint64_t at = asyscall_memory(d, PAGE);
    uint64_t reuse = SOL_SOCKET | (uint64_t)SO_REUSEADDR << 32;
    uint64_t device = SOL_SOCKET | (uint64_t)SO_BINDTODEVICE << 32;
    int one = 1, got = 0;

    asyscall_poke(d, at, &one, sizeof(one));
    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_CTL_SET_OPTION, .fd = a,
                            .off = reuse, .addr = at, .len = 4), ==, 0);
    asyscall_poke(d, at, &got, sizeof(got));
    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_CTL_GET_OPTION, .fd = a,
                            .off = reuse, .addr = at, .len = 4), ==, 4);
    asyscall_peek(d, at, &got, sizeof(got));
    g_assert_cmpint(got, ==, 1);
    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_CTL_SET_OPTION, .fd = a,
                            .off = device, .addr = at, .len = 4), ==,
                    -ENOPROTOOPT);
    asyscall_free(d);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/asyscall-socket/none-by-default", test_none);
    qtest_add_func("/asyscall-socket/kinds-and-limit", test_kinds);
    qtest_add_func("/asyscall-socket/loopback-only", test_loopback_only);
    qtest_add_func("/asyscall-socket/transfer", test_transfer);
    qtest_add_func("/asyscall-socket/messages", test_messages);
    qtest_add_func("/asyscall-socket/connect", test_connect);
    qtest_add_func("/asyscall-socket/poll", test_poll);
    qtest_add_func("/asyscall-socket/ends", test_ends);
    qtest_add_func("/asyscall-socket/reset", test_reset);
    qtest_add_func("/asyscall-socket/migration", test_migration);
    qtest_add_func("/asyscall-socket/nonblocking", test_nonblocking);
    qtest_add_func("/asyscall-socket/options", test_options);
    return g_test_run();
}
