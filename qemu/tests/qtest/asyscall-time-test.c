/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for asyscall: timeouts and modelled latency
 */

#include "qemu/osdep.h"
#include "libqtest.h"
#include "asyscall-driver.h"

#define SECOND 1000000000ll

typedef struct Timeouts {
    AsyscallDriver *d;
    AsyscallQueue *q;
    uint64_t at;
} Timeouts;

static Timeouts timeouts_start(const char *options)
{
    Timeouts t = { .d = asyscall_new("queue-pairs=4%s", options) };

    t.q = asyscall_queue(t.d, 1, 0);
    t.at = asyscall_memory(t.d, PAGE);
    return t;
}

static void timeouts_stop(Timeouts *t)
{
    asyscall_queue_free(t->q);
    asyscall_free(t->d);
}

static struct io_uring_sqe timeout(Timeouts *t, int64_t ns, uint64_t user_data)
{
    t->at += 16;
    qtest_writeq(t->d->qts, t->at, ns / SECOND);
    qtest_writeq(t->d->qts, t->at + 8, ns % SECOND);
    return (struct io_uring_sqe) {
        .opcode = IORING_OP_TIMEOUT, .addr = t->at, .len = 1,
        .user_data = user_data,
    };
}

static void test_timeout(void)
{
    Timeouts t = timeouts_start("");
    struct io_uring_sqe a = timeout(&t, 3000, 1), b = timeout(&t, 1000, 2);
    struct io_uring_sqe c = timeout(&t, 3000, 3);
    int64_t now;

    asyscall_push(t.q, &a);
    asyscall_push(t.q, &b);
    asyscall_push(t.q, &c);
    asyscall_doorbell(t.q);
    qtest_clock_step(t.d->qts, 999);
    asyscall_expect_nothing(t.q);
    qtest_clock_step(t.d->qts, 1);
    asyscall_expect(t.q, 2, -ETIME);
    qtest_clock_step(t.d->qts, 1999);
    asyscall_expect_nothing(t.q);
    now = qtest_clock_step(t.d->qts, 1);
    asyscall_expect(t.q, 1, -ETIME);
    asyscall_expect(t.q, 3, -ETIME);

    /* absolute, in the machine's virtual time */
    a = timeout(&t, now + 500, 4);
    a.timeout_flags = IORING_TIMEOUT_ABS;
    asyscall_submit(t.q, &a);
    qtest_clock_step(t.d->qts, 499);
    asyscall_expect_nothing(t.q);
    qtest_clock_step(t.d->qts, 1);
    asyscall_expect(t.q, 4, -ETIME);
    /* that is in the past */
    asyscall_submit(t.q, &a);
    qtest_clock_step(t.d->qts, 1);
    asyscall_expect(t.q, 4, -ETIME);
    timeouts_stop(&t);
}

static void test_timeout_errors(void)
{
    Timeouts t = timeouts_start("");
    struct io_uring_sqe sqe = timeout(&t, 1000, 1);

    sqe.len = 2;
    g_assert_cmpint(asyscall_call(t.q, sqe), ==, -EINVAL);
    sqe.len = 1;
    sqe.timeout_flags = 1u << 20;
    g_assert_cmpint(asyscall_call(t.q, sqe), ==, -EINVAL);
    sqe.timeout_flags = IORING_TIMEOUT_BOOTTIME | IORING_TIMEOUT_REALTIME;
    g_assert_cmpint(asyscall_call(t.q, sqe), ==, -EINVAL);
    sqe.timeout_flags = 0;
    qtest_writeq(t.d->qts, t.at, -1);
    g_assert_cmpint(asyscall_call(t.q, sqe), ==, -EINVAL);
    sqe.addr = 0x10;
    g_assert_cmpint(asyscall_call(t.q, sqe), ==, -EFAULT);
    /* as long as it gets */
    sqe = timeout(&t, 0, 2);
    qtest_writeq(t.d->qts, t.at, INT64_MAX);
    qtest_writeq(t.d->qts, t.at + 8, INT64_MAX);
    asyscall_submit(t.q, &sqe);
    qtest_clock_step(t.d->qts, 1000 * SECOND);
    asyscall_expect_nothing(t.q);
    timeouts_stop(&t);
}

