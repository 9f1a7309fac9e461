/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for asyscall: rings, chains
 */

#include "qemu/osdep.h"
#include "libqtest.h"
#include "asyscall-driver.h"

static const struct io_uring_sqe nop = { .opcode = IORING_OP_NOP };

/* ---- rings --------------------------------------------------------------- */

static void test_nop_batch(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);

    for (unsigned round = 0; round < 5; round++) {
        asyscall_push_nops(q, 11, round * 100);
        asyscall_doorbell(q);
        g_assert_cmpuint(asyscall_ring_load(q, RING(device.sq_head)), ==,
                         q->sq_tail);
        for (unsigned i = 0; i < 11; i++) {
            asyscall_expect(q, round * 100 + i, 0);
        }
        asyscall_expect_nothing(q);
    }
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_cq_overflow(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue_sized(d, 1, 0, 16, 4);

    asyscall_push_nops(q, 10, 0);
    asyscall_doorbell(q);
    g_assert_cmpuint(asyscall_ring_load(q, RING(device.cq_tail)), ==, 4);
    g_assert_cmphex(asyscall_ring_load(q, RING(device.flags)), ==,
                    ASYSCALL_RING_STATUS_OVERFLOW);
    g_assert_cmpuint(asyscall_ring_load(q, RING(device.overflowed)), ==, 6);
    for (unsigned i = 0; i < 4; i++) {
        asyscall_expect(q, i, 0);
    }
    asyscall_expect_nothing(q);
    asyscall_flush(q);
    for (unsigned i = 4; i < 8; i++) {
        asyscall_expect(q, i, 0);
    }
    g_assert_cmphex(asyscall_ring_load(q, RING(device.flags)), ==,
                    ASYSCALL_RING_STATUS_OVERFLOW);

    /* What completes now does not overtake what waits. */
    asyscall_push_nops(q, 1, 10);
    asyscall_doorbell(q);
    for (unsigned i = 8; i <= 10; i++) {
        asyscall_expect(q, i, 0);
    }
    g_assert_cmphex(asyscall_ring_load(q, RING(device.flags)), ==, 0);
    asyscall_flush(q);
    asyscall_expect_nothing(q);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_backpressure(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4,max-entries=64");
    AsyscallQueue *q = asyscall_queue_sized(d, 1, 0, 32, 8);
    unsigned next = 0, seen = 0;

    /* 8 in the CQ, 64 in the device: the rest stays in the SQ. */
    for (unsigned i = 0; i < 4; i++) {
        asyscall_push_nops(q, 24, next);
        next += 24;
        asyscall_doorbell(q);
        if (q->sq_tail - asyscall_ring_load(q, RING(device.sq_head)) > 8) {
            break;
        }
    }
    g_assert_cmpuint(asyscall_ring_load(q, RING(device.sq_head)), ==, 72);
    while (seen < next) {
        struct io_uring_cqe cqe;

        if (!asyscall_pop(q, &cqe)) {
            asyscall_flush(q);
            continue;
        }
        g_assert_cmphex(cqe.user_data, ==, seen++);
    }
    asyscall_expect_nothing(q);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_broken_tail(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0),
                  *other = asyscall_queue(d, 2, 0);
    struct io_uring_cqe event;

    asyscall_push_nops(q, 2, 1);
    asyscall_ring_store(q, RING(driver.sq_tail), 17);
    asyscall_doorbell(q);
    g_assert_cmphex(asyscall_ring_load(q, RING(device.flags)), ==,
                    ASYSCALL_RING_STATUS_BROKEN);
    event = asyscall_event(d);
    g_assert_cmpuint(ASYSCALL_CQE_EVENT_KIND(event.flags), ==,
                     ASYSCALL_EVENT_BROKEN);
    g_assert_cmpuint(ASYSCALL_TOKEN_QUEUE_PAIR(event.user_data), ==, 1);
    g_assert_cmpint(event.res, ==, -EINVAL);
    asyscall_check_alive(other, 7);

    /* It stays stopped, said once, whatever its owner does. */
    asyscall_ring_store(q, RING(driver.sq_tail), 2);
    asyscall_doorbell(q);
    asyscall_expect_nothing(q);
    g_assert_false(asyscall_has_event(d));

    /* CONTINUE refuses a ring that is still bad, and revives a good one. */
    asyscall_ring_store(q, RING(driver.sq_tail), 100);
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_CONTINUE, .fd = 1,
    }), ==, -EINVAL);
    asyscall_ring_store(q, RING(driver.sq_tail), 2);
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_CONTINUE, .fd = 1,
    }), ==, 0);
    asyscall_expect(q, 1, 0);
    asyscall_expect(q, 2, 0);
    asyscall_check_alive(q, 3);
    asyscall_queue_free(q);
    asyscall_queue_free(other);
    asyscall_free(d);
}

