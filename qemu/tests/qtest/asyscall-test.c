/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for asyscall: registers, negotiation, reset, notification
 */

#include "qemu/osdep.h"
#include "libqtest.h"
#include "qobject/qdict.h"
#include "asyscall-driver.h"
#include "standard-headers/ouros/uintc.h"

static const struct io_uring_sqe nop = { .opcode = IORING_OP_NOP };

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
                    ASYSCALL_F_EVENT_INDEX | ASYSCALL_F_SV39 |
                    ASYSCALL_F_NOTIFY_DELAY | ASYSCALL_F_URGENT |
                    ASYSCALL_F_POST | ASYSCALL_F_STATISTICS |
                    ASYSCALL_F_PROBE | ASYSCALL_F_BUFFERS |
                    ASYSCALL_F_MULTISHOT | ASYSCALL_F_SET_FLAGS);
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

    asyscall_push_nops(q, 3, 1);
    asyscall_doorbell(q);
    asyscall_write32(d, ASYSCALL_REG_STATUS, 0);
    g_assert_cmphex(asyscall_read32(d, ASYSCALL_REG_INTERRUPT_STATUS), ==, 0);
    asyscall_ring_store(q, RING(device.cq_tail), 0);

    /* Nobody is there any more. */
    asyscall_push_nops(q, 1, 4);
    asyscall_doorbell(q);
    g_assert_cmpuint(asyscall_ring_load(q, RING(device.cq_tail)), ==, 0);
    asyscall_queue_free(q);

    asyscall_bring_up(d, d->features);
    q = asyscall_queue(d, 1, 0);
    asyscall_push_nops(q, 1, 5);
    asyscall_doorbell(q);
    asyscall_expect(q, 5, 0);
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
    asyscall_check_alive(q, 1);
    g_assert_true(notified(d, word));

    asyscall_ring_store(q, RING(driver.flags), ASYSCALL_RING_NO_NOTIFY);
    asyscall_check_alive(q, 2);
    g_assert_false(notified(d, word));
    asyscall_ring_store(q, RING(driver.flags), 0);
    asyscall_check_alive(q, 3);
    g_assert_true(notified(d, word));

    /* An address where nothing is: the completion comes all the same. */
    q->description.notify_address = 0x10;
    asyscall_poke(d, q->description_at, &q->description,
                  sizeof(q->description));
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_MODIFY, .fd = 1, .addr = q->description_at,
    }), ==, 0);
    asyscall_check_alive(q, 4);

    /* The device's own doorbell: not followed. */
    q->description.notify_address = ASYSCALL_BASE + 2 * PAGE;
    asyscall_poke(d, q->description_at, &q->description,
                  sizeof(q->description));
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_MODIFY, .fd = 1, .addr = q->description_at,
    }), ==, 0);
    asyscall_check_alive(q, 5);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void set_notify(AsyscallQueue *q, uint64_t address, uint32_t data)
{
    AsyscallDriver *d = q->driver;

    q->description.notify_address = address;
    q->description.notify_data = data;
    asyscall_poke(d, q->description_at, &q->description,
                  sizeof(q->description));
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_MODIFY, .fd = 1, .addr = q->description_at,
    }), ==, 0);
}

/* The device's message is a send of the UINTC, as an MSI is an interrupt. */
static void test_notify_is_a_send(void)
{
    AsyscallDriver *d = asyscall_new_args("-machine uintc=on", "queue-pairs=4");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    uint64_t receiver = OUROS_UINTC_BASE + 6 * OUROS_UINTC_RECEIVER_SIZE;
    uint64_t low = OUROS_UINTC_LOW_ACTIVE |
                   7ull << OUROS_UINTC_LOW_GENERATION_SHIFT;

    qtest_irq_intercept_out(d->qts, "/machine/uintc-device");
    qtest_writeq(d->qts, receiver + OUROS_UINTC_LOW, low);
    set_notify(q, receiver + OUROS_UINTC_SEND,
               7u << OUROS_UINTC_SEND_GENERATION_SHIFT | 5);
    g_assert_false(qtest_get_irq(d->qts, 0));
    asyscall_check_alive(q, 1);
    g_assert_true(qtest_get_irq(d->qts, 0));
    g_assert_cmphex(qtest_readq(d->qts, receiver + OUROS_UINTC_HIGH), ==,
                    1u << 5);
    g_assert_false(qtest_get_irq(d->qts, 0));

    /* The slot's next owner hears nothing of it. */
    qtest_writeq(d->qts, receiver + OUROS_UINTC_LOW, OUROS_UINTC_LOW_ACTIVE |
                 8ull << OUROS_UINTC_LOW_GENERATION_SHIFT);
    asyscall_check_alive(q, 2);
    g_assert_false(qtest_get_irq(d->qts, 0));
    g_assert_cmphex(qtest_readq(d->qts, receiver + OUROS_UINTC_HIGH), ==, 0);
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
        asyscall_check_alive(q, 1);
        g_assert_false(notified(d, word));
        asyscall_check_alive(q, 2);
        g_assert_false(notified(d, word));
        asyscall_check_alive(q, 3);
        g_assert_true(notified(d, word));
        asyscall_check_alive(q, 4);
        g_assert_false(notified(d, word));

        /* A batch that passes the index in its middle notifies once. */
        asyscall_ring_store(q, RING(driver.cq_event), q->cq_head + 4);
        asyscall_push_nops(q, 9, 10);
        asyscall_doorbell(q);
        g_assert_true(notified(d, word));
        for (unsigned i = 0; i < 9; i++) {
            asyscall_expect(q, 10 + i, 0);
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
    asyscall_check_alive(q, 1);
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
        asyscall_push_nops(q, 12, 0);
        asyscall_doorbell(q);
    }
    g_assert_true(notified(d, word));
    asyscall_queue_free(q);
    asyscall_free(d);
}

