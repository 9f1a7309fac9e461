/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for asyscall: what can become of an entry, for each opcode
 *
 * /asyscall-opcodes/OUTCOME/OPCODE for what the device serves itself, and
 * /asyscall-opcodes/OUTCOME/forwarded for all the others, of which the device
 * does not know more than their numbers. tests/opcodes.txt refers to these.
 */

#include "qemu/osdep.h"
#include <poll.h>
#include "qemu/sockets.h"
#include "libqtest.h"
#include "asyscall-sockets.h"

/* Where things are, from the bench's memory, and in the process of pair 2. */
#define DATA      0x000
#define TIMESPEC  0x200 /* 1 ns */
#define LONG_TIME 0x280 /* 1000 s */
#define VECTOR    0x400 /* of DATA, 4 bytes */
#define MESSAGE   0x500 /* of VECTOR */
#define ADDRESS   0x600 /* of the listener */
#define MAPPED    0x40000ull
#define MISSING   0x50000ull

#define FILE_FD   3
#define STREAM    5
#define FRESH     6 /* a socket that is not connected */

typedef struct Bench {
    AsyscallDriver *d;
    uint64_t at;
    int listener;
    int peer;
    AsyscallQueue *q;       /* pair 1: physical addresses */
    AsyscallQueue *process; /* pair 2: of a process, with MISSING missing */
    AsyscallQueue *narrow;  /* pair 3: a CQ of 2 */
} Bench;

typedef struct Op {
    const char *name;
    struct io_uring_sqe ok; /* addresses from the bench's memory */
    int32_t result;
    struct io_uring_sqe bad;
    int32_t error;
    /* How it can be made to wait in pair 2: its address is missing, or so. */
    bool faults;
    struct io_uring_sqe waits;
} Op;

#define FILE_OP(name, where, length)                                           \
    .ok = { .opcode = IORING_OP_##name, .fd = FILE_FD, .addr = where,          \
            .len = length }, .result = 4, .faults = true
#define STREAM_OP(name, where, length)                                         \
    .ok = { .opcode = IORING_OP_##name, .fd = STREAM, .addr = where,           \
            .len = length }, .result = 4, .faults = true,                      \
    .bad = { .opcode = IORING_OP_##name, .fd = STREAM, .addr = where,          \
             .len = length, .msg_flags = 1u << 30 }, .error = -EOPNOTSUPP

