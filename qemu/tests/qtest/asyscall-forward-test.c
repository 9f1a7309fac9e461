/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for asyscall: forwarding, the kernel's answers, cancelling,
 * ending queue pairs
 */

#include "qemu/osdep.h"
#include "libqtest.h"
#include "asyscall-driver.h"

/* An opcode that only a kernel can serve. */
#define FOREIGN 200

static void push_foreign(AsyscallQueue *q, uint64_t user_data)
{
    asyscall_push(q, &(struct io_uring_sqe) {
        .opcode = FOREIGN, .fd = 3, .user_data = user_data,
    });
}

static struct io_uring_cqe expect_event(AsyscallDriver *d, uint32_t kind,
                                        unsigned queue_pair)
{
    struct io_uring_cqe event = asyscall_event(d);

    g_assert_cmpuint(ASYSCALL_CQE_EVENT_KIND(event.flags), ==, kind);
    g_assert_cmpuint(ASYSCALL_TOKEN_QUEUE_PAIR(event.user_data), ==,
                     queue_pair);
    return event;
}

/* A foreign request arrives: the token to answer with. */
static uint64_t expect_forward(AsyscallDriver *d, unsigned queue_pair,
                               uint64_t user_data)
{
    struct io_uring_cqe event = expect_event(d, ASYSCALL_EVENT_FORWARD,
                                             queue_pair);
    union asyscall_forward slot;

    asyscall_read_slot(d, &event, &slot);
    g_assert_cmpuint(slot.sqe.opcode, ==, FOREIGN);
    g_assert_cmphex(slot.sqe.user_data, ==, user_data);
    return event.user_data;
}

static int32_t control(AsyscallDriver *d, uint8_t opcode, int queue_pair,
                       uint32_t len)
{
    return asyscall_command(d, (struct io_uring_sqe) {
        .opcode = opcode, .fd = queue_pair, .len = len,
    });
}

static int32_t cancel(AsyscallQueue *q, uint64_t user_data, uint32_t flags)
{
    asyscall_submit(q, &(struct io_uring_sqe) {
        .opcode = IORING_OP_ASYNC_CANCEL, .addr = user_data,
        .cancel_flags = flags, .user_data = 0xcccc,
    });
    for (;;) {
        struct io_uring_cqe cqe = asyscall_wait(q);

        if (cqe.user_data == 0xcccc) {
            return cqe.res;
        }
        g_assert_cmpint(cqe.res, ==, -ECANCELED);
    }
}

