/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for the asyscall device: what can be asked about it, by the
 * guest, over QMP and in the monitor
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "asyscall-driver.h"

#define COMMAND(d, ...)                                                        \
    asyscall_command(d, (struct io_uring_sqe){ __VA_ARGS__ })
#define START(q, ...) asyscall_submit(q, &(struct io_uring_sqe){ __VA_ARGS__ })

static struct asyscall_statistics statistics_of(AsyscallDriver *d,
                                                unsigned pair)
{
    uint64_t at = asyscall_memory(d, PAGE);
    struct asyscall_statistics found;

    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_CTL_STATISTICS, .fd = pair,
                            .addr = at, .len = PAGE), ==, sizeof(found));
    asyscall_peek(d, at, &found, sizeof(found));
    return found;
}

static void expect_balance(const struct asyscall_statistics *s)
{
    g_assert_cmpint(s->taken, ==, s->completed + s->dropped + s->inflight);
}

/* 3 NOPs, one of them silent, one forwarded and cancelled, one timeout. */
static void some_work(AsyscallDriver *d, AsyscallQueue *q)
{
    struct io_uring_cqe event;

    asyscall_push_nops(q, 2, 1);
    START(q, .opcode = IORING_OP_NOP, .flags = IOSQE_CQE_SKIP_SUCCESS);
    asyscall_expect(q, 1, 0);
    asyscall_expect(q, 2, 0);
    START(q, .opcode = IORING_OP_READ, .fd = 9, .user_data = 3);
    event = asyscall_event(d);
    START(q, .opcode = IORING_OP_ASYNC_CANCEL, .addr = 3, .user_data = 4);
    asyscall_expect(q, 4, -EALREADY);
    g_assert_cmpint(asyscall_event(d).user_data, ==, event.user_data);
    g_assert_cmpint(asyscall_complete(d, event.user_data, -ECANCELED), ==, 0);
    asyscall_expect(q, 3, -ECANCELED);
}

static void expect_some_work(const struct asyscall_statistics *s)
{
    expect_balance(s);
    g_assert_cmpint(s->doorbells, ==, 3);
    g_assert_cmpint(s->taken, ==, 5);
    g_assert_cmpint(s->completed, ==, 5);
    g_assert_cmpint(s->posted, ==, 4);
    g_assert_cmpint(s->forwarded, ==, 1);
    g_assert_cmpint(s->cancelled, ==, 1);
    g_assert_cmpint(s->faulted, ==, 0);
    g_assert_cmpint(s->overflowed, ==, 0);
    g_assert_cmpint(s->notified, ==, 3);
    g_assert_cmpint(s->held_back, ==, 0);
    g_assert_cmpint(s->waiting, ==, 0);
}