static const Op ops[] = {
    { "NOP", .ok = { .opcode = IORING_OP_NOP },
      .bad = { .opcode = IORING_OP_NOP, .personality = 7 }, .error = -EINVAL },
    { "READ", FILE_OP(READ, DATA, 4),
      .bad = { .opcode = IORING_OP_READ, .fd = FILE_FD, .len = 4,
               .off = 1ull << 63 }, .error = -EINVAL },
    { "WRITE", FILE_OP(WRITE, DATA, 4),
      .bad = { .opcode = IORING_OP_WRITE, .fd = FILE_FD, .len = 4,
               .off = 1ull << 63 }, .error = -EINVAL },
    { "READV", FILE_OP(READV, VECTOR, 1),
      .bad = { .opcode = IORING_OP_READV, .fd = FILE_FD, .len = 2000 },
      .error = -EINVAL },
    { "WRITEV", FILE_OP(WRITEV, VECTOR, 1),
      .bad = { .opcode = IORING_OP_WRITEV, .fd = FILE_FD, .len = 2000 },
      .error = -EINVAL },
    { "FSYNC", .ok = { .opcode = IORING_OP_FSYNC, .fd = FILE_FD },
      .bad = { .opcode = IORING_OP_FSYNC, .fd = FILE_FD, .fsync_flags = 77 },
      .error = -EINVAL },
    { "STATX",
      .ok = { .opcode = IORING_OP_STATX, .fd = FILE_FD, .len = 0x7ff,
              .off = DATA, .statx_flags = AT_EMPTY_PATH },
      .bad = { .opcode = IORING_OP_STATX, .fd = FILE_FD, .off = DATA,
               .statx_flags = AT_EMPTY_PATH | 1u << 30 }, .error = -EINVAL,
      .waits = { .opcode = IORING_OP_STATX, .fd = FILE_FD, .len = 0x7ff,
                 .off = MISSING, .statx_flags = AT_EMPTY_PATH } },
    { "TIMEOUT",
      .ok = { .opcode = IORING_OP_TIMEOUT, .addr = TIMESPEC, .len = 1 },
      .result = -ETIME,
      .bad = { .opcode = IORING_OP_TIMEOUT, .addr = TIMESPEC, .len = 2 },
      .error = -EINVAL,
      .waits = { .opcode = IORING_OP_TIMEOUT, .addr = MAPPED + LONG_TIME,
                 .len = 1 } },
    { "TIMEOUT_REMOVE",
      .ok = { .opcode = IORING_OP_TIMEOUT_REMOVE, .addr = 0x77 },
      .bad = { .opcode = IORING_OP_TIMEOUT_REMOVE, .addr = 0x78 },
      .error = -ENOENT },
    { "ASYNC_CANCEL",
      .ok = { .opcode = IORING_OP_ASYNC_CANCEL, .addr = 0x77 },
      .bad = { .opcode = IORING_OP_ASYNC_CANCEL, .addr = 0x78 },
      .error = -ENOENT },
    { "POLL_ADD",
      .ok = { .opcode = IORING_OP_POLL_ADD, .fd = STREAM,
              .poll32_events = POLLOUT }, .result = POLLOUT,
      .bad = { .opcode = IORING_OP_POLL_ADD, .fd = STREAM, .personality = 7,
               .poll32_events = POLLOUT }, .error = -EINVAL,
      .waits = { .opcode = IORING_OP_POLL_ADD, .fd = STREAM,
                 .poll32_events = POLLIN } },
    { "CONNECT",
      .ok = { .opcode = IORING_OP_CONNECT, .fd = FRESH, .addr = ADDRESS,
              .off = sizeof(struct sockaddr_in) },
      .bad = { .opcode = IORING_OP_CONNECT, .fd = FRESH, .addr = ADDRESS,
               .off = 1000 }, .error = -EINVAL, .faults = true },
    { "SHUTDOWN",
      .ok = { .opcode = IORING_OP_SHUTDOWN, .fd = STREAM, .len = SHUT_WR },
      .bad = { .opcode = IORING_OP_SHUTDOWN, .fd = STREAM, .len = 77 },
      .error = -EINVAL },
    { "SEND", STREAM_OP(SEND, DATA, 4) },
    { "RECV", STREAM_OP(RECV, DATA, 4) },
    { "SENDMSG", STREAM_OP(SENDMSG, MESSAGE, 1) },
    { "RECVMSG", STREAM_OP(RECVMSG, MESSAGE, 1) },
};

/* ---- the bench ----------------------------------------------------------- */

static void map_files(Bench *b, unsigned pair, int file, int stream, int fresh)
{
    g_assert_cmpint(asyscall_set_fd(b->d, pair, FILE_FD, file, BOTH_RIGHTS),
                    ==, 0);
    g_assert_cmpint(asyscall_set_fd(b->d, pair, STREAM, stream, BOTH_RIGHTS),
                    ==, 0);
    g_assert_cmpint(asyscall_set_fd(b->d, pair, FRESH, fresh, BOTH_RIGHTS),
                    ==, 0);
}

static void fill_memory(Bench *b)
{
    struct { int64_t seconds, nanoseconds; } soon = { 0, 1 }, late = { 1000 };
    uint64_t vector[2] = { b->at + DATA, 4 };
    uint64_t message[7] = { 0, 0, b->at + VECTOR, 1, 0, 0, 0 };
    struct sockaddr_in to = name_of(b->d, b->listener);

    asyscall_poke(b->d, b->at + TIMESPEC, &soon, sizeof(soon));
    asyscall_poke(b->d, b->at + LONG_TIME, &late, sizeof(late));
    asyscall_poke(b->d, b->at + VECTOR, vector, sizeof(vector));
    asyscall_poke(b->d, b->at + MESSAGE, message, sizeof(message));
    asyscall_poke(b->d, b->at + ADDRESS, &to, sizeof(to));
}