static void test_forward(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    struct io_uring_sqe sqe = {
        .opcode = FOREIGN, .flags = IOSQE_ASYNC, .ioprio = 7, .fd = -100,
        .off = 1, .addr = 2, .len = 3, .rw_flags = 4, .user_data = 5,
        .buf_index = 6, .personality = 7, .splice_fd_in = 8, .addr3 = 9,
    };
    union asyscall_forward slot;
    struct io_uring_cqe event;

    /* As it came, all of it; the answer goes to who asked. */
    asyscall_submit(q, &sqe);
    asyscall_expect_nothing(q);
    event = expect_event(d, ASYSCALL_EVENT_FORWARD, 1);
    asyscall_read_slot(d, &event, &slot);
    g_assert_cmpmem(&slot.sqe, sizeof(sqe), &sqe, sizeof(sqe));
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_COMPLETE, .off = event.user_data,
        .len = -ENOSYS, .rw_flags = 0x10,
    }), ==, 0);
    {
        struct io_uring_cqe cqe = asyscall_wait(q);

        g_assert_cmphex(cqe.user_data, ==, 5);
        g_assert_cmpint(cqe.res, ==, -ENOSYS);
        g_assert_cmphex(cqe.flags, ==, 0x10);
    }

    /* An answer too many, or to nobody. */
    g_assert_cmpint(asyscall_complete(d, event.user_data, 0), ==, -ENOENT);
    g_assert_cmpint(asyscall_complete(d, 0, 0), ==, -ENOENT);
    g_assert_cmpint(asyscall_complete(d, ~0ull, 0), ==, -ENOENT);
    g_assert_cmpint(asyscall_complete(d, 3ull << 48, 0), ==, -ENOENT);
    g_assert_cmpint(asyscall_resume(d, 1ull << 48, 0), ==, -ENOENT);
    asyscall_expect_nothing(q);

    /* RESUME is for faults. */
    push_foreign(q, 10);
    asyscall_doorbell(q);
    event = expect_event(d, ASYSCALL_EVENT_FORWARD, 1);
    g_assert_cmpint(asyscall_resume(d, event.user_data, 0), ==, -ENOENT);
    g_assert_cmpint(asyscall_complete(d, event.user_data, 1), ==, 0);
    asyscall_expect(q, 10, 1);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_more(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    uint64_t token;

    push_foreign(q, 1);
    asyscall_doorbell(q);
    token = expect_forward(d, 1, 1);
    for (int i = 0; i < 3; i++) {
        struct io_uring_cqe cqe;

        g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
            .opcode = ASYSCALL_CTL_COMPLETE, .off = token, .len = i,
            .rw_flags = IORING_CQE_F_MORE,
        }), ==, 0);
        cqe = asyscall_wait(q);
        g_assert_cmpint(cqe.res, ==, i);
        g_assert_cmphex(cqe.flags, ==, IORING_CQE_F_MORE);
    }
    g_assert_cmpint(asyscall_complete(d, token, -ECANCELED), ==, 0);
    asyscall_expect(q, 1, -ECANCELED);
    g_assert_cmpint(asyscall_complete(d, token, 0), ==, -ENOENT);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_slots_run_out(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *a = asyscall_queue(d, 1, 0), *b = asyscall_queue(d, 2, 0);
    uint64_t tokens[FORWARD_SLOTS];
    bool seen_b = false;

    for (unsigned i = 0; i < 12; i++) {
        push_foreign(a, i);
    }
    asyscall_doorbell(a);
    for (unsigned i = 0; i < FORWARD_SLOTS; i++) {
        tokens[i] = expect_forward(d, 1, i);
    }
    g_assert_false(asyscall_has_event(d));
    /* One waits in the device, the others where they are. */
    g_assert_cmpuint(asyscall_ring_load(a, RING(device.sq_head)), ==,
                     FORWARD_SLOTS + 1);

    /* Another one: what it can have without the kernel it has at once. */
    asyscall_push_nops(b, 1, 100);
    push_foreign(b, 101);
    asyscall_doorbell(b);
    asyscall_expect(b, 100, 0);

    /* Slots are given in turn: the first to wait, then the other. */
    g_assert_cmpint(asyscall_complete(d, tokens[0], 0), ==, 0);
    tokens[0] = expect_forward(d, 1, FORWARD_SLOTS);
    g_assert_cmpint(asyscall_complete(d, tokens[1], 0), ==, 0);
    tokens[1] = expect_forward(d, 2, 101);
    seen_b = true;
    g_assert_true(seen_b);
    for (unsigned i = 2; i < FORWARD_SLOTS; i++) {
        g_assert_cmpint(asyscall_complete(d, tokens[i], 0), ==, 0);
    }
    g_assert_cmpint(asyscall_complete(d, tokens[0], 0), ==, 0);
    g_assert_cmpint(asyscall_complete(d, tokens[1], 7), ==, 0);
    asyscall_expect(b, 101, 7);
    for (unsigned i = FORWARD_SLOTS + 1; i < 12; i++) {
        g_assert_cmpint(asyscall_complete(d, expect_forward(d, 1, i), 0), ==,
                        0);
    }
    for (unsigned i = 0; i < 12; i++) {
        g_assert_cmpint(asyscall_wait(a).res, ==, 0);
    }
    asyscall_expect_nothing(a);
    asyscall_queue_free(a);
    asyscall_queue_free(b);
    asyscall_free(d);
}

