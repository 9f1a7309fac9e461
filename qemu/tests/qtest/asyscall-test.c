/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for asyscall: registers, negotiation, rings, notification
 */

#include "qemu/osdep.h"
#include "libqtest.h"
#include "asyscall-driver.h"

static const struct io_uring_sqe nop = { .opcode = IORING_OP_NOP };

static void push_nops(AsyscallQueue *q, unsigned n, uint64_t user_data)
{
    for (unsigned i = 0; i < n; i++) {
        struct io_uring_sqe sqe = nop;

        sqe.user_data = user_data + i;
        asyscall_push(q, &sqe);
    }
}

static void expect(AsyscallQueue *q, uint64_t user_data, int32_t result)
{
    struct io_uring_cqe cqe;

    g_assert_true(asyscall_pop(q, &cqe));
    g_assert_cmphex(cqe.user_data, ==, user_data);
    g_assert_cmpint(cqe.res, ==, result);
    g_assert_cmphex(cqe.flags, ==, 0);
}

static void expect_nothing(AsyscallQueue *q)
{
    struct io_uring_cqe cqe;

    g_assert_false(asyscall_pop(q, &cqe));
}

/* ---- registers ----------------------------------------------------------- */

static void test_identity(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4,max-entries=128");

    g_assert_cmphex(asyscall_read32(d, ASYSCALL_REG_MAGIC), ==, ASYSCALL_MAGIC);
    g_assert_cmpuint(asyscall_read32(d, ASYSCALL_REG_VERSION), ==,
                     ASYSCALL_VERSION);
    g_assert_cmpuint(asyscall_read32(d, ASYSCALL_REG_QUEUE_PAIRS), ==, 4);
    g_assert_cmpuint(asyscall_read32(d, ASYSCALL_REG_MAX_ENTRIES), ==, 128);
    g_assert_cmpuint(asyscall_read32(d, ASYSCALL_REG_MAX_INFLIGHT), ==, 128);
    g_assert_cmpuint(asyscall_read32(d, ASYSCALL_REG_MAX_FDS), >=, 256);
    g_assert_cmphex(asyscall_read64(d, ASYSCALL_REG_LATENCY), ==, ~0ull);
    g_assert_cmphex(asyscall_read64(d, ASYSCALL_REG_DEVICE_FEATURES), ==,
                    ASYSCALL_F_EVENT_INDEX | ASYSCALL_F_SV39);
    asyscall_free(d);
}

static void test_unknown_features(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    uint32_t status = ASYSCALL_STATUS_ACKNOWLEDGE | ASYSCALL_STATUS_DRIVER;

    asyscall_write32(d, ASYSCALL_REG_STATUS, 0);
    g_assert_cmphex(asyscall_read32(d, ASYSCALL_REG_STATUS), ==, 0);
    asyscall_write32(d, ASYSCALL_REG_STATUS, status);
    asyscall_write64(d, ASYSCALL_REG_DRIVER_FEATURES, 1ull << 63);
    asyscall_write32(d, ASYSCALL_REG_STATUS,
                     status | ASYSCALL_STATUS_FEATURES_OK);
    g_assert_cmphex(asyscall_read32(d, ASYSCALL_REG_STATUS), ==, status);
    /* and nothing runs without them */
    asyscall_write32(d, ASYSCALL_REG_STATUS,
                     status | ASYSCALL_STATUS_DRIVER_OK);
    g_assert_cmphex(asyscall_read32(d, ASYSCALL_REG_STATUS), ==, status);
    asyscall_free(d);
}

static void test_features_are_fixed(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    uint64_t features = asyscall_read64(d, ASYSCALL_REG_DRIVER_FEATURES);

    asyscall_write64(d, ASYSCALL_REG_DRIVER_FEATURES, 0);
    g_assert_cmphex(asyscall_read64(d, ASYSCALL_REG_DRIVER_FEATURES), ==,
                    features);
    asyscall_write64(d, ASYSCALL_REG_CONTROL_RING, 0);
    g_assert_cmphex(asyscall_read64(d, ASYSCALL_REG_CONTROL_RING), ==,
                    d->control.ring);
    asyscall_free(d);
}