static Bench set_up(void)
{
    Bench b = { .d = asyscall_new_export("net=loopback") };
    uint64_t satp = asyscall_satp(b.d);
    int file = asyscall_open(b.d, "hello", GUEST_O_RDWR, 0);
    int stream, fresh = make_socket(b.d, SOCK_STREAM);

    b.at = asyscall_memory(b.d, PAGE);
    b.listener = make_socket(b.d, SOCK_STREAM);
    g_assert_cmpint(bind_to(b.d, b.listener, "127.0.0.1"), ==, 0);
    g_assert_cmpint(COMMAND(b.d, .opcode = ASYSCALL_OP_LISTEN,
                            .fd = b.listener, .len = 8), ==, 0);
    b.peer = host_connect(name_of(b.d, b.listener));
    stream = COMMAND(b.d, .opcode = IORING_OP_ACCEPT, .fd = b.listener);
    g_assert_cmpint(stream, >, 0);
    fill_memory(&b);
    asyscall_map(b.d, satp, MAPPED, b.at, PTE_USER, 0);
    b.q = asyscall_queue(b.d, 1, 0);
    b.process = asyscall_queue(b.d, 2, satp);
    b.narrow = asyscall_queue_sized(b.d, 3, 0, 4, 2);
    for (unsigned pair = 1; pair <= 3; pair++) {
        map_files(&b, pair, file, stream, fresh);
    }
    return b;
}

static void tear_down(Bench *b)
{
    close(b->peer);
    asyscall_queue_free(b->q);
    asyscall_queue_free(b->process);
    asyscall_queue_free(b->narrow);
    asyscall_free(b->d);
}

/* ---- entries ------------------------------------------------------------- */

static bool uses_memory(const struct io_uring_sqe *sqe)
{
    return sqe->opcode != IORING_OP_ASYNC_CANCEL &&
           sqe->opcode != IORING_OP_TIMEOUT_REMOVE &&
           sqe->opcode != IORING_OP_STATX && sqe->opcode != IORING_OP_NOP &&
           sqe->opcode != IORING_OP_FSYNC &&
           sqe->opcode != IORING_OP_SHUTDOWN &&
           sqe->opcode != IORING_OP_POLL_ADD;
}

static struct io_uring_sqe placed(const Bench *b, struct io_uring_sqe sqe)
{
    if (uses_memory(&sqe)) {
        sqe.addr += b->at;
    }
    if (sqe.opcode == IORING_OP_STATX) {
        sqe.off += b->at;
    }
    return sqe;
}

static bool can_wait(const Op *op)
{
    return op->faults || op->waits.opcode;
}

/* An entry for pair 2 that waits. */
static struct io_uring_sqe waiting(const Op *op)
{
    struct io_uring_sqe sqe = op->waits.opcode ? op->waits : op->ok;

    if (op->faults) {
        sqe.addr = MISSING;
    }
    return sqe;
}

/* What the entry needs to succeed. */
static void prepare(Bench *b, AsyscallQueue *q, const Op *op)
{
    if (op->ok.opcode == IORING_OP_RECV || op->ok.opcode == IORING_OP_RECVMSG) {
        g_assert_cmpint(write(b->peer, "abcd", 4), ==, 4);
    }
    if (op->ok.addr == 0x77) {
        START(q, .opcode = IORING_OP_TIMEOUT, .addr = b->at + LONG_TIME,
              .len = 1, .user_data = 0x77);
    }
}

/* Past what else comes with it: the timeout that is removed or cancelled. */
static struct io_uring_cqe completion_of(Bench *b, AsyscallQueue *q,
                                         uint64_t user_data)
{
    struct io_uring_cqe cqe;

    do {
        cqe = asyscall_wait(q);
    } while (cqe.user_data != user_data);
    return cqe;
}

static void submit(AsyscallQueue *q, struct io_uring_sqe sqe,
                   uint64_t user_data, uint8_t flags)
{
    sqe.user_data = user_data;
    sqe.flags |= flags;
    asyscall_submit(q, &sqe);
}

/* A chain: @first, then @second. */
static void submit_two(AsyscallQueue *q, struct io_uring_sqe first,
                       struct io_uring_sqe second)
{
    first.user_data = 1;
    first.flags |= IOSQE_IO_LINK;
    second.user_data = 2;
    asyscall_push(q, &first);
    asyscall_push(q, &second);
    asyscall_doorbell(q);
}

/* It waits in pair 2, by itself or behind a timeout, as number 2 then. */
static void start_waiting(Bench *b, const Op *op)
{
    struct io_uring_sqe late = { .opcode = IORING_OP_TIMEOUT, .len = 1,
                                 .addr = MAPPED + LONG_TIME };

    if (can_wait(op)) {
        submit(b->process, waiting(op), 2, 0);
    } else {
        submit_two(b->process, late, placed(b, op->ok));
    }
    asyscall_expect_nothing(b->process);
}

