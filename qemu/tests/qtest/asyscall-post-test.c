/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for asyscall: completions that the kernel posts for calls that
 * did not come in as entries
 */

#include "qemu/osdep.h"
#include "libqtest.h"
#include "asyscall-driver.h"

static int32_t post(AsyscallDriver *d, int queue_pair, uint64_t user_data,
                    int32_t result)
{
    return asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_POST, .fd = queue_pair, .addr = user_data,
        .len = result,
    });
}

/* The queue pair's cancelling is the kernel's too. */
static void set_kernel_calls(AsyscallQueue *q)
{
    AsyscallDriver *d = q->driver;

    q->description.flags = ASYSCALL_PAIR_KERNEL_CALLS;
    asyscall_poke(d, q->description_at, &q->description,
                  sizeof(q->description));
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_MODIFY, .fd = q->index,
        .addr = q->description_at,
    }), ==, 0);
}

static void test_completes(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    struct io_uring_cqe cqe;

    g_assert_cmpint(post(d, 1, 0x123456789abcdefull, -EPIPE), ==, 0);
    asyscall_expect(q, 0x123456789abcdefull, -EPIPE);
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_POST, .fd = 1, .addr = 7, .len = 8,
        .rw_flags = IORING_CQE_F_MORE,
    }), ==, 0);
    cqe = asyscall_wait(q);
    g_assert_cmphex(cqe.flags, ==, IORING_CQE_F_MORE);
    asyscall_expect_nothing(q);

    /* Nobody there, and the kernel's own. */
    g_assert_cmpint(post(d, 2, 1, 1), ==, -ENOENT);
    g_assert_cmpint(post(d, 0, 1, 1), ==, -EINVAL);
    g_assert_cmpint(post(d, 4, 1, 1), ==, -EINVAL);
    g_assert_cmpint(post(d, -1, 1, 1), ==, -EINVAL);

    /* A quiesced queue pair takes nothing in; this does not come in. */
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_QUIESCE, .fd = 1,
    }), ==, 0);
    g_assert_cmpint(post(d, 1, 3, 4), ==, 0);
    asyscall_expect(q, 3, 4);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_negotiated(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q;

    asyscall_write32(d, ASYSCALL_REG_STATUS, 0);
    asyscall_bring_up(d, d->features & ~ASYSCALL_F_POST);
    q = asyscall_queue(d, 1, 0);
    g_assert_cmpint(post(d, 1, 1, 1), ==, -EINVAL);
    q->description.flags = ASYSCALL_PAIR_KERNEL_CALLS;
    asyscall_poke(d, q->description_at, &q->description,
                  sizeof(q->description));
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_MODIFY, .fd = 1, .addr = q->description_at,
    }), ==, -EINVAL);
    asyscall_queue_free(q);
    asyscall_free(d);
}

/* Nothing is dropped, the order stays, and what waits is bounded. */
static void test_overflows(void)
{
    const unsigned most = 64;
    AsyscallDriver *d = asyscall_new("queue-pairs=4,max-entries=64");
    AsyscallQueue *q = asyscall_queue_sized(d, 1, 0, 4, 4);
    unsigned next = 0, taken = 4 + 2 * most;

    for (unsigned i = 0; i < taken; i++) {
        g_assert_cmpint(post(d, 1, i, i), ==, 0);
    }
    g_assert_cmpint(post(d, 1, taken, 0), ==, -EBUSY);
    g_assert_cmpuint(asyscall_ring_load(q, RING(device.flags)), ==,
                     ASYSCALL_RING_STATUS_OVERFLOW);
    while (next < taken) {
        struct io_uring_cqe cqe;

        asyscall_flush(q);
        while (asyscall_pop(q, &cqe)) {
            g_assert_cmpuint(cqe.user_data, ==, next++);
        }
    }
    g_assert_cmpint(post(d, 1, next, 0), ==, 0);
    asyscall_expect(q, next, 0);
    asyscall_expect_nothing(q);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_after_destroy(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    uint32_t tail;

    tail = asyscall_ring_load(q, RING(device.cq_tail));
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_DESTROY, .fd = 1,
    }), ==, 0);
    g_assert_cmpint(post(d, 1, 1, 1), ==, -ENOENT);
    g_assert_cmpuint(asyscall_ring_load(q, RING(device.cq_tail)), ==, tail);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void push_cancel(AsyscallQueue *q, uint64_t target, uint32_t flags)
{
    asyscall_submit(q, &(struct io_uring_sqe) {
        .opcode = IORING_OP_ASYNC_CANCEL, .addr = target,
        .cancel_flags = flags, .user_data = 0xcccc,
    });
}