static void test_bad_control_ring(void)
{
    static const struct {
        uint64_t ring;
        uint32_t sq, forward;
    } bad[] = {
        { GUEST_RAM + 8, 64, 8 },       /* not aligned */
        { ASYSCALL_BASE, 64, 8 },       /* not RAM */
        { 0, 64, 8 },
        { ~0xfffull, 64, 8 },           /* wraps around */
        { GUEST_RAM, 65, 8 },           /* not a power of two */
        { GUEST_RAM, 0, 8 },
        { GUEST_RAM, 1u << 31, 8 },
        { GUEST_RAM, 64, 0 },
        { GUEST_RAM, 64, 5000 },
    };
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    uint32_t ok = ASYSCALL_STATUS_ACKNOWLEDGE | ASYSCALL_STATUS_DRIVER |
                  ASYSCALL_STATUS_FEATURES_OK;

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        asyscall_write32(d, ASYSCALL_REG_STATUS, 0);
        asyscall_write32(d, ASYSCALL_REG_STATUS, ok);
        asyscall_write64(d, ASYSCALL_REG_CONTROL_RING, bad[i].ring);
        asyscall_write32(d, ASYSCALL_REG_CONTROL_SQ_ENTRIES, bad[i].sq);
        asyscall_write32(d, ASYSCALL_REG_CONTROL_CQ_ENTRIES, 64);
        asyscall_write64(d, ASYSCALL_REG_FORWARD_RING, GUEST_RAM + 0x10000);
        asyscall_write32(d, ASYSCALL_REG_FORWARD_ENTRIES, bad[i].forward);
        asyscall_write32(d, ASYSCALL_REG_STATUS,
                         ok | ASYSCALL_STATUS_DRIVER_OK);
        g_assert_cmphex(asyscall_read32(d, ASYSCALL_REG_STATUS), ==,
                        ok | ASYSCALL_STATUS_NEEDS_RESET);
        g_assert_cmphex(asyscall_read32(d, ASYSCALL_REG_INTERRUPT_STATUS), ==,
                        ASYSCALL_INTERRUPT_CONFIG);
        /* Only a reset leads out. */
        asyscall_write32(d, ASYSCALL_REG_STATUS,
                         ok | ASYSCALL_STATUS_DRIVER_OK);
        g_assert_cmphex(asyscall_read32(d, ASYSCALL_REG_STATUS), ==,
                        ok | ASYSCALL_STATUS_NEEDS_RESET);
        asyscall_doorbell(&d->control);
    }
    asyscall_write32(d, ASYSCALL_REG_STATUS, 0);
    asyscall_bring_up(d, d->features);
    g_assert_cmpint(asyscall_command(d, nop), ==, 0);
    asyscall_free(d);
}

static void test_reset(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);

    push_nops(q, 3, 1);
    asyscall_doorbell(q);
    asyscall_write32(d, ASYSCALL_REG_STATUS, 0);
    g_assert_cmphex(asyscall_read32(d, ASYSCALL_REG_INTERRUPT_STATUS), ==, 0);
    asyscall_ring_store(q, RING(device.cq_tail), 0);

    /* Nobody is there any more. */
    push_nops(q, 1, 4);
    asyscall_doorbell(q);
    g_assert_cmpuint(asyscall_ring_load(q, RING(device.cq_tail)), ==, 0);
    asyscall_queue_free(q);

    asyscall_bring_up(d, d->features);
    q = asyscall_queue(d, 1, 0);
    push_nops(q, 1, 5);
    asyscall_doorbell(q);
    expect(q, 5, 0);
    asyscall_queue_free(q);

    /* The machine's reset does the same. */
    qtest_system_reset(d->qts);
    g_assert_cmphex(asyscall_read32(d, ASYSCALL_REG_STATUS), ==, 0);
    asyscall_bring_up(d, d->features);
    g_assert_cmpint(asyscall_command(d, nop), ==, 0);
    asyscall_free(d);
}

static void test_odd_accesses(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");

    for (uint64_t at = 0; at < 5 * PAGE; at += 4) {
        if (at != ASYSCALL_REG_STATUS) {
            qtest_readl(d->qts, ASYSCALL_BASE + at);
            qtest_writel(d->qts, ASYSCALL_BASE + at, 0x5a5a5a5a);
            qtest_writew(d->qts, ASYSCALL_BASE + at, 0x5a5a);
        }
    }
    g_assert_cmpint(asyscall_command(d, nop), ==, 0);
    asyscall_free(d);
}

/* ---- rings --------------------------------------------------------------- */