/* ---- outcomes of what the device serves ---------------------------------- */

static void test_ok(const void *opaque)
{
    const Op *op = opaque;
    Bench b = set_up();

    prepare(&b, b.q, op);
    submit(b.q, placed(&b, op->ok), 1, 0);
    asyscall_step(b.d, 1000);
    g_assert_cmpint(completion_of(&b, b.q, 1).res, ==, op->result);
    tear_down(&b);
}

static void test_error(const void *opaque)
{
    const Op *op = opaque;
    Bench b = set_up();

    submit(b.q, placed(&b, op->bad), 1, 0);
    g_assert_cmpint(completion_of(&b, b.q, 1).res, ==, op->error);
    asyscall_check_alive(b.q, 9);
    tear_down(&b);
}

static void test_cancelled(const void *opaque)
{
    const Op *op = opaque;
    struct io_uring_cqe other;
    Bench b = set_up();

    start_waiting(&b, op);
    submit(b.process, (struct io_uring_sqe) {
        .opcode = IORING_OP_ASYNC_CANCEL, .addr = can_wait(op) ? 2 : 1 }, 3, 0);
    g_assert_cmpint(completion_of(&b, b.process, 2).res, ==, -ECANCELED);
    while (asyscall_pop(b.process, &other)) {
        g_assert_cmpint(other.user_data, !=, 2);
    }
    asyscall_check_alive(b.process, 9);
    tear_down(&b);
}

static void test_timed_out(const void *opaque)
{
    const Op *op = opaque;
    Bench b = set_up();

    submit_two(b.process, waiting(op), (struct io_uring_sqe) {
        .opcode = IORING_OP_LINK_TIMEOUT, .addr = MAPPED + TIMESPEC,
        .len = 1 });
    asyscall_step(b.d, 1000);
    asyscall_expect(b.process, 1, -ECANCELED);
    asyscall_expect(b.process, 2, -ETIME);
    asyscall_check_alive(b.process, 9);
    tear_down(&b);
}

static void test_overflow(const void *opaque)
{
    const Op *op = opaque;
    Bench b = set_up();

    prepare(&b, b.narrow, op);
    asyscall_push_nops(b.narrow, 2, 100);
    asyscall_doorbell(b.narrow);
    submit(b.narrow, placed(&b, op->ok), 1, 0);
    asyscall_step(b.d, 1000);
    /* Host work takes its time. */
    while (!(asyscall_ring_load(b.narrow, RING(device.flags)) &
             ASYSCALL_RING_STATUS_OVERFLOW)) {
        g_usleep(1000);
    }
    asyscall_expect(b.narrow, 100, 0);
    asyscall_expect(b.narrow, 101, 0);
    asyscall_expect_nothing(b.narrow);
    asyscall_flush(b.narrow);
    g_assert_cmpint(completion_of(&b, b.narrow, 1).res, ==, op->result);
    tear_down(&b);
}

static void test_exit(const void *opaque)
{
    const Op *op = opaque;
    Bench b = set_up();

    start_waiting(&b, op);
    g_assert_cmpint(COMMAND(b.d, .opcode = ASYSCALL_CTL_DESTROY, .fd = 2), ==,
                    0);
    asyscall_step(b.d, 1000000000000);
    asyscall_expect_nothing(b.process);
    asyscall_check_alive(b.q, 9);
    tear_down(&b);
}

static void test_reset(const void *opaque)
{
    const Op *op = opaque;
    Bench b = set_up();

    start_waiting(&b, op);
    asyscall_write32(b.d, ASYSCALL_REG_STATUS, 0);
    asyscall_bring_up(b.d, b.d->features);
    asyscall_step(b.d, 1000000000000);
    asyscall_expect_nothing(b.process);
    tear_down(&b);
}

/* ---- LINK_TIMEOUT, which is about another -------------------------------- */

static void link_timeout(Bench *b, AsyscallQueue *q, uint64_t time)
{
    submit_two(q, (struct io_uring_sqe) { .opcode = IORING_OP_POLL_ADD,
                                          .fd = STREAM,
                                          .poll32_events = POLLIN },
               (struct io_uring_sqe) { .opcode = IORING_OP_LINK_TIMEOUT,
                                       .addr = time, .len = 1 });
}