static void test_timeout_count(void)
{
    Timeouts t = timeouts_start("");
    struct io_uring_sqe sqe = timeout(&t, SECOND, 100);

    sqe.off = 3;
    asyscall_submit(t.q, &sqe);
    for (unsigned i = 0; i < 3; i++) {
        asyscall_expect_nothing(t.q);
        asyscall_check_alive(t.q, i);
    }
    asyscall_expect(t.q, 100, 0);

    /* Time is up first. */
    asyscall_submit(t.q, &sqe);
    asyscall_check_alive(t.q, 1);
    qtest_clock_step(t.d->qts, SECOND);
    asyscall_expect(t.q, 100, -ETIME);
    asyscall_push_nops(t.q, 3, 10);
    asyscall_doorbell(t.q);
    for (unsigned i = 0; i < 3; i++) {
        asyscall_expect(t.q, 10 + i, 0);
    }
    asyscall_expect_nothing(t.q);
    timeouts_stop(&t);
}

static void test_timeout_remove(void)
{
    Timeouts t = timeouts_start("");
    struct io_uring_sqe sqe = timeout(&t, SECOND, 1);
    struct io_uring_sqe remove = {
        .opcode = IORING_OP_TIMEOUT_REMOVE, .addr = 1, .user_data = 2,
    };

    asyscall_submit(t.q, &remove);
    asyscall_expect(t.q, 2, -ENOENT);
    asyscall_submit(t.q, &sqe);
    asyscall_submit(t.q, &remove);
    asyscall_expect(t.q, 2, 0);
    asyscall_expect(t.q, 1, -ECANCELED);

    /* update: it counts anew from now */
    asyscall_submit(t.q, &sqe);
    qtest_clock_step(t.d->qts, SECOND / 2);
    sqe = timeout(&t, SECOND, 0);
    remove.timeout_flags = IORING_TIMEOUT_UPDATE;
    remove.off = sqe.addr;
    asyscall_submit(t.q, &remove);
    asyscall_expect(t.q, 2, 0);
    qtest_clock_step(t.d->qts, SECOND - 1);
    asyscall_expect_nothing(t.q);
    qtest_clock_step(t.d->qts, 1);
    asyscall_expect(t.q, 1, -ETIME);

    /* ASYNC_CANCEL does it too. */
    sqe = timeout(&t, SECOND, 1);
    asyscall_submit(t.q, &sqe);
    asyscall_submit(t.q, &(struct io_uring_sqe) {
        .opcode = IORING_OP_ASYNC_CANCEL, .addr = 1, .user_data = 3,
    });
    asyscall_expect(t.q, 1, -ECANCELED);
    asyscall_expect(t.q, 3, 0);
    qtest_clock_step(t.d->qts, 2 * SECOND);
    asyscall_expect_nothing(t.q);
    timeouts_stop(&t);
}

static void test_timeout_in_chain(void)
{
    Timeouts t = timeouts_start("");
    struct io_uring_sqe sqe = timeout(&t, 1000, 1);

    sqe.flags = IOSQE_IO_LINK;
    asyscall_push(t.q, &sqe);
    asyscall_push_nops(t.q, 1, 2);
    asyscall_doorbell(t.q);
    qtest_clock_step(t.d->qts, 1000);
    asyscall_expect(t.q, 1, -ETIME);
    asyscall_expect(t.q, 2, -ECANCELED);
    sqe.timeout_flags = IORING_TIMEOUT_ETIME_SUCCESS;
    asyscall_push(t.q, &sqe);
    asyscall_push_nops(t.q, 1, 2);
    asyscall_doorbell(t.q);
    qtest_clock_step(t.d->qts, 1000);
    asyscall_expect(t.q, 1, -ETIME);
    asyscall_expect(t.q, 2, 0);
    timeouts_stop(&t);
}

