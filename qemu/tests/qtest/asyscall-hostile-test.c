/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for asyscall: guests that do not keep to the rules. Each seed
 * is a sequence of nonsense that looks almost right; after it, the device must
 * be there, and a queue pair that was left alone must work.
 */

#include "qemu/osdep.h"
#include "libqtest.h"
#include "asyscall-driver.h"

#define STEPS 2500

static uint64_t one_of(GRand *r, const uint64_t *values, size_t n)
{
    return values[g_rand_int_range(r, 0, n)];
}

static uint64_t some_address(GRand *r, AsyscallDriver *d)
{
    const uint64_t values[] = {
        0, 0x10, ASYSCALL_BASE, ASYSCALL_BASE + PAGE, GUEST_RAM,
        d->control.ring, d->forward, d->next - PAGE, d->next - 5, ~0ull,
        ~0ull - PAGE, 1ull << 38, 1ull << 63, 0x40000000, 0x40001000,
    };

    return one_of(r, values, ARRAY_SIZE(values)) +
           (g_rand_boolean(r) ? g_rand_int_range(r, 0, 5000) : 0);
}

static uint32_t some_number(GRand *r)
{
    static const uint64_t values[] = {
        0, 1, 2, 3, 4, 5, 8, 13, 64, 100, 4096, 65536, 0x7fffffff, 0x80000000,
        0xffffffff, 0xfffff000,
    };

    return one_of(r, values, ARRAY_SIZE(values));
}

/* Handles, fds, opcodes that mean something more often than not. */
static struct io_uring_sqe some_entry(GRand *r, AsyscallDriver *d, bool control)
{
    static const uint64_t opcodes[] = {
        IORING_OP_NOP, IORING_OP_READ, IORING_OP_WRITE, IORING_OP_READV,
        IORING_OP_WRITEV, IORING_OP_FSYNC, IORING_OP_STATX, IORING_OP_TIMEOUT,
        IORING_OP_TIMEOUT_REMOVE, IORING_OP_ASYNC_CANCEL, IORING_OP_OPENAT,
        IORING_OP_CLOSE, IORING_OP_MKDIRAT, IORING_OP_UNLINKAT,
        IORING_OP_RENAMEAT, 200, 255,
    };
    struct io_uring_sqe sqe = {
        .opcode = one_of(r, opcodes, ARRAY_SIZE(opcodes)),
        .flags = g_rand_int_range(r, 0, 3) ? 0 : g_rand_int_range(r, 0, 256),
        .fd = g_rand_int_range(r, 0, 6),
        .off = g_rand_boolean(r) ? some_number(r) : some_address(r, d),
        .addr = g_rand_int_range(r, 0, 4) ? some_address(r, d)
                                          : g_rand_int_range(r, 0, 8),
        .len = some_number(r),
        .rw_flags = g_rand_int_range(r, 0, 4) ? 0 : g_rand_int_range(r, 0, 64),
        .user_data = g_rand_int_range(r, 0, 8),
    };

    if (control && g_rand_boolean(r)) {
        sqe.opcode = g_rand_int_range(r, ASYSCALL_CTL_CREATE,
                                      ASYSCALL_CTL_SET_FLAGS + 2);
        sqe.flags &= g_rand_boolean(r) ? 0 : 0xff;
        /* Queue pair 3 is the one that is left alone. */
        if (sqe.fd == 3) {
            sqe.fd = 1;
        }
        if (sqe.opcode == ASYSCALL_CTL_COMPLETE ||
            sqe.opcode == ASYSCALL_CTL_RESUME) {
            struct io_uring_cqe *event = g_queue_peek_tail(d->events);

            sqe.off = event ? event->user_data : some_address(r, d);
        }
    }
    if (sqe.opcode == IORING_OP_TIMEOUT) {
        sqe.len = 1;
    }
    return sqe;
}

static void drain(AsyscallQueue *q, GRand *r)
{
    struct io_uring_cqe cqe;

    for (unsigned i = 0; i < 100 && asyscall_pop(q, &cqe); i++) {
        if ((cqe.flags & ASYSCALL_CQE_EVENT) && q->index == 0) {
            g_queue_push_tail(q->driver->events, g_memdup2(&cqe, sizeof(cqe)));
        }
    }
    while (g_queue_get_length(q->driver->events) > 16) {
        g_free(g_queue_pop_head(q->driver->events));
    }
    if (g_rand_boolean(r)) {
        asyscall_flush(q);
    }
}

/* Room in the SQ; the control ring is left whole more often than not. */
static bool has_room(AsyscallQueue *q)
{
    return q->sq_tail - asyscall_ring_load(q, RING(device.sq_head)) <
           q->sq_entries;
}

static void push_one(AsyscallQueue *q, GRand *r)
{
    struct io_uring_sqe sqe = some_entry(r, q->driver, q->index == 0);

    if (!has_room(q) && (q->index == 0 || g_rand_int_range(r, 0, 10))) {
        drain(q, r);
        return;
    }
    asyscall_poke(q->driver, asyscall_sqe_at(q, q->sq_tail), &sqe, sizeof(sqe));
    asyscall_ring_store(q, RING(driver.sq_tail), ++q->sq_tail);
    if (g_rand_boolean(r)) {
        asyscall_doorbell(q);
    }
}