static void test_link_timeout(const void *opaque)
{
    const char *outcome = opaque;
    Bench b = set_up();

    if (!strcmp(outcome, "ok")) {
        link_timeout(&b, b.q, b.at + TIMESPEC);
        asyscall_step(b.d, 1000);
        g_assert_cmpint(completion_of(&b, b.q, 2).res, ==, -ETIME);
    } else if (!strcmp(outcome, "error")) {
        submit(b.q, (struct io_uring_sqe) { .opcode = IORING_OP_LINK_TIMEOUT,
                                            .addr = b.at + TIMESPEC,
                                            .len = 1 }, 2, 0);
        asyscall_expect(b.q, 2, -EINVAL);
    } else if (!strcmp(outcome, "cancelled")) {
        link_timeout(&b, b.q, b.at + LONG_TIME);
        submit(b.q, (struct io_uring_sqe) {
            .opcode = IORING_OP_ASYNC_CANCEL, .addr = 1 }, 3, 0);
        g_assert_cmpint(completion_of(&b, b.q, 2).res, ==, -ECANCELED);
    } else if (!strcmp(outcome, "overflow")) {
        link_timeout(&b, b.narrow, b.at + TIMESPEC);
        asyscall_push_nops(b.narrow, 2, 100);
        asyscall_doorbell(b.narrow);
        asyscall_step(b.d, 1000);
        asyscall_expect(b.narrow, 100, 0);
        asyscall_expect(b.narrow, 101, 0);
        asyscall_expect_nothing(b.narrow);
        asyscall_flush(b.narrow);
        asyscall_expect(b.narrow, 1, -ECANCELED);
        asyscall_expect(b.narrow, 2, -ETIME);
    } else {
        link_timeout(&b, b.process, MAPPED + LONG_TIME);
        if (!strcmp(outcome, "exit")) {
            g_assert_cmpint(COMMAND(b.d, .opcode = ASYSCALL_CTL_DESTROY,
                                    .fd = 2), ==, 0);
        } else {
            asyscall_write32(b.d, ASYSCALL_REG_STATUS, 0);
            asyscall_bring_up(b.d, b.d->features);
        }
        asyscall_step(b.d, 1000000000000);
        asyscall_expect_nothing(b.process);
    }
    tear_down(&b);
}

/* ---- all that is not the device's ---------------------------------------- */

/* With number 1 in pair 1; its token. */
static uint64_t forwarded(Bench *b, unsigned opcode, uint8_t flags)
{
    struct io_uring_cqe event;
    union asyscall_forward slot;

    submit(b->q, (struct io_uring_sqe) { .opcode = opcode, .fd = 77 }, 1,
           flags);
    event = asyscall_event(b->d);
    g_assert_cmpint(ASYSCALL_CQE_EVENT_KIND(event.flags), ==,
                    ASYSCALL_EVENT_FORWARD);
    asyscall_read_slot(b->d, &event, &slot);
    g_assert_cmpint(slot.sqe.opcode, ==, opcode);
    return event.user_data;
}

static void expect_cancel_event(Bench *b, uint64_t token)
{
    struct io_uring_cqe event = asyscall_event(b->d);

    g_assert_cmpint(ASYSCALL_CQE_EVENT_KIND(event.flags), ==,
                    ASYSCALL_EVENT_CANCEL);
    g_assert_cmphex(event.user_data, ==, token);
}