static void test_timeout_multishot(void)
{
    Timeouts t = timeouts_start("");
    struct io_uring_sqe sqe = timeout(&t, 1000, 1);
    struct io_uring_cqe cqe;

    sqe.timeout_flags = IORING_TIMEOUT_MULTISHOT;
    sqe.off = 3;
    asyscall_submit(t.q, &sqe);
    for (unsigned i = 1; i <= 3; i++) {
        qtest_clock_step(t.d->qts, 999);
        asyscall_expect_nothing(t.q);
        qtest_clock_step(t.d->qts, 1);
        cqe = asyscall_wait(t.q);
        g_assert_cmphex(cqe.user_data, ==, 1);
        g_assert_cmpint(cqe.res, ==, -ETIME);
        g_assert_cmphex(cqe.flags, ==, i < 3 ? IORING_CQE_F_MORE : 0);
    }
    qtest_clock_step(t.d->qts, 5000);
    asyscall_expect_nothing(t.q);

    /* Without end, until it is cancelled: one more, without MORE. */
    sqe.off = 0;
    asyscall_submit(t.q, &sqe);
    for (unsigned i = 0; i < 10; i++) {
        qtest_clock_step(t.d->qts, 1000);
        g_assert_cmphex(asyscall_wait(t.q).flags, ==, IORING_CQE_F_MORE);
    }
    asyscall_submit(t.q, &(struct io_uring_sqe) {
        .opcode = IORING_OP_TIMEOUT_REMOVE, .addr = 1, .user_data = 2,
    });
    asyscall_expect(t.q, 2, 0);
    cqe = asyscall_wait(t.q);
    g_assert_cmphex(cqe.user_data, ==, 1);
    g_assert_cmpint(cqe.res, ==, -ECANCELED);
    g_assert_cmphex(cqe.flags, ==, 0);

    /* An interval of nothing is one of a microsecond; a full CQ ends it. */
    sqe = timeout(&t, 0, 3);
    sqe.timeout_flags = IORING_TIMEOUT_MULTISHOT;
    asyscall_submit(t.q, &sqe);
    qtest_clock_step(t.d->qts, 100 * 1000);
    for (unsigned i = 0; i < t.q->cq_entries; i++) {
        g_assert_true(asyscall_pop(t.q, &cqe));
        g_assert_cmphex(cqe.flags, ==, IORING_CQE_F_MORE);
    }
    asyscall_flush(t.q);
    asyscall_expect(t.q, 3, -ETIME);
    asyscall_expect_nothing(t.q);

    sqe.timeout_flags |= IORING_TIMEOUT_ABS;
    g_assert_cmpint(asyscall_call(t.q, sqe), ==, -EINVAL);
    timeouts_stop(&t);
}

/* A request that takes SECOND, with one that limits it, and a NOP behind. */
static void push_limited(Timeouts *t, int64_t ns, uint8_t flags)
{
    struct io_uring_sqe head = timeout(t, SECOND, 1);
    struct io_uring_sqe limit = timeout(t, ns, 2);

    head.flags = flags;
    limit.opcode = IORING_OP_LINK_TIMEOUT;
    limit.flags = flags;
    asyscall_push(t->q, &head);
    asyscall_push(t->q, &limit);
    asyscall_push_nops(t->q, 1, 3);
    asyscall_doorbell(t->q);
}

