/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for asyscall: buffers from groups, and requests with many
 * completions
 */

#include "qemu/osdep.h"
#include "qemu/sockets.h"
#include "libqtest.h"
#include "asyscall-sockets.h"

#define GROUP   7
#define ENTRIES 8
#define LENGTH  4u

/* A group of queue pair 1 with buffers of LENGTH bytes at s->at + 64 * n. */
typedef struct Group {
    AsyscallDriver *d;
    uint64_t ring;
    uint64_t buffers;
    uint16_t tail;
} Group;

static int32_t register_group(AsyscallDriver *d, uint64_t id, uint64_t ring,
                              uint32_t entries)
{
    return COMMAND(d, .opcode = ASYSCALL_CTL_BUFFERS, .fd = 1, .off = id,
                   .addr = ring, .len = entries);
}

/* Buffer @id, of LENGTH bytes, at the end of the ring. */
static void provide(Group *g, uint16_t id)
{
    struct io_uring_buf entry = {
        .addr = g->buffers + 64 * id, .len = LENGTH, .bid = id,
    };

    asyscall_poke(g->d, g->ring + g->tail++ % ENTRIES * sizeof(entry), &entry,
                  offsetof(struct io_uring_buf, resv));
    asyscall_poke(g->d, g->ring + offsetof(struct io_uring_buf, resv),
                  &g->tail, sizeof(g->tail));
}

static Group make_group(AsyscallDriver *d, unsigned n)
{
    Group g = { .d = d, .ring = asyscall_memory(d, PAGE),
                .buffers = asyscall_memory(d, PAGE) };

    g_assert_cmpint(register_group(d, GROUP, g.ring, ENTRIES), ==, 0);
    for (unsigned i = 0; i < n; i++) {
        provide(&g, i);
    }
    return g;
}

/* The next completion: so many bytes, in this buffer, and whether more come. */
static void expect_buffer(Group *g, AsyscallQueue *q, uint16_t id,
                          const char *bytes, bool more)
{
    struct io_uring_cqe cqe = asyscall_wait(q);
    char got[LENGTH];

    g_assert_cmpint(cqe.res, ==, strlen(bytes));
    g_assert_cmphex(cqe.flags, ==, IORING_CQE_F_BUFFER |
                    (more ? IORING_CQE_F_MORE : 0) |
                    id << IORING_CQE_BUFFER_SHIFT);
    asyscall_peek(g->d, g->buffers + 64 * id, got, strlen(bytes));
    g_assert_cmpmem(got, strlen(bytes), bytes, strlen(bytes));
}

static void expect_end(AsyscallQueue *q, int32_t result)
{
    struct io_uring_cqe cqe = asyscall_wait(q);

    g_assert_cmpint(cqe.res, ==, result);
    g_assert_cmphex(cqe.flags, ==, 0);
}

static void start_multishot(AsyscallQueue *q, uint64_t user_data)
{
    START(q, .opcode = IORING_OP_RECV, .fd = 5, .buf_group = GROUP,
          .flags = IOSQE_BUFFER_SELECT, .ioprio = IORING_RECV_MULTISHOT,
          .user_data = user_data);
}