static void test_nop_batch(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);

    for (unsigned round = 0; round < 5; round++) {
        push_nops(q, 11, round * 100);
        asyscall_doorbell(q);
        g_assert_cmpuint(asyscall_ring_load(q, RING(device.sq_head)), ==,
                         q->sq_tail);
        for (unsigned i = 0; i < 11; i++) {
            expect(q, round * 100 + i, 0);
        }
        expect_nothing(q);
    }
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_cq_overflow(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue_sized(d, 1, 0, 16, 4);

    push_nops(q, 10, 0);
    asyscall_doorbell(q);
    g_assert_cmpuint(asyscall_ring_load(q, RING(device.cq_tail)), ==, 4);
    g_assert_cmphex(asyscall_ring_load(q, RING(device.flags)), ==,
                    ASYSCALL_RING_STATUS_OVERFLOW);
    g_assert_cmpuint(asyscall_ring_load(q, RING(device.overflowed)), ==, 6);
    for (unsigned i = 0; i < 4; i++) {
        expect(q, i, 0);
    }
    expect_nothing(q);
    asyscall_flush(q);
    for (unsigned i = 4; i < 8; i++) {
        expect(q, i, 0);
    }
    g_assert_cmphex(asyscall_ring_load(q, RING(device.flags)), ==,
                    ASYSCALL_RING_STATUS_OVERFLOW);

    /* What completes now does not overtake what waits. */
    push_nops(q, 1, 10);
    asyscall_doorbell(q);
    for (unsigned i = 8; i <= 10; i++) {
        expect(q, i, 0);
    }
    g_assert_cmphex(asyscall_ring_load(q, RING(device.flags)), ==, 0);
    asyscall_flush(q);
    expect_nothing(q);
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
        push_nops(q, 24, next);
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
    expect_nothing(q);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void check_alive(AsyscallQueue *q, uint64_t user_data)
{
    push_nops(q, 1, user_data);
    asyscall_doorbell(q);
    expect(q, user_data, 0);
}

static void test_broken_tail(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0), *other = asyscall_queue(d, 2, 0);
    struct io_uring_cqe event;

    push_nops(q, 2, 1);
    asyscall_ring_store(q, RING(driver.sq_tail), 17);
    asyscall_doorbell(q);
    g_assert_cmphex(asyscall_ring_load(q, RING(device.flags)), ==,
                    ASYSCALL_RING_STATUS_BROKEN);
    event = asyscall_event(d);
    g_assert_cmpuint(ASYSCALL_CQE_EVENT_KIND(event.flags), ==,
                     ASYSCALL_EVENT_BROKEN);
    g_assert_cmpuint(ASYSCALL_TOKEN_QUEUE_PAIR(event.user_data), ==, 1);
    g_assert_cmpint(event.res, ==, -EINVAL);
    check_alive(other, 7);

    /* It stays stopped, said once, whatever its owner does. */
    asyscall_ring_store(q, RING(driver.sq_tail), 2);
    asyscall_doorbell(q);
    expect_nothing(q);
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
    expect(q, 1, 0);
    expect(q, 2, 0);
    check_alive(q, 3);
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
    push_nops(q, 6, 1);
    asyscall_doorbell(q);
    g_assert_cmphex(asyscall_ring_load(q, RING(device.flags)), ==,
                    ASYSCALL_RING_STATUS_BROKEN | ASYSCALL_RING_STATUS_OVERFLOW);
    g_assert_cmpuint(ASYSCALL_CQE_EVENT_KIND(asyscall_event(d).flags), ==,
                     ASYSCALL_EVENT_BROKEN);
    check_alive(other, 7);

    /* Nothing that was accepted is lost. */
    asyscall_ring_store(q, RING(driver.cq_head), 0);
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_CONTINUE, .fd = 1,
    }), ==, 0);
    for (unsigned i = 1; i <= 6; i++) {
        if (i == 5) {
            asyscall_flush(q);
        }
        expect(q, i, 0);
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
               .flags = 1 }, -EINVAL },
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
    check_alive(q, 1);
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
    expect(q, 42, 9);
    asyscall_queue_free(q);
    asyscall_free(d);
}

/* ---- notification -------------------------------------------------------- */

/* A receiver: a word that notifications are stored to. */
static AsyscallQueue *queue_with_receiver(AsyscallDriver *d, uint64_t *word)
{
    AsyscallQueue *q = asyscall_queue(d, 1, 0);

    *word = asyscall_memory(d, PAGE);
    q->description.notify_address = *word;
    q->description.notify_data = 0x00070005;
    asyscall_poke(d, q->description_at, &q->description,
                  sizeof(q->description));
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_MODIFY, .fd = 1, .addr = q->description_at,
    }), ==, 0);
    return q;
}