static void test_statistics(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=3");
    AsyscallQueue *q = asyscall_queue_sized(d, 1, 0, 8, 2);
    uint64_t at = asyscall_memory(d, PAGE);
    struct asyscall_statistics s;
    uint64_t word = ~0ull;

    some_work(d, q);
    s = statistics_of(d, 1);
    expect_some_work(&s);

    /* What overflows; notifications that are not wanted. */
    asyscall_ring_store(q, RING(driver.flags), ASYSCALL_RING_NO_NOTIFY);
    asyscall_push_nops(q, 3, 10);
    asyscall_doorbell(q);
    s = statistics_of(d, 1);
    expect_balance(&s);
    g_assert_cmpint(s.overflowed, ==, 1);
    g_assert_cmpint(s.waiting, ==, 1);
    g_assert_cmpint(s.held_back, ==, 1);
    g_assert_cmpint(s.notified, ==, 3);
    for (int i = 0; i < 2; i++) {
        asyscall_expect(q, 10 + i, 0);
    }
    asyscall_flush(q);
    asyscall_expect(q, 12, 0);
    g_assert_cmpint(statistics_of(d, 1).waiting, ==, 0);

    /* In flight is in flight; ring 0 counts, too. */
    START(q, .opcode = IORING_OP_WRITE, .fd = 9, .user_data = 20);
    asyscall_event(d);
    s = statistics_of(d, 1);
    expect_balance(&s);
    g_assert_cmpint(s.inflight, ==, 1);
    g_assert_cmpint(statistics_of(d, 0).inflight, ==, 1); /* the question */

    /* No more is written than there is room for. */
    asyscall_poke(d, at + 8, &word, sizeof(word));
    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_CTL_STATISTICS, .fd = 1,
                            .addr = at, .len = 8), ==, sizeof(s));
    asyscall_peek(d, at, &word, sizeof(word));
    g_assert_cmpint(word, ==, s.doorbells);
    asyscall_peek(d, at + 8, &word, sizeof(word));
    g_assert_cmphex(word, ==, ~0ull);

    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_CTL_STATISTICS, .fd = 2,
                            .addr = at, .len = 8), ==, -ENOENT);
    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_CTL_STATISTICS, .fd = 3,
                            .addr = at, .len = 8), ==, -EINVAL);
    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_CTL_STATISTICS, .fd = 1,
                            .addr = 8, .len = 8), ==, -EFAULT);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_migration(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=2");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    struct asyscall_statistics s;

    some_work(d, q);
    asyscall_move(d);
    s = statistics_of(d, 1);
    expect_some_work(&s);
    /* A queue pair that is made anew has done nothing. */
    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_CTL_DESTROY, .fd = 1), ==,
                    0);
    asyscall_queue_free(q);
    q = asyscall_queue(d, 1, 0);
    g_assert_cmpint(statistics_of(d, 1).taken, ==, 0);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_qmp(void)
{
    AsyscallDriver *d = asyscall_new("id=a,queue-pairs=8");
    AsyscallQueue *q = asyscall_queue(d, 5, 0);
    QDict *answer, *all, *pair;
    QList *pairs;

    some_work(d, q);
    answer = qtest_qmp(d->qts, "{ 'execute': 'qom-get', 'arguments': {"
                       " 'path': '/machine/peripheral/a',"
                       " 'property': 'statistics' } }");
    all = qdict_get_qdict(answer, "return");
    g_assert_cmpint(qdict_get_int(all, "free-slots"), ==, FORWARD_SLOTS);
    pairs = qdict_get_qlist(all, "queue-pairs");
    g_assert_cmpint(qlist_size(pairs), ==, 2);
    qobject_unref(qlist_pop(pairs)); /* 0 */
    pair = qobject_to(QDict, qlist_pop(pairs));
    g_assert_cmpint(qdict_get_int(pair, "queue-pair"), ==, 5);
    g_assert_cmpint(qdict_get_int(pair, "taken"), ==, 5);
    g_assert_cmpint(qdict_get_int(pair, "forwarded"), ==, 1);
    g_assert_cmpint(qdict_get_int(pair, "held-back"), ==, 0);
    qobject_unref(pair);
    qobject_unref(answer);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_monitor(void)
{
    AsyscallDriver *d = asyscall_new("id=a,queue-pairs=2");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    g_autofree char *text = NULL, *requests = NULL;

    some_work(d, q);
    START(q, .opcode = IORING_OP_READ, .fd = 9, .user_data = 0x1234);
    text = qtest_hmp(d->qts, "info asyscall");
    g_assert_nonnull(strstr(text, "/machine/peripheral/a"));
    g_assert_nonnull(strstr(text, "queue pair 1:"));
    g_assert_nonnull(strstr(text, "taken 6 completed 5"));
    g_assert_nonnull(strstr(text, "1 in flight"));
    g_assert_null(strstr(text, "0x1234"));
    requests = qtest_hmp(d->qts, "info asyscall -r");
    g_assert_nonnull(strstr(requests, "READ (22) fd 9 user_data 0x1234"));
    g_assert_nonnull(strstr(requests, "is with the kernel"));
    asyscall_queue_free(q);
    asyscall_free(d);
}

/* What PROBE says of an opcode is what becomes of an entry. */
static void test_probe(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=3,net=loopback");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    AsyscallQueue *none = asyscall_queue(d, 2, 0);
    uint64_t at = asyscall_memory(d, PAGE);
    struct asyscall_queue_pair description = none->description;
    uint8_t user[256], control[256], nothing[256];

    memset(description.opcodes, 0, sizeof(description.opcodes));
    asyscall_poke(d, at, &description, sizeof(description));
    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_CTL_MODIFY, .fd = 2,
                            .addr = at), ==, 0);
    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_CTL_PROBE, .addr = at,
                            .len = 256), ==, 256);
    asyscall_peek(d, at, control, sizeof(control));
    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_CTL_PROBE, .fd = 1,
                            .addr = at, .len = 256), ==, 256);
    asyscall_peek(d, at, user, sizeof(user));
    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_CTL_PROBE, .fd = 2,
                            .addr = at, .len = 256), ==, 256);
    asyscall_peek(d, at, nothing, sizeof(nothing));

    for (unsigned opcode = 0; opcode < 256; opcode++) {
        struct io_uring_cqe event;
        uint32_t served;

        /* Nothing is in the fd map. */
        served = statistics_of(d, 1).completed;
        START(q, .opcode = opcode, .fd = 3, .user_data = 1);
        if (user[opcode] & ASYSCALL_PROBE_FORWARDED) {
            event = asyscall_event(d);
            g_assert_cmpint(asyscall_complete(d, event.user_data, 77), ==, 0);
            asyscall_expect(q, 1, 77);
        } else {
            g_assert_cmpint(user[opcode], ==, ASYSCALL_PROBE_SERVED);
            g_assert_cmpint(statistics_of(d, 1).completed, ==, served + 1);
            g_assert_false(asyscall_has_event(d));
            asyscall_wait(q);
        }
        /* Nothing is allowed, but what a chain has to have. */
        g_assert_cmpint(nothing[opcode], ==,
                        opcode == IORING_OP_LINK_TIMEOUT
                            ? ASYSCALL_PROBE_SERVED
                            : ASYSCALL_PROBE_FORWARDED);
        g_assert_cmpint(control[opcode] & ASYSCALL_PROBE_FORWARDED, ==, 0);
        if (!control[opcode]) {
            g_assert_cmpint(COMMAND(d, .opcode = opcode), ==, -EINVAL);
        }
    }
    g_assert_cmpint(user[IORING_OP_READ], ==,
                    ASYSCALL_PROBE_SERVED | ASYSCALL_PROBE_FORWARDED);
    g_assert_cmpint(user[IORING_OP_NOP], ==, ASYSCALL_PROBE_SERVED);
    g_assert_cmpint(control[IORING_OP_ACCEPT], ==, ASYSCALL_PROBE_SERVED);
    g_assert_cmpint(control[ASYSCALL_CTL_PROBE], ==, ASYSCALL_PROBE_SERVED);
    g_assert_cmpint(control[255], ==, 0);
    asyscall_queue_free(q);
    asyscall_queue_free(none);
    asyscall_free(d);
}

static void test_negotiated(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=2");
    uint64_t at = asyscall_memory(d, PAGE);

    asyscall_write32(d, ASYSCALL_REG_STATUS, 0);
    asyscall_bring_up(d, d->features &
                         ~(ASYSCALL_F_PROBE | ASYSCALL_F_STATISTICS));
    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_CTL_PROBE, .addr = at,
                            .len = 256), ==, -EINVAL);
    g_assert_cmpint(COMMAND(d, .opcode = ASYSCALL_CTL_STATISTICS, .addr = at,
                            .len = 8), ==, -EINVAL);
    asyscall_free(d);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/asyscall-observe/statistics", test_statistics);
    qtest_add_func("/asyscall-observe/migration", test_migration);
    qtest_add_func("/asyscall-observe/qmp", test_qmp);
    qtest_add_func("/asyscall-observe/monitor", test_monitor);
    qtest_add_func("/asyscall-observe/probe", test_probe);
    qtest_add_func("/asyscall-observe/negotiated", test_negotiated);
    return g_test_run();
}