static void test_groups(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=3");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    uint64_t ring = asyscall_memory(d, PAGE);

    g_assert_cmpint(register_group(d, GROUP, ring, 0), ==, -ENOENT);
    g_assert_cmpint(register_group(d, GROUP, ring, 3), ==, -EINVAL);
    g_assert_cmpint(register_group(d, GROUP, ring, 65536), ==, -EINVAL);
    g_assert_cmpint(register_group(d, GROUP, ring + 16, 8), ==, -EINVAL);
    g_assert_cmpint(register_group(d, 0x10000, ring, 8), ==, -EINVAL);
    g_assert_cmpint(register_group(d, GROUP, ring, 8), ==, 0);
    g_assert_cmpint(register_group(d, GROUP, ring, 8), ==, -EEXIST);
    g_assert_cmpint(register_group(d, GROUP, ring, 0), ==, 0);
    g_assert_cmpint(register_group(d, GROUP, ring, 32768), ==, 0);
    /* There is an end to it. */
    for (int i = 1; i < 256; i++) {
        g_assert_cmpint(register_group(d, 1000 + i, ring, 1), ==, 0);
    }
    g_assert_cmpint(register_group(d, 2000, ring, 1), ==, -ENOMEM);
    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_CTL_BUFFERS, .fd = 2,
                            .addr = ring, .len = 8), ==, -ENOENT);
    /* They are the queue pair's and end with it. */
    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_CTL_DESTROY, .fd = 1), ==,
                    0);
    asyscall_queue_free(q);
    q = asyscall_queue(d, 1, 0);
    g_assert_cmpint(register_group(d, GROUP, ring, 0), ==, -ENOENT);
    asyscall_queue_free(q);

    asyscall_write32(d, ASYSCALL_REG_STATUS, 0);
    asyscall_bring_up(d, d->features & ~ASYSCALL_F_BUFFERS);
    q = asyscall_queue(d, 1, 0);
    g_assert_cmpint(register_group(d, GROUP, ring, 8), ==, -EINVAL);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_read(void)
{
    AsyscallDriver *d = asyscall_new_export("");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    int handle = asyscall_open(d, "hello", GUEST_O_RDONLY, 0);
    Group g;

    g_assert_cmpint(asyscall_set_fd(d, 1, 5, handle, BOTH_RIGHTS), ==, 0);
    START(q, .opcode = IORING_OP_READ, .fd = 5, .buf_group = GROUP,
          .flags = IOSQE_BUFFER_SELECT, .user_data = 1);
    expect_end(q, -ENOBUFS); /* no group */
    g = make_group(d, 2);
    provide(&g, 5);
    START(q, .opcode = IORING_OP_READ, .fd = 5, .buf_group = GROUP,
          .flags = IOSQE_BUFFER_SELECT, .user_data = 1);
    expect_buffer(&g, q, 0, "Hell", false);
    START(q, .opcode = IORING_OP_READ, .fd = 5, .buf_group = GROUP, .len = 2,
          .off = 4, .flags = IOSQE_BUFFER_SELECT, .user_data = 2);
    expect_buffer(&g, q, 1, "o,", false);
    START(q, .opcode = IORING_OP_READ, .fd = 5, .buf_group = GROUP, .len = 99,
          .off = 7, .flags = IOSQE_BUFFER_SELECT, .user_data = 3);
    expect_buffer(&g, q, 5, "worl", false);
    START(q, .opcode = IORING_OP_READ, .fd = 5, .buf_group = GROUP,
          .flags = IOSQE_BUFFER_SELECT, .user_data = 4);
    expect_end(q, -ENOBUFS); /* none left */
    /* What fails on the host says which buffer it had. */
    provide(&g, 3);
    START(q, .opcode = IORING_OP_READ, .fd = 5, .buf_group = GROUP,
          .off = 1ull << 63, .flags = IOSQE_BUFFER_SELECT, .user_data = 5);
    g_assert_cmphex(asyscall_wait(q).flags, ==, IORING_CQE_F_BUFFER |
                    3 << IORING_CQE_BUFFER_SHIFT);
    START(q, .opcode = IORING_OP_WRITE, .fd = 5, .buf_group = GROUP,
          .flags = IOSQE_BUFFER_SELECT, .user_data = 6);
    expect_end(q, -EOPNOTSUPP);
    /* A group that is not RAM. */
    g_assert_cmpint(register_group(d, 1, ASYSCALL_BASE, 8), ==, 0);
    START(q, .opcode = IORING_OP_READ, .fd = 5, .buf_group = 1,
          .flags = IOSQE_BUFFER_SELECT, .user_data = 7);
    expect_end(q, -EFAULT);
    asyscall_queue_free(q);
    asyscall_free(d);
}