/* ---- cancelling ---------------------------------------------------------- */

static void test_cancel_forwarded(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    uint64_t token;

    push_foreign(q, 1);
    asyscall_doorbell(q);
    token = expect_forward(d, 1, 1);
    g_assert_cmpint(cancel(q, 1, 0), ==, -EALREADY);
    g_assert_cmphex(expect_event(d, ASYSCALL_EVENT_CANCEL, 1).user_data, ==,
                    token);
    /* Asked again: the kernel has been told. */
    g_assert_cmpint(cancel(q, 1, 0), ==, -EALREADY);
    g_assert_false(asyscall_has_event(d));
    g_assert_cmpint(asyscall_complete(d, token, -ECANCELED), ==, 0);
    asyscall_expect(q, 1, -ECANCELED);

    /* It was done by then: the result counts. */
    push_foreign(q, 2);
    asyscall_doorbell(q);
    token = expect_forward(d, 1, 2);
    g_assert_cmpint(cancel(q, 2, 0), ==, -EALREADY);
    expect_event(d, ASYSCALL_EVENT_CANCEL, 1);
    g_assert_cmpint(asyscall_complete(d, token, 42), ==, 0);
    asyscall_expect(q, 2, 42);

    /* Done before: there is nothing to cancel. */
    g_assert_cmpint(cancel(q, 2, 0), ==, -ENOENT);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_cancel_faulted(void)
{
    AsyscallDriver *d = asyscall_new_export("");
    uint64_t satp = asyscall_satp(d);
    AsyscallQueue *q = asyscall_queue(d, 1, satp);
    uint64_t tokens[FORWARD_SLOTS];

    asyscall_set_fd(d, 1, 0, asyscall_open(d, "hello", 0, 0), BOTH_RIGHTS);
    for (unsigned i = 0; i < FORWARD_SLOTS; i++) {
        asyscall_push(q, &(struct io_uring_sqe) {
            .opcode = IORING_OP_READ, .addr = 0x1000 * i, .len = 1,
            .user_data = i,
        });
    }
    asyscall_doorbell(q);
    for (unsigned i = 0; i < FORWARD_SLOTS; i++) {
        tokens[i] = expect_event(d, ASYSCALL_EVENT_FAULT, 1).user_data;
        g_assert_cmpint(cancel(q, i, 0), ==, 0);
    }
    /* The slots are still the kernel's, who may not have read them yet. */
    push_foreign(q, 100);
    asyscall_doorbell(q);
    g_assert_false(asyscall_has_event(d));
    for (unsigned i = 0; i < FORWARD_SLOTS; i++) {
        g_assert_cmpint(asyscall_resume(d, tokens[i], 0), ==, -ENOENT);
    }
    asyscall_complete(d, expect_forward(d, 1, 100), 0);
    asyscall_expect(q, 100, 0);
    asyscall_expect_nothing(q);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_cancel_keys(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    uint64_t at = asyscall_memory(d, PAGE);
    struct io_uring_sqe sqe = {
        .opcode = IORING_OP_TIMEOUT, .addr = at, .len = 1,
    };

    qtest_writeq(d->qts, at, 1000);     /* seconds */
    for (unsigned i = 0; i < 6; i++) {
        sqe.user_data = 1 + i / 2;
        sqe.fd = 10 + i % 2;
        asyscall_submit(q, &sqe);
    }
    asyscall_expect_nothing(q);
    g_assert_cmpint(cancel(q, 9, 0), ==, -ENOENT);
    g_assert_cmpint(cancel(q, 9, IORING_ASYNC_CANCEL_ALL), ==, 0);
    g_assert_cmpint(cancel(q, 1, 0), ==, 0);
    g_assert_cmpint(cancel(q, 2, IORING_ASYNC_CANCEL_ALL), ==, 2);
    asyscall_submit(q, &(struct io_uring_sqe) {
        .opcode = IORING_OP_ASYNC_CANCEL, .fd = 11, .user_data = 0xcccc,
        .cancel_flags = IORING_ASYNC_CANCEL_FD | IORING_ASYNC_CANCEL_ALL,
    });
    asyscall_expect(q, 1, -ECANCELED);
    asyscall_expect(q, 3, -ECANCELED);
    asyscall_expect(q, 0xcccc, 2);
    g_assert_cmpint(cancel(q, 0, IORING_ASYNC_CANCEL_ANY), ==, 1);
    g_assert_cmpint(cancel(q, 0, IORING_ASYNC_CANCEL_ANY), ==, 0);
    g_assert_cmpint(cancel(q, 0, 1u << 20), ==, -EINVAL);
    asyscall_expect_nothing(q);
    asyscall_queue_free(q);
    asyscall_free(d);
}

/* Cancels race with the host's work: one of the two, never both, never none. */
static void test_cancel_race(void)
{
    enum { N = 60, ROUNDS = 20 };
    AsyscallDriver *d = asyscall_new_export("");
    AsyscallQueue *q = asyscall_queue_sized(d, 1, 0, 128, 128);
    uint64_t at = asyscall_memory(d, PAGE);
    unsigned cancelled = 0;

    asyscall_set_fd(d, 1, 0, asyscall_open(d, "hello", 0, 0), BOTH_RIGHTS);
    for (unsigned round = 0; round < ROUNDS; round++) {
        int32_t result[N], answer[N];
        unsigned seen[2 * N] = { 0 };

        for (unsigned i = 0; i < N; i++) {
            asyscall_push(q, &(struct io_uring_sqe) {
                .opcode = IORING_OP_READ, .addr = at, .len = 13,
                .user_data = i,
            });
            asyscall_push(q, &(struct io_uring_sqe) {
                .opcode = IORING_OP_ASYNC_CANCEL, .addr = i,
                .user_data = N + i,
            });
        }
        asyscall_doorbell(q);
        for (unsigned i = 0; i < 2 * N; i++) {
            struct io_uring_cqe cqe = asyscall_wait(q);

            g_assert_cmpuint(cqe.user_data, <, 2 * N);
            g_assert_cmpuint(seen[cqe.user_data % (2 * N)]++, ==, 0);
            if (cqe.user_data < N) {
                result[cqe.user_data % N] = cqe.res;
            } else {
                answer[cqe.user_data % N] = cqe.res;
            }
        }
        asyscall_expect_nothing(q);
        for (unsigned i = 0; i < N; i++) {
            if (answer[i] == 0) {
                g_assert_cmpint(result[i], ==, -ECANCELED);
                cancelled++;
            } else {
                g_assert_true(answer[i] == -EALREADY || answer[i] == -ENOENT);
                g_assert_cmpint(result[i], ==, 13);
            }
        }
    }
    g_test_message("%u of %u cancelled", cancelled, N * ROUNDS);
    asyscall_queue_free(q);
    asyscall_free(d);
}

/* ---- ending -------------------------------------------------------------- */

static void test_quiesce(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    uint64_t token, command;
    int32_t result;

    push_foreign(q, 1);
    asyscall_doorbell(q);
    token = expect_forward(d, 1, 1);
    command = asyscall_command_start(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_QUIESCE, .fd = 1,
    });
    g_assert_false(asyscall_command_finished(d, command, &result));

    /* No new ones; ring 0 goes on. */
    asyscall_push_nops(q, 2, 2);
    asyscall_doorbell(q);
    asyscall_expect_nothing(q);
    asyscall_submit(&d->control, &(struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_COMPLETE, .off = token, .len = 5,
        .user_data = command, .flags = IOSQE_CQE_SKIP_SUCCESS,
    });
    asyscall_expect(q, 1, 5);
    g_assert_true(asyscall_command_finished(d, command, &result));
    g_assert_cmpint(result, ==, 0);
    asyscall_expect_nothing(q);

    g_assert_cmpint(control(d, ASYSCALL_CTL_CONTINUE, 1, 0), ==, 0);
    asyscall_expect(q, 2, 0);
    asyscall_expect(q, 3, 0);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_quiesce_cancels(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    uint64_t at = asyscall_memory(d, PAGE);
    struct io_uring_sqe sqe = {
        .opcode = IORING_OP_TIMEOUT, .addr = at, .len = 1, .user_data = 1,
        .flags = IOSQE_IO_HARDLINK,
    };

    /* A chain whose rest would go on after a failure: not now. */
    qtest_writeq(d->qts, at, 1000);
    asyscall_push(q, &sqe);
    asyscall_push_nops(q, 1, 2);
    asyscall_doorbell(q);
    g_assert_cmpint(control(d, ASYSCALL_CTL_QUIESCE, 1, 1), ==, 0);
    asyscall_expect(q, 1, -ECANCELED);
    asyscall_expect(q, 2, -ECANCELED);
    g_assert_cmpint(control(d, ASYSCALL_CTL_CONTINUE, 1, 0), ==, 0);
    asyscall_check_alive(q, 3);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_destroy(void)
{
    AsyscallDriver *d = asyscall_new_export("");
    uint64_t satp = asyscall_satp(d), page = asyscall_memory(d, PAGE);
    AsyscallQueue *q = asyscall_queue(d, 1, satp);
    g_autofree uint8_t *before = g_malloc(PAGE), *after = g_malloc(PAGE);
    uint64_t timespec = asyscall_memory(d, PAGE), token, fault;
    uint32_t tail;

    asyscall_map(d, satp, 0x1000, page, PTE_USER, 0);
    asyscall_map(d, satp, 0x2000, timespec, PTE_USER, 0);
    qtest_writeq(d->qts, timespec, 1000);
    asyscall_set_fd(d, 1, 0, asyscall_open(d, "hello", 0, 0), BOTH_RIGHTS);

    /* One of each: forwarded, faulted, timer, chain, host work. */
    push_foreign(q, 1);
    asyscall_push(q, &(struct io_uring_sqe) {
        .opcode = IORING_OP_READ, .addr = 0x5000, .len = 1, .user_data = 2,
    });
    asyscall_push(q, &(struct io_uring_sqe) {
        .opcode = IORING_OP_TIMEOUT, .addr = 0x2000, .len = 1, .user_data = 3,
        .flags = IOSQE_IO_LINK,
    });
    asyscall_push_nops(q, 1, 4);
    for (unsigned i = 0; i < 5; i++) {
        asyscall_push(q, &(struct io_uring_sqe) {
            .opcode = IORING_OP_READ, .addr = 0x1000 + 100 * i, .len = 13,
            .user_data = 10 + i,
        });
    }
    asyscall_doorbell(q);
    token = expect_forward(d, 1, 1);
    fault = expect_event(d, ASYSCALL_EVENT_FAULT, 1).user_data;
    g_assert_cmpint(control(d, ASYSCALL_CTL_DESTROY, 1, 0), ==, 0);

    /* Answered: nothing of it is written any more, whatever happens. */
    tail = asyscall_ring_load(q, RING(device.cq_tail));
    asyscall_peek(d, page, before, PAGE);
    g_assert_cmphex(expect_event(d, ASYSCALL_EVENT_CANCEL, 1).user_data, ==,
                    token);
    asyscall_push_nops(q, 1, 50);
    asyscall_doorbell(q);
    asyscall_flush(q);
    qtest_clock_step(d->qts, 2000 * 1000000000ll);
    g_usleep(20000);
    asyscall_peek(d, page, after, PAGE);
    g_assert_cmpmem(before, PAGE, after, PAGE);
    g_assert_cmpuint(asyscall_ring_load(q, RING(device.cq_tail)), ==, tail);

    /* The next owner of the number: answers to the former do not reach it. */
    asyscall_queue_free(q);
    q = asyscall_queue(d, 1, 0);
    push_foreign(q, 1);
    asyscall_doorbell(q);
    g_assert_cmpint(asyscall_complete(d, token, 9), ==, -ENOENT);
    g_assert_cmpint(asyscall_resume(d, fault, 0), ==, -ENOENT);
    asyscall_expect_nothing(q);
    g_assert_cmpint(asyscall_complete(d, expect_forward(d, 1, 1), 3), ==, 0);
    asyscall_expect(q, 1, 3);

    /* And the slots have come back. */
    for (unsigned i = 0; i < FORWARD_SLOTS; i++) {
        push_foreign(q, i);
    }
    asyscall_doorbell(q);
    for (unsigned i = 0; i < FORWARD_SLOTS; i++) {
        asyscall_complete(d, expect_forward(d, 1, i), 0);
    }
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_reset_in_flight(void)
{
    AsyscallDriver *d = asyscall_new_export("");

    for (unsigned round = 0; round < 20; round++) {
        uint64_t pages = asyscall_memory(d, 8 * PAGE);
        uint64_t timespec = asyscall_memory(d, PAGE);
        AsyscallQueue *q = asyscall_queue(d, 1, 0);

        asyscall_set_fd(d, 1, 0, asyscall_open(d, "hello", 0, 0), BOTH_RIGHTS);
        qtest_writeq(d->qts, timespec, 1);
        for (unsigned i = 0; i < 8; i++) {
            asyscall_push(q, &(struct io_uring_sqe) {
                .opcode = IORING_OP_READ, .addr = pages + i * PAGE, .len = 13,
            });
        }
        push_foreign(q, 1);
        asyscall_push(q, &(struct io_uring_sqe) {
            .opcode = IORING_OP_TIMEOUT, .addr = timespec, .len = 1,
        });
        asyscall_doorbell(q);
        asyscall_write32(d, ASYSCALL_REG_STATUS, 0);
        /* Acknowledged: the memory is somebody else's. */
        qtest_memset(d->qts, pages, 0x77, 8 * PAGE);
        qtest_memset(d->qts, q->ring, 0x77, PAGE);
        qtest_clock_step(d->qts, 2 * 1000000000ll);
        g_usleep(2000);
        for (unsigned i = 0; i < 8; i++) {
            g_assert_cmphex(qtest_readl(d->qts, pages + i * PAGE), ==,
                            0x77777777);
        }
        g_assert_cmphex(asyscall_ring_load(q, RING(device.cq_tail)), ==,
                        0x77777777);
        asyscall_queue_free(q);
        d->next = GUEST_RAM + 0x200000;
        asyscall_bring_up(d, d->features);
    }
    asyscall_free(d);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/asyscall-forward/forward-and-complete", test_forward);
    qtest_add_func("/asyscall-forward/several-completions", test_more);
    qtest_add_func("/asyscall-forward/slots-run-out", test_slots_run_out);
    qtest_add_func("/asyscall-forward/cancel-forwarded", test_cancel_forwarded);
    qtest_add_func("/asyscall-forward/cancel-faulted", test_cancel_faulted);
    qtest_add_func("/asyscall-forward/cancel-keys", test_cancel_keys);
    qtest_add_func("/asyscall-forward/cancel-race", test_cancel_race);
    qtest_add_func("/asyscall-forward/quiesce", test_quiesce);
    qtest_add_func("/asyscall-forward/quiesce-cancels", test_quiesce_cancels);
    qtest_add_func("/asyscall-forward/destroy-in-flight", test_destroy);
    qtest_add_func("/asyscall-forward/reset-in-flight", test_reset_in_flight);
    return g_test_run();
}