static void test_broken_head(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue_sized(d, 1, 0, 16, 4);
    AsyscallQueue *other = asyscall_queue(d, 2, 0);

    asyscall_ring_store(q, RING(driver.cq_head), 5);
    asyscall_push_nops(q, 6, 1);
    asyscall_doorbell(q);
    g_assert_cmphex(asyscall_ring_load(q, RING(device.flags)), ==,
                    ASYSCALL_RING_STATUS_BROKEN |
                        ASYSCALL_RING_STATUS_OVERFLOW);
    g_assert_cmpuint(ASYSCALL_CQE_EVENT_KIND(asyscall_event(d).flags), ==,
                     ASYSCALL_EVENT_BROKEN);
    asyscall_check_alive(other, 7);

    /* Nothing that was accepted is lost. */
    asyscall_ring_store(q, RING(driver.cq_head), 0);
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_CONTINUE, .fd = 1,
    }), ==, 0);
    for (unsigned i = 1; i <= 6; i++) {
        if (i == 5) {
            asyscall_flush(q);
        }
        asyscall_expect(q, i, 0);
    }
    asyscall_queue_free(q);
    asyscall_queue_free(other);
    asyscall_free(d);
}

static void test_broken_control_ring(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");

    asyscall_ring_store(&d->control, RING(driver.sq_tail), 1000);
    asyscall_doorbell(&d->control);
    g_assert_true(asyscall_read32(d, ASYSCALL_REG_STATUS) &
                  ASYSCALL_STATUS_NEEDS_RESET);
    g_assert_true(asyscall_read32(d, ASYSCALL_REG_INTERRUPT_STATUS) &
                  ASYSCALL_INTERRUPT_CONFIG);
    asyscall_write32(d, ASYSCALL_REG_STATUS, 0);
    asyscall_bring_up(d, d->features);
    g_assert_cmpint(asyscall_command(d, nop), ==, 0);
    asyscall_free(d);
}