/* What waits for data has no buffer yet. */
static void test_recv(void)
{
    Server s = serve("");
    Group g = make_group(s.d, 1);

    for (int i = 1; i <= 2; i++) {
        START(s.q, .opcode = IORING_OP_RECV, .fd = 5, .buf_group = GROUP,
              .flags = IOSQE_BUFFER_SELECT, .user_data = i);
    }
    asyscall_expect_nothing(s.q);
    START(s.q, .opcode = IORING_OP_ASYNC_CANCEL, .addr = 1, .user_data = 3);
    expect_end(s.q, -ECANCELED);
    asyscall_expect(s.q, 3, 0);
    g_assert_cmpint(write(s.peer, "abcdef", 6), ==, 6);
    expect_buffer(&g, s.q, 0, "abcd", false);
    START(s.q, .opcode = IORING_OP_RECV, .fd = 5, .buf_group = GROUP,
          .flags = IOSQE_BUFFER_SELECT, .user_data = 4);
    expect_end(s.q, -ENOBUFS);
    provide(&g, 6);
    START(s.q, .opcode = IORING_OP_READ, .fd = 5, .buf_group = GROUP,
          .flags = IOSQE_BUFFER_SELECT, .user_data = 5);
    expect_buffer(&g, s.q, 6, "ef", false);
    provide(&g, 2);
    START(s.q, .opcode = IORING_OP_RECV, .fd = 5, .buf_group = GROUP,
          .flags = IOSQE_BUFFER_SELECT, .user_data = 6);
    shutdown(s.peer, SHUT_WR);
    expect_end(s.q, 0);
    end(&s);
}

static void test_recv_multishot(void)
{
    Server s = serve("");
    Group g = make_group(s.d, 3);

    start_multishot(s.q, 1);
    asyscall_expect_nothing(s.q);
    g_assert_cmpint(write(s.peer, "abcdef", 6), ==, 6);
    expect_buffer(&g, s.q, 0, "abcd", true);
    expect_buffer(&g, s.q, 1, "ef", true);
    /* The next data finds the last buffer, and what comes then none. */
    g_assert_cmpint(write(s.peer, "ghijkl", 6), ==, 6);
    expect_buffer(&g, s.q, 2, "ghij", true);
    expect_end(s.q, -ENOBUFS);
    provide(&g, 4);
    provide(&g, 5);
    start_multishot(s.q, 2);
    expect_buffer(&g, s.q, 4, "kl", true);
    START(s.q, .opcode = IORING_OP_ASYNC_CANCEL, .addr = 2, .user_data = 3);
    expect_end(s.q, -ECANCELED);
    asyscall_expect(s.q, 3, 0);

    start_multishot(s.q, 4);
    g_assert_cmpint(write(s.peer, "mn", 2), ==, 2);
    expect_buffer(&g, s.q, 5, "mn", true);
    provide(&g, 6);
    start_multishot(s.q, 5);
    shutdown(s.peer, SHUT_WR);
    g_assert_cmpint(asyscall_wait(s.q).res, <=, 0); /* 4: the end or none */
    g_assert_cmpint(asyscall_wait(s.q).res, ==, 0);
    end(&s);
}