static void test_link_timeout(void)
{
    Timeouts t = timeouts_start("");
    struct io_uring_sqe sqe;

    /* In time: what follows is not held up, and sees how the head ended. */
    push_limited(&t, 2 * SECOND, IOSQE_IO_HARDLINK);
    qtest_clock_step(t.d->qts, SECOND);
    asyscall_expect(t.q, 1, -ETIME);
    asyscall_expect(t.q, 2, -ECANCELED);
    asyscall_expect(t.q, 3, 0);
    push_limited(&t, 2 * SECOND, IOSQE_IO_LINK);
    qtest_clock_step(t.d->qts, SECOND);
    asyscall_expect(t.q, 1, -ETIME);
    asyscall_expect(t.q, 2, -ECANCELED);
    asyscall_expect(t.q, 3, -ECANCELED);

    /* Too late. */
    push_limited(&t, 1000, IOSQE_IO_LINK);
    qtest_clock_step(t.d->qts, 999);
    asyscall_expect_nothing(t.q);
    qtest_clock_step(t.d->qts, 1);
    asyscall_expect(t.q, 1, -ECANCELED);
    asyscall_expect(t.q, 2, -ETIME);
    asyscall_expect(t.q, 3, -ECANCELED);
    push_limited(&t, 1000, IOSQE_IO_HARDLINK);
    qtest_clock_step(t.d->qts, 1000);
    asyscall_expect(t.q, 1, -ECANCELED);
    asyscall_expect(t.q, 2, -ETIME);
    asyscall_expect(t.q, 3, 0);

    /* A head that is through at once. */
    sqe = timeout(&t, 1000, 2);
    sqe.opcode = IORING_OP_LINK_TIMEOUT;
    asyscall_push(t.q, &(struct io_uring_sqe) {
        .flags = IOSQE_IO_LINK, .user_data = 1,
    });
    asyscall_push(t.q, &sqe);
    asyscall_doorbell(t.q);
    asyscall_expect(t.q, 1, 0);
    asyscall_expect(t.q, 2, -ECANCELED);

    /* Updated while it runs; TIMEOUT_REMOVE without the flag misses it. */
    push_limited(&t, 1000, IOSQE_IO_LINK);
    sqe = (struct io_uring_sqe) {
        .opcode = IORING_OP_TIMEOUT_REMOVE, .addr = 2, .user_data = 4,
    };
    asyscall_submit(t.q, &sqe);
    asyscall_expect(t.q, 4, -ENOENT);
    sqe.timeout_flags = IORING_LINK_TIMEOUT_UPDATE;
    sqe.off = timeout(&t, 5000, 0).addr;
    asyscall_submit(t.q, &sqe);
    asyscall_expect(t.q, 4, 0);
    qtest_clock_step(t.d->qts, 4999);
    asyscall_expect_nothing(t.q);
    qtest_clock_step(t.d->qts, 1);
    asyscall_expect(t.q, 1, -ECANCELED);
    asyscall_expect(t.q, 2, -ETIME);
    asyscall_expect(t.q, 3, -ECANCELED);

    /* The head is cancelled; ALL ends each once. */
    for (unsigned i = 0; i < 2; i++) {
        push_limited(&t, 1000, IOSQE_IO_LINK);
        asyscall_submit(t.q, &(struct io_uring_sqe) {
            .opcode = IORING_OP_ASYNC_CANCEL, .addr = 1, .user_data = 4,
            .cancel_flags = i ? IORING_ASYNC_CANCEL_ANY : 0,
        });
        asyscall_expect(t.q, 1, -ECANCELED);
        asyscall_expect(t.q, 4, i);
        asyscall_expect(t.q, 2, -ECANCELED);
        asyscall_expect(t.q, 3, -ECANCELED);
        qtest_clock_step(t.d->qts, 2 * SECOND);
        asyscall_expect_nothing(t.q);
    }
    timeouts_stop(&t);
}

static void test_link_timeout_errors(void)
{
    Timeouts t = timeouts_start("");
    struct io_uring_sqe sqe = timeout(&t, 1000, 1);

    /* Nothing before it to limit. */
    sqe.opcode = IORING_OP_LINK_TIMEOUT;
    g_assert_cmpint(asyscall_call(t.q, sqe), ==, -EINVAL);
    sqe.flags = IOSQE_IO_LINK;
    asyscall_push(t.q, &sqe);
    asyscall_push_nops(t.q, 1, 2);
    asyscall_doorbell(t.q);
    asyscall_expect(t.q, 1, -EINVAL);
    asyscall_expect(t.q, 2, -ECANCELED);

    /* A bad one: nothing of its chain runs. */
    for (unsigned i = 0; i < 3; i++) {
        sqe = timeout(&t, 1000, 2);
        sqe.opcode = IORING_OP_LINK_TIMEOUT;
        sqe.flags = IOSQE_IO_LINK;
        sqe.off = i == 0;
        sqe.timeout_flags = i == 1 ? IORING_TIMEOUT_MULTISHOT : 0;
        sqe.addr = i == 2 ? 0x10 : sqe.addr;
        asyscall_push(t.q, &(struct io_uring_sqe) {
            .flags = IOSQE_IO_HARDLINK, .user_data = 1,
        });
        asyscall_push(t.q, &sqe);
        asyscall_push_nops(t.q, 1, 3);
        asyscall_doorbell(t.q);
        asyscall_expect(t.q, 2, i == 2 ? -EFAULT : -EINVAL);
        asyscall_expect(t.q, 1, -ECANCELED);
        asyscall_expect(t.q, 3, -ECANCELED);
    }
    asyscall_check_alive(t.q, 9);

    /* The queue pair goes away while one is armed. */
    push_limited(&t, 1000, IOSQE_IO_LINK);
    g_assert_cmpint(asyscall_command(t.d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_DESTROY, .fd = 1,
    }), ==, 0);
    qtest_clock_step(t.d->qts, 2 * SECOND);
    asyscall_expect_nothing(t.q);
    timeouts_stop(&t);
}