/* The cancel arrives at the kernel, which answers with @result. */
static void answer_cancel(AsyscallDriver *d, uint64_t target, uint32_t found,
                          int32_t result)
{
    struct io_uring_cqe event = asyscall_event(d);
    union asyscall_forward slot;

    g_assert_cmpuint(ASYSCALL_CQE_EVENT_KIND(event.flags), ==,
                     ASYSCALL_EVENT_FORWARD);
    asyscall_read_slot(d, &event, &slot);
    g_assert_cmpuint(slot.sqe.opcode, ==, IORING_OP_ASYNC_CANCEL);
    g_assert_cmphex(slot.sqe.addr, ==, target);
    g_assert_cmpuint(slot.sqe.off, ==, found);
    g_assert_cmpint(asyscall_complete(d, event.user_data, result), ==, 0);
}

static void test_cancel(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    uint64_t at = asyscall_memory(d, PAGE);

    /* Without the flag the device's answer is final. */
    push_cancel(q, 5, 0);
    asyscall_expect(q, 0xcccc, -ENOENT);

    set_kernel_calls(q);
    push_cancel(q, 5, 0);
    asyscall_expect_nothing(q);
    answer_cancel(d, 5, 0, -EALREADY);
    asyscall_expect(q, 0xcccc, -EALREADY);

    /* What the device has is its own business; for all, both count. */
    qtest_writeq(d->qts, at, 1000);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 3; i++) {
            asyscall_push(q, &(struct io_uring_sqe) {
                .opcode = IORING_OP_TIMEOUT, .addr = at, .len = 1,
                .user_data = 5,
            });
        }
        asyscall_doorbell(q);
        if (round == 0) {
            push_cancel(q, 5, 0);
            asyscall_expect(q, 5, -ECANCELED);
            asyscall_expect(q, 0xcccc, 0);
            g_assert_false(asyscall_has_event(d));
            push_cancel(q, 5, IORING_ASYNC_CANCEL_ALL);
            for (unsigned i = 0; i < 2; i++) {
                asyscall_expect(q, 5, -ECANCELED);
            }
            answer_cancel(d, 5, 2, 4);
            asyscall_expect(q, 0xcccc, 4);
        } else {
            push_cancel(q, 0, IORING_ASYNC_CANCEL_ANY);
            for (unsigned i = 0; i < 3; i++) {
                asyscall_expect(q, 5, -ECANCELED);
            }
            answer_cancel(d, 0, 3, 3);
            asyscall_expect(q, 0xcccc, 3);
        }
    }

    /* A bad one is the device's to refuse. */
    push_cancel(q, 5, 1u << 31);
    asyscall_expect(q, 0xcccc, -EINVAL);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_counts(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    uint64_t at = asyscall_memory(d, PAGE);

    qtest_writeq(d->qts, at, 1000);
    asyscall_submit(q, &(struct io_uring_sqe) {
        .opcode = IORING_OP_TIMEOUT, .addr = at, .len = 1, .off = 2,
        .user_data = 1,
    });
    g_assert_cmpint(post(d, 1, 2, 0), ==, 0);
    asyscall_expect(q, 2, 0);
    asyscall_expect_nothing(q);
    g_assert_cmpint(post(d, 1, 3, 0), ==, 0);
    asyscall_expect(q, 3, 0);
    asyscall_expect(q, 1, 0);
    asyscall_queue_free(q);
    asyscall_free(d);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/asyscall-post/completes", test_completes);
    qtest_add_func("/asyscall-post/negotiated", test_negotiated);
    qtest_add_func("/asyscall-post/overflows", test_overflows);
    qtest_add_func("/asyscall-post/after-destroy", test_after_destroy);
    qtest_add_func("/asyscall-post/cancel-goes-on-to-the-kernel", test_cancel);
    qtest_add_func("/asyscall-post/counts-for-timeout", test_counts);
    return g_test_run();
}