static void test_recv_multishot_errors(void)
{
    Server s = serve("");

    make_group(s.d, 1);
    START(s.q, .opcode = IORING_OP_RECV, .fd = 5, .addr = s.at, .len = 4,
          .ioprio = IORING_RECV_MULTISHOT, .user_data = 1);
    expect_end(s.q, -EINVAL); /* no group */
    START(s.q, .opcode = IORING_OP_RECV, .fd = 5, .buf_group = GROUP, .len = 4,
          .flags = IOSQE_BUFFER_SELECT, .ioprio = IORING_RECV_MULTISHOT,
          .user_data = 2);
    expect_end(s.q, -EINVAL);
    START(s.q, .opcode = IORING_OP_RECV, .fd = 5, .buf_group = GROUP,
          .flags = IOSQE_BUFFER_SELECT, .ioprio = IORING_RECV_MULTISHOT,
          .msg_flags = MSG_WAITALL, .user_data = 3);
    expect_end(s.q, -EINVAL);
    START(s.q, .opcode = IORING_OP_RECV, .fd = 5, .buf_group = GROUP,
          .flags = IOSQE_BUFFER_SELECT, .ioprio = IORING_RECV_MULTISHOT,
          .msg_flags = MSG_DONTWAIT, .user_data = 4);
    expect_end(s.q, -EAGAIN);
    end(&s);
}

/* The CQ is full: it ends, and what it had received is not lost. */
static void test_overflow(void)
{
    Server s = serve("");
    AsyscallQueue *q = asyscall_queue_sized(s.d, 2, 0, 4, 2);
    Group g = { .d = s.d, .ring = asyscall_memory(s.d, PAGE),
                .buffers = asyscall_memory(s.d, PAGE) };

    g_assert_cmpint(asyscall_set_fd(s.d, 2, 5, s.handle, BOTH_RIGHTS), ==, 0);
    g_assert_cmpint(COMMAND(s.d, .opcode = ASYSCALL_CTL_BUFFERS, .fd = 2,
                            .off = GROUP, .addr = g.ring, .len = ENTRIES),
                    ==, 0);
    for (int i = 0; i < 5; i++) {
        provide(&g, i);
    }
    g_assert_cmpint(write(s.peer, "aaaabbbbccccdddd", 16), ==, 16);
    start_multishot(q, 1);
    expect_buffer(&g, q, 0, "aaaa", true);
    expect_buffer(&g, q, 1, "bbbb", true);
    asyscall_flush(q);
    expect_buffer(&g, q, 2, "cccc", false);
    start_multishot(q, 2);
    expect_buffer(&g, q, 3, "dddd", true);
    asyscall_queue_free(q);
    end(&s);
}

static void test_accept_multishot(void)
{
    AsyscallDriver *d = asyscall_new("net=loopback,max-sockets=4");
    int listener = make_socket(d, SOCK_STREAM), peers[4];
    struct io_uring_cqe cqe;
    struct sockaddr_in to;
    int32_t result, handle = 0;
    uint64_t command;

    g_assert_cmpint(bind_to(d, listener, "127.0.0.1"), ==, 0);
    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_OP_LISTEN, .fd = listener,
                            .len = 8), ==, 0);
    to = name_of(d, listener);
    peers[0] = host_connect(to);
    command = asyscall_command_start(d, (struct io_uring_sqe) {
        .opcode = IORING_OP_ACCEPT, .fd = listener,
        .ioprio = IORING_ACCEPT_MULTISHOT,
    });
    for (int i = 1; i <= 3; i++) {
        cqe = asyscall_wait(&d->control);
        g_assert_cmphex(cqe.user_data, ==, command);
        g_assert_cmpint(cqe.res, >, 0);
        g_assert_cmphex(cqe.flags, ==, IORING_CQE_F_MORE);
        handle = cqe.res;
        peers[i] = host_connect(to);
    }
    /* There is no room for the fourth: it stays in the backlog. */
    cqe = asyscall_wait(&d->control);
    g_assert_cmpint(cqe.res, ==, -ENFILE);
    g_assert_cmphex(cqe.flags, ==, 0);
    g_assert_cmpint(asyscall_close(d, listener), ==, 0);
    g_assert_cmpint(asyscall_close(d, handle), ==, 0);

    listener = make_socket(d, SOCK_STREAM);
    g_assert_cmpint(bind_to(d, listener, "127.0.0.1"), ==, 0);
    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_OP_LISTEN, .fd = listener,
                            .len = 8), ==, 0);
    /* CLOSE ends it; so does a cancel. */
    command = asyscall_command_start(d, (struct io_uring_sqe) {
        .opcode = IORING_OP_ACCEPT, .fd = listener,
        .ioprio = IORING_ACCEPT_MULTISHOT,
    });
    START(&d->control, .opcode = IORING_OP_ASYNC_CANCEL, .addr = command,
          .user_data = 1);
    g_assert_true(asyscall_command_finished(d, command, &result));
    g_assert_cmpint(result, ==, -ECANCELED);
    asyscall_expect(&d->control, 1, 0);
    command = asyscall_command_start(d, (struct io_uring_sqe) {
        .opcode = IORING_OP_ACCEPT, .fd = listener,
        .ioprio = IORING_ACCEPT_MULTISHOT,
    });
    START(&d->control, .opcode = IORING_OP_CLOSE, .fd = listener,
          .user_data = 2);
    g_assert_true(asyscall_command_finished(d, command, &result));
    g_assert_cmpint(result, ==, -ECANCELED);
    asyscall_expect(&d->control, 2, 0);
    for (int i = 0; i < ARRAY_SIZE(peers); i++) {
        close(peers[i]);
    }
    asyscall_free(d);
}