static void forward_one(Bench *b, unsigned opcode, const char *outcome)
{
    uint64_t token;

    if (!strcmp(outcome, "overflow")) {
        asyscall_push_nops(b->narrow, 2, 100);
        asyscall_doorbell(b->narrow);
        submit(b->narrow, (struct io_uring_sqe) { .opcode = opcode,
                                                  .fd = 77 }, 1, 0);
        token = asyscall_event(b->d).user_data;
        g_assert_cmpint(asyscall_complete(b->d, token, 5), ==, 0);
        asyscall_expect(b->narrow, 100, 0);
        asyscall_expect(b->narrow, 101, 0);
        asyscall_expect_nothing(b->narrow);
        asyscall_flush(b->narrow);
        asyscall_expect(b->narrow, 1, 5);
    } else if (!strcmp(outcome, "timed-out")) {
        submit_two(b->q, (struct io_uring_sqe) { .opcode = opcode, .fd = 77 },
                   (struct io_uring_sqe) { .opcode = IORING_OP_LINK_TIMEOUT,
                                           .addr = b->at + TIMESPEC,
                                           .len = 1 });
        token = asyscall_event(b->d).user_data;
        asyscall_step(b->d, 1000);
        expect_cancel_event(b, token);
        g_assert_cmpint(asyscall_complete(b->d, token, -ECANCELED), ==, 0);
        asyscall_expect(b->q, 1, -ECANCELED);
        asyscall_expect(b->q, 2, -ETIME);
    } else {
        int32_t result = !strcmp(outcome, "ok")      ? 5
                         : !strcmp(outcome, "error") ? -EIO
                                                     : -ECANCELED;

        token = forwarded(b, opcode, 0);
        if (result == -ECANCELED) {
            submit(b->q, (struct io_uring_sqe) {
                .opcode = IORING_OP_ASYNC_CANCEL, .addr = 1 }, 3, 0);
            asyscall_expect(b->q, 3, -EALREADY);
            expect_cancel_event(b, token);
        }
        g_assert_cmpint(asyscall_complete(b->d, token, result), ==, 0);
        asyscall_expect(b->q, 1, result);
    }
}

static void end_with_forwarded(Bench *b, unsigned opcode, bool reset)
{
    uint64_t token = forwarded(b, opcode, 0);

    if (reset) {
        asyscall_write32(b->d, ASYSCALL_REG_STATUS, 0);
        asyscall_expect_nothing(b->q);
        asyscall_bring_up(b->d, b->d->features);
    } else {
        g_assert_cmpint(COMMAND(b->d, .opcode = ASYSCALL_CTL_DESTROY, .fd = 1),
                        ==, 0);
        expect_cancel_event(b, token);
        g_assert_cmpint(asyscall_complete(b->d, token, 0), ==, -ENOENT);
        asyscall_expect_nothing(b->q);
    }
    asyscall_queue_free(b->q);
    b->q = asyscall_queue(b->d, 1, 0);
}

static void test_forwarded(const void *opaque)
{
    const char *outcome = opaque;
    bool exit = !strcmp(outcome, "exit"), reset = !strcmp(outcome, "reset");
    Bench b = set_up();

    for (unsigned opcode = 0; opcode < 256; opcode++) {
        if (opcode == IORING_OP_NOP || opcode == IORING_OP_TIMEOUT ||
            opcode == IORING_OP_TIMEOUT_REMOVE ||
            opcode == IORING_OP_ASYNC_CANCEL ||
            opcode == IORING_OP_LINK_TIMEOUT) {
            continue; /* they have no fd that could be the kernel's */
        }
        if (exit || reset) {
            end_with_forwarded(&b, opcode, reset);
        } else {
            forward_one(&b, opcode, outcome);
        }
    }
    tear_down(&b);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*test)(const void *);
    } outcomes[] = {
        { "ok", test_ok },
        { "error", test_error },
        { "cancelled", test_cancelled },
        { "timed-out", test_timed_out },
        { "overflow", test_overflow },
        { "exit", test_exit },
        { "reset", test_reset },
    };

    g_test_init(&argc, &argv, NULL);
    for (int i = 0; i < ARRAY_SIZE(outcomes); i++) {
        bool timed_out = outcomes[i].test == test_timed_out;
        g_autofree char *folder = g_strdup_printf("/asyscall-opcodes/%s",
                                                  outcomes[i].name);
        g_autofree char *all = g_strdup_printf("%s/forwarded", folder);
        g_autofree char *link = g_strdup_printf("%s/LINK_TIMEOUT", folder);

        for (int n = 0; n < ARRAY_SIZE(ops); n++) {
            g_autofree char *path = g_strdup_printf("%s/%s", folder,
                                                    ops[n].name);

            /* What never waits is not timed out, either. */
            if (!timed_out || can_wait(&ops[n])) {
                qtest_add_data_func(path, &ops[n], outcomes[i].test);
            }
        }
        if (!timed_out) {
            qtest_add_data_func(link, outcomes[i].name, test_link_timeout);
        }
        qtest_add_data_func(all, outcomes[i].name, test_forwarded);
    }
    return g_test_run();
}