static void test_create_checks(void)
{
    static const struct {
        int fd;
        struct asyscall_queue_pair d;
        int result;
    } bad[] = {
        { 0, { .ring = GUEST_RAM, .sq_entries = 8, .cq_entries = 8 }, -EINVAL },
        { 4, { .ring = GUEST_RAM, .sq_entries = 8, .cq_entries = 8 }, -EINVAL },
        { -1, { .ring = GUEST_RAM, .sq_entries = 8, .cq_entries = 8 },
          -EINVAL },
        { 1, { .ring = GUEST_RAM + 64, .sq_entries = 8, .cq_entries = 8 },
          -EINVAL },
        { 1, { .ring = GUEST_RAM, .sq_entries = 9, .cq_entries = 8 }, -EINVAL },
        { 1, { .ring = GUEST_RAM, .sq_entries = 0, .cq_entries = 8 }, -EINVAL },
        { 1, { .ring = GUEST_RAM, .sq_entries = 8, .cq_entries = 1u << 30 },
          -EINVAL },
        { 1, { .ring = 0x1000, .sq_entries = 8, .cq_entries = 8 }, -EFAULT },
        { 1, { .ring = ASYSCALL_BASE, .sq_entries = 8, .cq_entries = 8 },
          -EFAULT },
        { 1, { .ring = 1ull << 60, .sq_entries = 8, .cq_entries = 8 },
          -EFAULT },
        { 1, { .ring = GUEST_RAM, .sq_entries = 8, .cq_entries = 8,
               .flags = ASYSCALL_PAIR_KERNEL_CALLS << 1 }, -EINVAL },
        { 1, { .ring = GUEST_RAM, .sq_entries = 8, .cq_entries = 8,
               .satp = 9ull << 60 }, -EINVAL },
        { 1, { .ring = GUEST_RAM, .sq_entries = 8, .cq_entries = 8,
               .notify_address = 2 }, -EINVAL },
        { 1, { .ring = GUEST_RAM, .sq_entries = 8, .cq_entries = 8,
               .reserved = { 1 } }, -EINVAL },
        { 2, { .ring = GUEST_RAM, .sq_entries = 8, .cq_entries = 8 }, -EBUSY },
    };
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 2, 0);
    uint64_t at = asyscall_memory(d, PAGE);

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        asyscall_poke(d, at, &bad[i].d, sizeof(bad[i].d));
        g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
            .opcode = ASYSCALL_CTL_CREATE, .fd = bad[i].fd, .addr = at,
        }), ==, bad[i].result);
    }
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_CREATE, .fd = 1, .addr = 0x10,
    }), ==, -EFAULT);
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_MODIFY, .fd = 1, .addr = at,
    }), ==, -ENOENT);
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_DESTROY, .fd = 1,
    }), ==, -ENOENT);
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = 0xfe,
    }), ==, -EINVAL);
    g_assert_cmpint(asyscall_set_fd(d, 2, 3, 12345, 3), ==, -EBADF);
    g_assert_cmpint(asyscall_set_fd(d, 2, 1u << 20, ASYSCALL_NO_HANDLE, 0), ==,
                    -EINVAL);
    asyscall_check_alive(q, 1);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_sqe_is_copied(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    struct io_uring_sqe sqe = {
        .opcode = 200, .fd = 5, .addr = 0x1234, .user_data = 42,
    };
    union asyscall_forward slot;
    struct io_uring_cqe event;

    /* The entry is overwritten between the doorbell and its completion. */
    asyscall_submit(q, &sqe);
    event = asyscall_event(d);
    memset(&sqe, 0xff, sizeof(sqe));
    asyscall_poke(d, asyscall_sqe_at(q, 0), &sqe, sizeof(sqe));
    asyscall_read_slot(d, &event, &slot);
    g_assert_cmpuint(slot.sqe.opcode, ==, 200);
    g_assert_cmphex(slot.sqe.addr, ==, 0x1234);
    g_assert_cmpint(asyscall_complete(d, event.user_data, 9), ==, 0);
    asyscall_expect(q, 42, 9);
    asyscall_queue_free(q);
    asyscall_free(d);
}

/* ---- links, drain, skip -------------------------------------------------- */

static void push(AsyscallQueue *q, uint8_t opcode, uint8_t flags,
                 uint64_t user_data)
{
    asyscall_push(q, &(struct io_uring_sqe) {
        .opcode = opcode, .flags = flags, .user_data = user_data,
        .fd = -1,
    });
}