/* For what the kernel serves, from the same ring. */
static void test_take(void)
{
    Server s = serve("");
    Group g = make_group(s.d, 2);
    struct io_uring_buf taken;

    g_assert_cmpint(COMMAND(s.d, .opcode = ASYSCALL_CTL_TAKE_BUFFER, .fd = 1,
                            .off = GROUP, .addr = s.at), ==, 0);
    asyscall_peek(s.d, s.at, &taken, sizeof(taken));
    g_assert_cmphex(taken.addr, ==, g.buffers);
    g_assert_cmpint(taken.len, ==, LENGTH);
    g_assert_cmpint(taken.bid, ==, 0);
    g_assert_cmpint(write(s.peer, "a", 1), ==, 1);
    start_multishot(s.q, 1);
    expect_buffer(&g, s.q, 1, "a", true);
    expect_end(s.q, -ENOBUFS);
    g_assert_cmpint(COMMAND(s.d, .opcode = ASYSCALL_CTL_TAKE_BUFFER, .fd = 1,
                            .off = GROUP, .addr = s.at), ==, -ENOBUFS);
    g_assert_cmpint(COMMAND(s.d, .opcode = ASYSCALL_CTL_TAKE_BUFFER, .fd = 1,
                            .off = GROUP + 1, .addr = s.at), ==, -ENOBUFS);
    provide(&g, 3);
    g_assert_cmpint(COMMAND(s.d, .opcode = ASYSCALL_CTL_TAKE_BUFFER, .fd = 1,
                            .off = GROUP, .addr = 8), ==, -EFAULT);
    /* It was not taken. */
    g_assert_cmpint(COMMAND(s.d, .opcode = ASYSCALL_CTL_TAKE_BUFFER, .fd = 1,
                            .off = GROUP, .addr = s.at), ==, 0);
    end(&s);
}