static void try_create(AsyscallDriver *d, AsyscallQueue *q, GRand *r)
{
    struct io_uring_sqe sqe = {
        .opcode = g_rand_boolean(r) ? ASYSCALL_CTL_CREATE : ASYSCALL_CTL_MODIFY,
        .fd = q->index, .addr = q->description_at,
    };

    if (g_rand_int_range(r, 0, 3) == 0) {
        q->description.notify_address = some_address(r, d) & ~3ull;
    }
    asyscall_poke(d, q->description_at, &q->description,
                  sizeof(q->description));
    q->sq_tail = asyscall_ring_load(q, RING(driver.sq_tail));
    if (sqe.opcode == ASYSCALL_CTL_CREATE) {
        qtest_memset(d->qts, q->ring, 0, 0x40);
        q->sq_tail = 0;
        q->cq_head = 0;
    }
    if (has_room(&d->control)) {
        asyscall_submit(&d->control, &sqe);
    }
}

static void step(AsyscallDriver *d, AsyscallQueue **q, GRand *r)
{
    AsyscallQueue *victim = g_rand_boolean(r) ? q[g_rand_int_range(r, 0, 2)]
                                              : &d->control;

    switch (g_rand_int_range(r, 0, 20)) {
    case 0:
        if (victim->index && g_rand_int_range(r, 0, 4) == 0) {
            asyscall_ring_store(victim, g_rand_int_range(r, 0, 4) * 4,
                                some_number(r));
        }
        break;
    case 1:
        try_create(d, q[g_rand_int_range(r, 0, 2)], r);
        break;
    case 2:
        qtest_clock_step(d->qts, g_rand_int_range(r, 1, 100000));
        break;
    case 3:
        if (g_rand_int_range(r, 0, 40) == 0) {
            asyscall_write32(d, ASYSCALL_REG_STATUS, 0);
        }
        break;
    case 4:
    case 5:
    case 6:
        drain(victim, r);
        break;
    default:
        push_one(victim, r);
    }
}

/* Whatever happened: bring it up if it is down, and let queue pair 3 work. */
static void check(AsyscallDriver *d, AsyscallQueue **good)
{
    uint32_t status = asyscall_read32(d, ASYSCALL_REG_STATUS);

    if ((status & ASYSCALL_STATUS_NEEDS_RESET) ||
        !(status & ASYSCALL_STATUS_DRIVER_OK)) {
        asyscall_write32(d, ASYSCALL_REG_STATUS, 0);
        asyscall_bring_up(d, d->features);
        asyscall_queue_free(*good);
        *good = asyscall_queue(d, 3, 0);
    }
    asyscall_check_alive(*good, 77);
}

static void run(const char *options, guint32 seed)
{
    AsyscallDriver *d = asyscall_new_export(options);
    GRand *r = g_rand_new_with_seed(seed);
    uint64_t satp = asyscall_satp(d);
    uint64_t memory = asyscall_memory(d, 64 * PAGE);
    AsyscallQueue *good = asyscall_queue(d, 3, 0);
    AsyscallQueue *q[2];

    for (unsigned i = 0; i < 8; i++) {
        asyscall_map(d, satp, 0x40000000 + i * PAGE, memory + i * PAGE,
                     i % 3 ? PTE_USER : 0, 0);
    }
    asyscall_put_file(d, "export/x", "x");
    asyscall_poke(d, memory, "hello", 6);
    for (unsigned i = 0; i < 2; i++) {
        q[i] = asyscall_queue_sized(d, 1 + i, i ? satp : 0, 8, 8);
        for (unsigned fd = 0; fd < 3; fd++) {
            asyscall_set_fd(d, 1 + i, fd, asyscall_open(d, "x", 2, 0),
                            BOTH_RIGHTS);
        }
    }
    for (unsigned i = 0; i < STEPS; i++) {
        step(d, q, r);
        if (i % 500 == 499) {
            check(d, &good);
        }
    }
    asyscall_queue_free(q[0]);
    asyscall_queue_free(q[1]);
    asyscall_queue_free(good);
    g_rand_free(r);
    asyscall_free(d);
}

/* ASYSCALL_SEED=N in the environment tries another sequence. */
static guint32 seed_or(guint32 fixed)
{
    const char *seed = g_getenv("ASYSCALL_SEED");

    return seed ? g_ascii_strtoull(seed, NULL, 0) : fixed;
}

static void test_as_the_host_goes(void)
{
    for (guint32 seed = 1; seed <= 3; seed++) {
        run("", seed_or(0) + seed);
    }
}

static void test_modelled(void)
{
    run("latency=0", seed_or(11));
}

static void test_small(void)
{
    run("max-entries=64,max-handles=8", seed_or(21));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/asyscall-hostile/as-the-host-goes", test_as_the_host_goes);
    qtest_add_func("/asyscall-hostile/modelled", test_modelled);
    qtest_add_func("/asyscall-hostile/small", test_small);
    return g_test_run();
}