static void test_links(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    struct io_uring_cqe event;

    /* 200 is forwarded: it holds its chain until the kernel has answered. */
    push(q, 200, IOSQE_IO_LINK, 1);
    push(q, IORING_OP_NOP, IOSQE_IO_LINK, 2);
    push(q, IORING_OP_NOP, 0, 3);
    push(q, IORING_OP_NOP, 0, 4);
    asyscall_doorbell(q);
    asyscall_expect(q, 4, 0);
    asyscall_expect_nothing(q);
    event = asyscall_event(d);
    g_assert_cmpint(asyscall_complete(d, event.user_data, 5), ==, 0);
    asyscall_expect(q, 1, 5);
    asyscall_expect(q, 2, 0);
    asyscall_expect(q, 3, 0);

    /* A failure cancels what follows ... */
    push(q, 200, IOSQE_IO_LINK, 1);
    push(q, IORING_OP_NOP, IOSQE_IO_LINK, 2);
    push(q, IORING_OP_NOP, 0, 3);
    asyscall_doorbell(q);
    event = asyscall_event(d);
    g_assert_cmpint(asyscall_complete(d, event.user_data, -EIO), ==, 0);
    asyscall_expect(q, 1, -EIO);
    asyscall_expect(q, 2, -ECANCELED);
    asyscall_expect(q, 3, -ECANCELED);

    /* ... unless the link is hard. */
    push(q, 200, IOSQE_IO_HARDLINK, 1);
    push(q, IORING_OP_NOP, 0, 2);
    asyscall_doorbell(q);
    event = asyscall_event(d);
    g_assert_cmpint(asyscall_complete(d, event.user_data, -EIO), ==, 0);
    asyscall_expect(q, 1, -EIO);
    asyscall_expect(q, 2, 0);

    /* A chain ends with its batch, and can be as long as the ring. */
    for (unsigned i = 0; i < 16; i++) {
        push(q, IORING_OP_NOP, IOSQE_IO_LINK, i);
    }
    asyscall_doorbell(q);
    for (unsigned i = 0; i < 16; i++) {
        asyscall_expect(q, i, 0);
    }
    asyscall_expect_nothing(q);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_drain(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    struct io_uring_cqe event;

    push(q, 200, 0, 1);
    push(q, IORING_OP_NOP, 0, 2);
    push(q, IORING_OP_NOP, IOSQE_IO_DRAIN, 3);
    push(q, IORING_OP_NOP, 0, 4);
    asyscall_doorbell(q);
    asyscall_expect(q, 2, 0);
    asyscall_expect_nothing(q);
    event = asyscall_event(d);
    g_assert_cmpint(asyscall_complete(d, event.user_data, 0), ==, 0);
    asyscall_expect(q, 1, 0);
    asyscall_expect(q, 3, 0);
    asyscall_expect(q, 4, 0);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_skip_success(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);

    push(q, IORING_OP_NOP, IOSQE_CQE_SKIP_SUCCESS, 1);
    push(q, 200, IOSQE_CQE_SKIP_SUCCESS, 2);
    asyscall_doorbell(q);
    asyscall_expect_nothing(q);
    g_assert_cmpint(asyscall_complete(d, asyscall_event(d).user_data, -EIO),
                    ==, 0);
    asyscall_expect(q, 2, -EIO);

    /* What a request that may be silent breaks is silent, only that. */
    push(q, 200, IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS, 3);
    push(q, IORING_OP_NOP, IOSQE_IO_LINK, 4);
    push(q, IORING_OP_NOP, 0, 5);
    push(q, 200, IOSQE_IO_LINK, 6);
    push(q, IORING_OP_NOP, IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS, 7);
    push(q, IORING_OP_NOP, IOSQE_CQE_SKIP_SUCCESS, 8);
    asyscall_doorbell(q);
    for (int i = 0; i < 2; i++) {
        g_assert_cmpint(asyscall_complete(d, asyscall_event(d).user_data, -EIO),
                        ==, 0);
    }
    asyscall_expect(q, 3, -EIO);
    asyscall_expect(q, 6, -EIO);
    asyscall_expect(q, 7, -ECANCELED);
    asyscall_expect(q, 8, -ECANCELED);
    asyscall_expect_nothing(q);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_entry_flags(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);

    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .flags = 0x80 }), ==, -EINVAL);
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .flags = IOSQE_FIXED_FILE }), ==, -EBADF);
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .flags = IOSQE_BUFFER_SELECT }), ==, -EOPNOTSUPP);
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .personality = 7 }), ==, -EINVAL);
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .flags = IOSQE_ASYNC }), ==, 0);
    asyscall_queue_free(q);
    asyscall_free(d);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/asyscall-ring/nop-batch", test_nop_batch);
    qtest_add_func("/asyscall-ring/cq-overflow-and-flush", test_cq_overflow);
    qtest_add_func("/asyscall-ring/overflow-holds-submission",
                   test_backpressure);
    qtest_add_func("/asyscall-ring/broken-sq-stops-one-queue-pair",
                   test_broken_tail);
    qtest_add_func("/asyscall-ring/broken-cq-stops-one-queue-pair",
                   test_broken_head);
    qtest_add_func("/asyscall-ring/broken-control-ring-needs-reset",
                   test_broken_control_ring);
    qtest_add_func("/asyscall-ring/create-refuses-nonsense",
                   test_create_checks);
    qtest_add_func("/asyscall-ring/entry-is-copied-once", test_sqe_is_copied);
    qtest_add_func("/asyscall-ring/links", test_links);
    qtest_add_func("/asyscall-ring/drain", test_drain);
    qtest_add_func("/asyscall-ring/skip-success", test_skip_success);
    qtest_add_func("/asyscall-ring/entry-flags", test_entry_flags);
    return g_test_run();
}