/* The ring and the buffer are not there at first. */
static void test_faults(void)
{
    Server s = serve("");
    uint64_t satp = asyscall_satp(s.d);
    AsyscallQueue *q = asyscall_queue(s.d, 2, satp);
    uint64_t ring = asyscall_memory(s.d, PAGE);
    uint64_t buffer = asyscall_memory(s.d, PAGE);
    struct io_uring_buf entry = { .addr = 0x20000, .len = LENGTH, .bid = 9 };
    struct io_uring_cqe event, cqe;
    union asyscall_forward slot;
    uint16_t tail = 1;

    g_assert_cmpint(asyscall_set_fd(s.d, 2, 5, s.handle, BOTH_RIGHTS), ==, 0);
    g_assert_cmpint(COMMAND(s.d, .opcode = ASYSCALL_CTL_BUFFERS, .fd = 2,
                            .off = GROUP, .addr = 0x10000, .len = ENTRIES),
                    ==, 0);
    entry.resv = tail;
    asyscall_poke(s.d, ring, &entry, sizeof(entry));
    g_assert_cmpint(write(s.peer, "data", 4), ==, 4);
    start_multishot(q, 1);
    for (int i = 0; i < 2; i++) {
        event = asyscall_event(s.d);
        g_assert_cmpint(ASYSCALL_CQE_EVENT_KIND(event.flags), ==,
                        ASYSCALL_EVENT_FAULT);
        asyscall_read_slot(s.d, &event, &slot);
        if (!i) {
            g_assert_cmphex(slot.fault.address & -PAGE, ==, 0x10000);
            asyscall_map(s.d, satp, 0x10000, ring, PTE_USER, 0);
        } else {
            g_assert_cmphex(slot.fault.address, ==, 0x20000);
            asyscall_map(s.d, satp, 0x20000, buffer, PTE_USER, 0);
        }
        g_assert_cmpint(asyscall_resume(s.d, event.user_data, 0), ==, 0);
    }
    cqe = asyscall_wait(q);
    g_assert_cmpint(cqe.res, ==, 4);
    g_assert_cmphex(cqe.flags, ==, IORING_CQE_F_BUFFER | IORING_CQE_F_MORE |
                    9 << IORING_CQE_BUFFER_SHIFT);
    expect_end(q, -ENOBUFS);
    asyscall_queue_free(q);
    end(&s);
}

static void test_migration(void)
{
    Server s = serve("");
    Group g = make_group(s.d, 3);
    struct io_uring_buf taken;

    g_assert_cmpint(write(s.peer, "a", 1), ==, 1);
    start_multishot(s.q, 1);
    expect_buffer(&g, s.q, 0, "a", true);
    asyscall_move(s.d);
    expect_end(s.q, -ECONNRESET);
    g_assert_cmpint(COMMAND(s.d, .opcode = ASYSCALL_CTL_TAKE_BUFFER, .fd = 1,
                            .off = GROUP, .addr = s.at), ==, 0);
    asyscall_peek(s.d, s.at, &taken, sizeof(taken));
    g_assert_cmpint(taken.bid, ==, 1);
    end(&s);
}

static void test_reset(void)
{
    Server s = serve("");

    make_group(s.d, 3);
    g_assert_cmpint(write(s.peer, "a", 1), ==, 1);
    start_multishot(s.q, 1);
    g_assert_cmpint(COMMAND(s.d, .opcode = ASYSCALL_CTL_DESTROY, .fd = 1), ==,
                    0);
    asyscall_queue_free(s.q);
    s.q = asyscall_queue(s.d, 1, 0);
    g_assert_cmpint(asyscall_set_fd(s.d, 1, 5, s.handle, BOTH_RIGHTS), ==, 0);
    make_group(s.d, 3);
    start_multishot(s.q, 1);
    asyscall_write32(s.d, ASYSCALL_REG_STATUS, 0);
    end(&s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/asyscall-buffers/groups", test_groups);
    qtest_add_func("/asyscall-buffers/read", test_read);
    qtest_add_func("/asyscall-buffers/recv", test_recv);
    qtest_add_func("/asyscall-buffers/recv-multishot", test_recv_multishot);
    qtest_add_func("/asyscall-buffers/recv-multishot-errors",
                   test_recv_multishot_errors);
    qtest_add_func("/asyscall-buffers/overflow-ends-a-multishot",
                   test_overflow);
    qtest_add_func("/asyscall-buffers/accept-multishot",
                   test_accept_multishot);
    qtest_add_func("/asyscall-buffers/take", test_take);
    qtest_add_func("/asyscall-buffers/faults", test_faults);
    qtest_add_func("/asyscall-buffers/migration", test_migration);
    qtest_add_func("/asyscall-buffers/reset", test_reset);
    return g_test_run();
}