static bool notified(AsyscallDriver *d, uint64_t word)
{
    uint32_t value = qtest_readl(d->qts, word);

    g_assert_true(value == 0 || value == 0x00070005);
    qtest_writel(d->qts, word, 0);
    g_assert_cmphex(qtest_readl(d->qts, word + 4), ==, 0);
    return value;
}

static void test_notify(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    uint64_t word;
    AsyscallQueue *q = queue_with_receiver(d, &word);

    g_assert_false(notified(d, word));
    check_alive(q, 1);
    g_assert_true(notified(d, word));

    asyscall_ring_store(q, RING(driver.flags), ASYSCALL_RING_NO_NOTIFY);
    check_alive(q, 2);
    g_assert_false(notified(d, word));
    asyscall_ring_store(q, RING(driver.flags), 0);
    check_alive(q, 3);
    g_assert_true(notified(d, word));

    /* An address where nothing is: the completion comes all the same. */
    q->description.notify_address = 0x10;
    asyscall_poke(d, q->description_at, &q->description,
                  sizeof(q->description));
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_MODIFY, .fd = 1, .addr = q->description_at,
    }), ==, 0);
    check_alive(q, 4);

    /* The device's own doorbell: not followed. */
    q->description.notify_address = ASYSCALL_BASE + 2 * PAGE;
    asyscall_poke(d, q->description_at, &q->description,
                  sizeof(q->description));
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_MODIFY, .fd = 1, .addr = q->description_at,
    }), ==, 0);
    check_alive(q, 5);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_event_index(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    uint64_t word;
    AsyscallQueue *q = queue_with_receiver(d, &word);

    asyscall_ring_store(q, RING(driver.flags), ASYSCALL_RING_EVENT_INDEX);
    for (unsigned round = 0; round < 40; round++) {
        uint32_t tail = q->cq_head;

        /* Notify me when the third from here is there. */
        asyscall_ring_store(q, RING(driver.cq_event), tail + 2);
        check_alive(q, 1);
        g_assert_false(notified(d, word));
        check_alive(q, 2);
        g_assert_false(notified(d, word));
        check_alive(q, 3);
        g_assert_true(notified(d, word));
        check_alive(q, 4);
        g_assert_false(notified(d, word));

        /* A batch that passes the index in its middle notifies once. */
        asyscall_ring_store(q, RING(driver.cq_event), q->cq_head + 4);
        push_nops(q, 9, 10);
        asyscall_doorbell(q);
        g_assert_true(notified(d, word));
        for (unsigned i = 0; i < 9; i++) {
            expect(q, 10 + i, 0);
        }
    }
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_event_index_not_negotiated(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    uint64_t word;
    AsyscallQueue *q;

    asyscall_write32(d, ASYSCALL_REG_STATUS, 0);
    asyscall_bring_up(d, 0);
    q = queue_with_receiver(d, &word);
    asyscall_ring_store(q, RING(driver.flags), ASYSCALL_RING_EVENT_INDEX);
    asyscall_ring_store(q, RING(driver.cq_event), 1000);
    check_alive(q, 1);
    g_assert_true(notified(d, word));
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_overflow_notifies(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    uint64_t word;
    AsyscallQueue *q = queue_with_receiver(d, &word);

    /* An index that the CQ has no room to pass: say so rather than stall. */
    asyscall_ring_store(q, RING(driver.flags), ASYSCALL_RING_EVENT_INDEX);
    asyscall_ring_store(q, RING(driver.cq_event), 100);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_false(notified(d, word));
        push_nops(q, 12, 0);
        asyscall_doorbell(q);
    }
    g_assert_true(notified(d, word));
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_control_interrupt(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");

    g_assert_cmphex(asyscall_read32(d, ASYSCALL_REG_INTERRUPT_STATUS), ==, 0);
    g_assert_cmpint(asyscall_command(d, nop), ==, 0);
    g_assert_cmphex(asyscall_read32(d, ASYSCALL_REG_INTERRUPT_STATUS), ==,
                    ASYSCALL_INTERRUPT_CONTROL);
    asyscall_write32(d, ASYSCALL_REG_INTERRUPT_ACK,
                     ASYSCALL_INTERRUPT_CONTROL);
    g_assert_cmphex(asyscall_read32(d, ASYSCALL_REG_INTERRUPT_STATUS), ==, 0);
    asyscall_ring_store(&d->control, RING(driver.flags),
                        ASYSCALL_RING_NO_NOTIFY);
    g_assert_cmpint(asyscall_command(d, nop), ==, 0);
    g_assert_cmphex(asyscall_read32(d, ASYSCALL_REG_INTERRUPT_STATUS), ==, 0);
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
    expect(q, 4, 0);
    expect_nothing(q);
    event = asyscall_event(d);
    g_assert_cmpint(asyscall_complete(d, event.user_data, 5), ==, 0);
    expect(q, 1, 5);
    expect(q, 2, 0);
    expect(q, 3, 0);

    /* A failure cancels what follows ... */
    push(q, 200, IOSQE_IO_LINK, 1);
    push(q, IORING_OP_NOP, IOSQE_IO_LINK, 2);
    push(q, IORING_OP_NOP, 0, 3);
    asyscall_doorbell(q);
    event = asyscall_event(d);
    g_assert_cmpint(asyscall_complete(d, event.user_data, -EIO), ==, 0);
    expect(q, 1, -EIO);
    expect(q, 2, -ECANCELED);
    expect(q, 3, -ECANCELED);

    /* ... unless the link is hard. */
    push(q, 200, IOSQE_IO_HARDLINK, 1);
    push(q, IORING_OP_NOP, 0, 2);
    asyscall_doorbell(q);
    event = asyscall_event(d);
    g_assert_cmpint(asyscall_complete(d, event.user_data, -EIO), ==, 0);
    expect(q, 1, -EIO);
    expect(q, 2, 0);

    /* A chain ends with its batch, and can be as long as the ring. */
    for (unsigned i = 0; i < 16; i++) {
        push(q, IORING_OP_NOP, IOSQE_IO_LINK, i);
    }
    asyscall_doorbell(q);
    for (unsigned i = 0; i < 16; i++) {
        expect(q, i, 0);
    }
    expect_nothing(q);
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
    expect(q, 2, 0);
    expect_nothing(q);
    event = asyscall_event(d);
    g_assert_cmpint(asyscall_complete(d, event.user_data, 0), ==, 0);
    expect(q, 1, 0);
    expect(q, 3, 0);
    expect(q, 4, 0);
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
    expect_nothing(q);
    g_assert_cmpint(asyscall_complete(d, asyscall_event(d).user_data, -EIO),
                    ==, 0);
    expect(q, 2, -EIO);
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
    qtest_add_func("/asyscall/identity", test_identity);
    qtest_add_func("/asyscall/unknown-features-refused", test_unknown_features);
    qtest_add_func("/asyscall/set-up-is-fixed-when-running",
                   test_features_are_fixed);
    qtest_add_func("/asyscall/bad-control-ring-needs-reset",
                   test_bad_control_ring);
    qtest_add_func("/asyscall/reset", test_reset);
    qtest_add_func("/asyscall/odd-accesses-do-nothing", test_odd_accesses);
    qtest_add_func("/asyscall/nop-batch", test_nop_batch);
    qtest_add_func("/asyscall/cq-overflow-and-flush", test_cq_overflow);
    qtest_add_func("/asyscall/overflow-holds-submission", test_backpressure);
    qtest_add_func("/asyscall/broken-sq-stops-one-queue-pair",
                   test_broken_tail);
    qtest_add_func("/asyscall/broken-cq-stops-one-queue-pair",
                   test_broken_head);
    qtest_add_func("/asyscall/broken-control-ring-needs-reset",
                   test_broken_control_ring);
    qtest_add_func("/asyscall/create-refuses-nonsense", test_create_checks);
    qtest_add_func("/asyscall/entry-is-copied-once", test_sqe_is_copied);
    qtest_add_func("/asyscall/notify", test_notify);
    qtest_add_func("/asyscall/event-index", test_event_index);
    qtest_add_func("/asyscall/event-index-only-if-negotiated",
                   test_event_index_not_negotiated);
    qtest_add_func("/asyscall/overflow-notifies", test_overflow_notifies);
    qtest_add_func("/asyscall/control-interrupt", test_control_interrupt);
    qtest_add_func("/asyscall/links", test_links);
    qtest_add_func("/asyscall/drain", test_drain);
    qtest_add_func("/asyscall/skip-success", test_skip_success);
    qtest_add_func("/asyscall/entry-flags", test_entry_flags);
    return g_test_run();
}