/* A head that the kernel serves: its answer says whether it was stopped. */
static void test_link_timeout_of_forwarded(void)
{
    Timeouts t = timeouts_start("");
    const int32_t answers[] = { -ECANCELED, 5 };

    for (unsigned i = 0; i < ARRAY_SIZE(answers); i++) {
        struct io_uring_sqe limit = timeout(&t, 1000, 2);
        uint64_t token;

        limit.opcode = IORING_OP_LINK_TIMEOUT;
        asyscall_push(t.q, &(struct io_uring_sqe) {
            .opcode = 200, .flags = IOSQE_IO_LINK, .user_data = 1,
        });
        asyscall_push(t.q, &limit);
        asyscall_doorbell(t.q);
        token = asyscall_event(t.d).user_data;
        qtest_clock_step(t.d->qts, 1000);
        g_assert_cmphex(asyscall_event(t.d).user_data, ==, token);
        asyscall_expect_nothing(t.q);
        g_assert_cmpint(asyscall_complete(t.d, token, answers[i]), ==, 0);
        asyscall_expect(t.q, 1, answers[i]);
        asyscall_expect(t.q, 2, i ? -EALREADY : -ETIME);
    }
    timeouts_stop(&t);
}

/* ---- modelled latency ---------------------------------------------------- */

/* A command on a device whose completions take virtual time. */
static int32_t command_after(AsyscallDriver *d, struct io_uring_sqe sqe,
                             int64_t ns)
{
    uint64_t user_data = asyscall_command_start(d, sqe);
    int32_t result;

    g_assert_false(asyscall_command_finished(d, user_data, &result));
    qtest_clock_step(d->qts, ns - 1);
    g_assert_false(asyscall_command_finished(d, user_data, &result));
    qtest_clock_step(d->qts, 1);
    g_assert_true(asyscall_command_finished(d, user_data, &result));
    return result;
}

static AsyscallQueue *queue_after(AsyscallDriver *d, int64_t ns)
{
    AsyscallQueue *q = g_new0(AsyscallQueue, 1);
    uint64_t at = asyscall_memory(d, PAGE);

    *q = (AsyscallQueue) {
        .driver = d, .index = 1, .sq_entries = 16, .cq_entries = 32,
        .ring = asyscall_memory(d, asyscall_ring_size(16, 32)),
    };
    q->description = (struct asyscall_queue_pair) {
        .ring = q->ring, .sq_entries = 16, .cq_entries = 32,
        .opcodes = { ~0ull, ~0ull, ~0ull, ~0ull },
    };
    asyscall_poke(d, at, &q->description, sizeof(q->description));
    g_assert_cmpint(command_after(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_CREATE, .fd = 1, .addr = at,
    }, ns), ==, 0);
    return q;
}