/* Held back by the event index, but not for ever. */
static void test_notify_delay(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    uint64_t word;
    AsyscallQueue *q = queue_with_receiver(d, &word);

    asyscall_ring_store(q, RING(driver.cq_event), q->cq_head + 3);
    asyscall_ring_store(q, RING(driver.cq_delay), 5000);
    asyscall_ring_store(q, RING(driver.flags),
                        ASYSCALL_RING_EVENT_INDEX | ASYSCALL_RING_NOTIFY_DELAY);

    /* It runs from the first completion that was held back. */
    asyscall_check_alive(q, 1);
    qtest_clock_step(d->qts, 3000);
    asyscall_check_alive(q, 2);
    qtest_clock_step(d->qts, 1999);
    g_assert_false(notified(d, word));
    qtest_clock_step(d->qts, 1);
    g_assert_true(notified(d, word));
    qtest_clock_step(d->qts, 100000);
    g_assert_false(notified(d, word));

    /* The count comes first: nothing is left to be said later. */
    asyscall_check_alive(q, 3);
    g_assert_false(notified(d, word));
    asyscall_check_alive(q, 4);
    g_assert_true(notified(d, word));
    qtest_clock_step(d->qts, 100000);
    g_assert_false(notified(d, word));

    /* Who has switched notification off meanwhile is left alone. */
    asyscall_ring_store(q, RING(driver.cq_event), q->cq_head + 3);
    asyscall_check_alive(q, 5);
    asyscall_ring_store(q, RING(driver.flags), ASYSCALL_RING_NO_NOTIFY);
    qtest_clock_step(d->qts, 100000);
    g_assert_false(notified(d, word));

    /* The queue pair goes while a notification is held back. */
    asyscall_ring_store(q, RING(driver.cq_event), q->cq_head + 3);
    asyscall_ring_store(q, RING(driver.flags),
                        ASYSCALL_RING_EVENT_INDEX | ASYSCALL_RING_NOTIFY_DELAY);
    asyscall_check_alive(q, 6);
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_DESTROY, .fd = 1,
    }), ==, 0);
    asyscall_queue_free(q);
    qtest_clock_step(d->qts, 100000);
    g_assert_false(notified(d, word));
    asyscall_free(d);
}

/* Whatever the flags say. */
static void test_urgent(void)
{
    const uint32_t quiet[] = { ASYSCALL_RING_NO_NOTIFY,
                               ASYSCALL_RING_EVENT_INDEX };
    struct io_uring_sqe urgent = nop;

    for (unsigned negotiated = 0; negotiated < 2; negotiated++) {
        AsyscallDriver *d = asyscall_new("queue-pairs=4");
        uint64_t word;
        AsyscallQueue *q;

        if (!negotiated) {
            asyscall_write32(d, ASYSCALL_REG_STATUS, 0);
            asyscall_bring_up(d, ASYSCALL_F_EVENT_INDEX);
        }
        q = queue_with_receiver(d, &word);
        asyscall_ring_store(q, RING(driver.cq_event), 1000);
        for (unsigned i = 0; i < ARRAY_SIZE(quiet); i++) {
            asyscall_ring_store(q, RING(driver.flags), quiet[i]);
            asyscall_check_alive(q, 1);
            g_assert_false(notified(d, word));
            urgent.ioprio = ASYSCALL_IOPRIO_URGENT | 4;
            g_assert_cmpint(asyscall_call(q, urgent), ==, 0);
            g_assert_cmpint(notified(d, word), ==, negotiated);
            urgent.ioprio = 2u << 13 | 4;
            g_assert_cmpint(asyscall_call(q, urgent), ==, 0);
            g_assert_false(notified(d, word));
        }
        asyscall_queue_free(q);
        asyscall_free(d);
    }
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
    qtest_add_func("/asyscall/notify", test_notify);
    qtest_add_func("/asyscall/notify-is-a-send", test_notify_is_a_send);
    qtest_add_func("/asyscall/event-index", test_event_index);
    qtest_add_func("/asyscall/event-index-only-if-negotiated",
                   test_event_index_not_negotiated);
    qtest_add_func("/asyscall/overflow-notifies", test_overflow_notifies);
    qtest_add_func("/asyscall/notify-delay", test_notify_delay);
    qtest_add_func("/asyscall/urgent-notifies", test_urgent);
    qtest_add_func("/asyscall/control-interrupt", test_control_interrupt);
    return g_test_run();
}