static void test_latency(void)
{
    AsyscallDriver *d = asyscall_new_export("latency=5000");
    AsyscallQueue *q = queue_after(d, 5000);
    uint64_t at = asyscall_memory(d, PAGE);
    int handle;

    g_assert_true(d->features & ASYSCALL_F_LATENCY);
    g_assert_cmpuint(asyscall_read64(d, ASYSCALL_REG_LATENCY), ==, 5000);
    asyscall_push_nops(q, 2, 1);
    asyscall_doorbell(q);
    qtest_clock_step(d->qts, 2000);
    asyscall_push_nops(q, 1, 3);
    asyscall_doorbell(q);
    qtest_clock_step(d->qts, 2999);
    asyscall_expect_nothing(q);
    qtest_clock_step(d->qts, 1);
    asyscall_expect(q, 1, 0);
    asyscall_expect(q, 2, 0);
    asyscall_expect_nothing(q);
    qtest_clock_step(d->qts, 1999);
    asyscall_expect_nothing(q);
    qtest_clock_step(d->qts, 1);
    asyscall_expect(q, 3, 0);

    /* Host work too: not earlier, and, however slow the host, not later. */
    handle = command_after(d, (struct io_uring_sqe) {
        .opcode = IORING_OP_OPENAT, .fd = ASYSCALL_HANDLE_EXPORT,
        .addr = asyscall_string(d, "hello"),
    }, 5000);
    g_assert_cmpint(handle, >, 0);
    g_assert_cmpint(command_after(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_SET_FD, .fd = 1, .off = 0, .addr = handle,
        .len = BOTH_RIGHTS,
    }, 5000), ==, 0);
    for (unsigned i = 0; i < 200; i++) {
        /* position reads depend on their order */
        asyscall_push(q, &(struct io_uring_sqe) {
            .opcode = IORING_OP_READ, .addr = at, .len = 10, .off = -1,
            .user_data = 1,
        });
        asyscall_push(q, &(struct io_uring_sqe) {
            .opcode = IORING_OP_READ, .addr = at + 10, .len = 10, .off = -1,
            .user_data = 2,
        });
        asyscall_push(q, &(struct io_uring_sqe) {
            .opcode = IORING_OP_READ, .addr = at + 20, .len = 10, .off = -1,
            .user_data = 3,
        });
        asyscall_doorbell(q);
        asyscall_push_nops(q, 1, 4);
        asyscall_doorbell(q);
        qtest_clock_step(d->qts, 4999);
        asyscall_expect_nothing(q);
        qtest_clock_step(d->qts, 1);
        asyscall_expect(q, 1, 10);
        asyscall_expect(q, 2, 3);
        asyscall_expect(q, 3, 0);
        asyscall_expect(q, 4, 0);
        g_assert_cmpint(command_after(d, (struct io_uring_sqe) {
            .opcode = ASYSCALL_CTL_LSEEK, .fd = handle, .addr = at,
        }, 5000), ==, 0);
    }
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_latency_of_chains(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4,latency=100");
    AsyscallQueue *q = queue_after(d, 100);

    for (unsigned i = 0; i < 3; i++) {
        asyscall_push(q, &(struct io_uring_sqe) {
            .user_data = i, .flags = i < 2 ? IOSQE_IO_LINK : 0,
        });
    }
    asyscall_doorbell(q);
    for (unsigned i = 0; i < 3; i++) {
        qtest_clock_step(d->qts, 99);
        asyscall_expect_nothing(q);
        qtest_clock_step(d->qts, 1);
        asyscall_expect(q, i, 0);
    }
    /* Reset with completions on their way: they do not come. */
    asyscall_push_nops(q, 5, 0);
    asyscall_doorbell(q);
    asyscall_write32(d, ASYSCALL_REG_STATUS, 0);
    qtest_clock_step(d->qts, 1000);
    asyscall_expect_nothing(q);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_latency_zero(void)
{
    AsyscallDriver *d = asyscall_new_export("latency=0");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    uint64_t at = asyscall_memory(d, PAGE);

    asyscall_set_fd(d, 1, 0, asyscall_open(d, "hello", 0, 0), BOTH_RIGHTS);
    for (unsigned i = 0; i < 500; i++) {
        asyscall_submit(q, &(struct io_uring_sqe) {
            .opcode = IORING_OP_READ, .addr = at, .len = 13, .user_data = i,
        });
        /* It was there when the doorbell's store returned. */
        asyscall_expect(q, i, 13);
    }
    asyscall_queue_free(q);
    asyscall_free(d);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/asyscall-time/timeout", test_timeout);
    qtest_add_func("/asyscall-time/timeout-errors", test_timeout_errors);
    qtest_add_func("/asyscall-time/timeout-count", test_timeout_count);
    qtest_add_func("/asyscall-time/timeout-remove", test_timeout_remove);
    qtest_add_func("/asyscall-time/timeout-in-chain", test_timeout_in_chain);
    qtest_add_func("/asyscall-time/timeout-multishot", test_timeout_multishot);
    qtest_add_func("/asyscall-time/link-timeout", test_link_timeout);
    qtest_add_func("/asyscall-time/link-timeout-errors",
                   test_link_timeout_errors);
    qtest_add_func("/asyscall-time/link-timeout-of-forwarded",
                   test_link_timeout_of_forwarded);
    qtest_add_func("/asyscall-time/latency-is-exact", test_latency);
    qtest_add_func("/asyscall-time/latency-of-chains", test_latency_of_chains);
    qtest_add_func("/asyscall-time/latency-zero", test_latency_zero);
    return g_test_run();
}
