/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for asyscall: the machine is saved and loaded in another
 * process with requests in flight
 */

#include "qemu/osdep.h"
#include "libqtest.h"
#include "asyscall-driver.h"

#define SECOND 1000000000ll
#define FOREIGN 200
#define VA 0x10000000ull

/* ---- every kind of request, 256 at a time -------------------------------- */

enum { TIMERS = 100, LIMITED = 50, CHAINS = 20, FORWARDED = 16, ALL = 256 };

typedef struct Flight {
    AsyscallDriver *d;
    AsyscallQueue *q;
    uint64_t at;
    unsigned seen[ALL];
    int32_t result[ALL];
    unsigned answered;
} Flight;

static void push_timer(Flight *f, uint8_t opcode, int64_t ns, uint8_t flags,
                       uint64_t user_data)
{
    qtest_writeq(f->d->qts, f->at, ns / SECOND);
    qtest_writeq(f->d->qts, f->at + 8, ns % SECOND);
    asyscall_push(f->q, &(struct io_uring_sqe) {
        .opcode = opcode, .addr = f->at, .len = 1, .flags = flags,
        .user_data = user_data,
    });
    f->at += 16;
}

static void push_all(Flight *f)
{
    unsigned n = 0;

    for (unsigned i = 0; i < TIMERS; i++, n++) {
        push_timer(f, IORING_OP_TIMEOUT, 1000 + i * 1000, 0, n);
    }
    for (unsigned i = 0; i < LIMITED; i++, n += 2) { /* half of them in time */
        push_timer(f, IORING_OP_TIMEOUT, 50500, IOSQE_IO_LINK, n);
        push_timer(f, IORING_OP_LINK_TIMEOUT, i % 2 ? 20500 : 70500, 0, n + 1);
    }
    for (unsigned i = 0; i < CHAINS; i++, n += 2) {
        push_timer(f, IORING_OP_TIMEOUT, 30500 + i, IOSQE_IO_HARDLINK, n);
        asyscall_push_nops(f->q, 1, n + 1);
    }
    /* More than there are slots: some wait for one, some in the SQ. */
    for (; n < ALL; n++) {
        asyscall_push(f->q, &(struct io_uring_sqe) {
            .opcode = FOREIGN, .user_data = n,
        });
    }
    asyscall_doorbell(f->q);
}

static void collect(Flight *f)
{
    struct io_uring_cqe cqe;

    while (asyscall_pop(f->q, &cqe)) {
        g_assert_cmpuint(cqe.user_data, <, ALL);
        f->seen[cqe.user_data]++;
        f->result[cqe.user_data] = cqe.res;
    }
}

static void answer(Flight *f, unsigned n)
{
    while (n-- && asyscall_has_event(f->d)) {
        struct io_uring_cqe event = asyscall_event(f->d);

        g_assert_cmpint(asyscall_complete(f->d, event.user_data,
                                          7 + f->answered++), ==, 0);
    }
}

static void check_all(Flight *f)
{
    unsigned n = 0;

    for (unsigned i = 0; i < ALL; i++) {
        g_assert_cmpuint(f->seen[i], ==, 1);
    }
    for (unsigned i = 0; i < TIMERS; i++, n++) {
        g_assert_cmpint(f->result[n], ==, -ETIME);
    }
    for (unsigned i = 0; i < LIMITED; i++, n += 2) {
        g_assert_cmpint(f->result[n], ==, i % 2 ? -ECANCELED : -ETIME);
        g_assert_cmpint(f->result[n + 1], ==, i % 2 ? -ETIME : -ECANCELED);
    }
    for (unsigned i = 0; i < CHAINS; i++, n += 2) {
        g_assert_cmpint(f->result[n], ==, -ETIME);
        g_assert_cmpint(f->result[n + 1], ==, 0);
    }
    for (unsigned i = 0; i < FORWARDED; i++, n++) {
        g_assert_cmpint(f->result[n], ==, 7 + i);
    }
}

/* Moved at several moments; each request ends once, and at its time. */
static void test_in_flight(void)
{
    for (unsigned moment = 0; moment < 4; moment++) {
        Flight f = { .d = asyscall_new("queue-pairs=4") };

        f.q = asyscall_queue_sized(f.d, 1, 0, ALL, 2 * ALL);
        f.at = asyscall_memory(f.d, 2 * PAGE);
        push_all(&f);
        if (moment == 1) {
            answer(&f, 3);
        }
        if (moment) {
            asyscall_step(f.d, moment * 20000);
        }
        asyscall_move(f.d);
        if (moment == 3) {
            asyscall_move(f.d);
        }
        collect(&f);
        for (unsigned i = 0; i < 20 + moment * 20 && i < TIMERS; i++) {
            g_assert_cmpuint(f.seen[i], ==, i < moment * 20);
        }
        asyscall_step(f.d, 100000 - moment * 20000 - 1);
        collect(&f);
        g_assert_cmpuint(f.seen[TIMERS - 1], ==, 0);
        answer(&f, FORWARDED);
        asyscall_step(f.d, 1);
        collect(&f);
        check_all(&f);
        asyscall_check_alive(f.q, 1000);
        asyscall_queue_free(f.q);
        asyscall_free(f.d);
    }
}

/* A CQ that is full; what waits behind it comes after the move, in order. */
static void test_overflow(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    AsyscallQueue *q = asyscall_queue_sized(d, 1, 0, 64, 64);

    for (unsigned i = 0; i < 3; i++) {
        asyscall_push_nops(q, 64, i * 64);
        asyscall_doorbell(q);
    }
    asyscall_move(d);
    g_assert_cmpuint(asyscall_ring_load(q, RING(device.overflowed)), ==, 128);
    for (unsigned i = 0; i < 3 * 64; i++) {
        if (i % 64 == 0) {
            asyscall_flush(q);
        }
        asyscall_expect(q, i, 0);
    }
    asyscall_flush(q);
    g_assert_cmpuint(asyscall_ring_load(q, RING(device.flags)), ==, 0);
    asyscall_expect_nothing(q);
    asyscall_queue_free(q);
    asyscall_free(d);
}

/* ---- files --------------------------------------------------------------- */

static void push_read(AsyscallQueue *q, int fd, uint64_t at, uint32_t length,
                      uint64_t offset, uint64_t user_data)
{
    asyscall_push(q, &(struct io_uring_sqe) {
        .opcode = IORING_OP_READ, .fd = fd, .addr = at, .len = length,
        .off = offset, .user_data = user_data,
    });
}

static void test_files(void)
{
    AsyscallDriver *d = asyscall_new_export("");
    AsyscallQueue *q = asyscall_queue_sized(d, 1, 0, 256, 512);
    uint64_t at = asyscall_memory(d, 256 * 16);
    g_autofree char *lost = NULL, *text = NULL;
    int hello, log, gone, closed;
    char buffer[16] = "";

    asyscall_put_file(d, "export/gone", "not for long");
    asyscall_put_file(d, "export/log", "a");
    closed = asyscall_open(d, "hello", GUEST_O_RDONLY, 0);
    hello = asyscall_open(d, "hello", GUEST_O_RDONLY, 0);
    log = asyscall_open(d, "log", GUEST_O_WRONLY | GUEST_O_APPEND, 0);
    gone = asyscall_open(d, "gone", GUEST_O_RDONLY, 0);
    asyscall_set_fd(d, 1, 5, hello, ASYSCALL_RIGHT_READ);
    asyscall_set_fd(d, 1, 6, log, ASYSCALL_RIGHT_WRITE);
    asyscall_set_fd(d, 1, 7, gone, ASYSCALL_RIGHT_READ);
    /* Held by the map alone. */
    asyscall_set_fd(d, 1, 8, closed, ASYSCALL_RIGHT_READ);
    g_assert_cmpint(asyscall_close(d, closed), ==, 0);
    /* The position goes along, too. */
    push_read(q, 5, at, 7, -1, 1);
    asyscall_doorbell(q);
    g_assert_cmpint(asyscall_wait(q).res, ==, 7);
    /* Host work that has begun when the machine stops. */
    for (unsigned i = 0; i < 250; i++) {
        push_read(q, 8, at + i * 16, 13, 0, i);
    }
    asyscall_doorbell(q);
    lost = asyscall_host_path(d, "export/gone");
    unlink(lost);
    asyscall_put_file(d, "export/gone", "another one");
    asyscall_move(d);

    for (unsigned i = 0; i < 250; i++) {
        struct io_uring_cqe cqe = asyscall_wait(q);

        g_assert_cmpint(cqe.res, ==, 13);
        asyscall_peek(d, at + cqe.user_data * 16, buffer, 13);
        g_assert_cmpstr(buffer, ==, "Hello, world!");
        qtest_memset(d->qts, at + cqe.user_data * 16, 0, 13);
    }
    asyscall_expect_nothing(q);
    push_read(q, 5, at, 13, -1, 2);
    asyscall_doorbell(q);
    g_assert_cmpint(asyscall_wait(q).res, ==, 6);
    memset(buffer, 0, sizeof(buffer));
    asyscall_peek(d, at, buffer, 6);
    g_assert_cmpstr(buffer, ==, "world!");

    qtest_memwrite(d->qts, at, "bc", 2);
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_WRITE, .fd = 6, .addr = at, .len = 2,
    }), ==, 2);
    text = asyscall_get_file(d, "export/log");
    g_assert_cmpstr(text, ==, "abc");

    /* Another file has its name: it is not that one. */
    push_read(q, 7, at, 13, 0, 3);
    asyscall_doorbell(q);
    g_assert_cmpint(asyscall_wait(q).res, ==, -ESTALE);
    g_assert_cmpint(asyscall_control_rw(d, IORING_OP_READ, gone, at, 1, 0), ==,
                    -ESTALE);

    /* Numbers mean what they meant. */
    g_assert_cmpint(asyscall_close(d, closed), ==, -EBADF);
    g_assert_cmpint(asyscall_close(d, hello), ==, 0);
    g_assert_cmpint(asyscall_open(d, "hello", GUEST_O_RDONLY, 0), !=, hello);
    asyscall_queue_free(q);
    asyscall_free(d);
}

/* Modelled: a completion shows at the time at which it would have. */
static void test_latency(void)
{
    AsyscallDriver *d = asyscall_new_export("latency=5000");
    AsyscallQueue *q = &d->control;
    uint64_t at = asyscall_memory(d, PAGE);
    char text[14] = "";

    asyscall_submit(q, &(struct io_uring_sqe) {
        .opcode = IORING_OP_OPENAT, .fd = ASYSCALL_HANDLE_EXPORT,
        .addr = asyscall_string(d, "hello"), .user_data = 1,
    });
    asyscall_step(d, 5000);
    push_read(q, asyscall_wait(q).res, at, 13, 0, 2);
    asyscall_doorbell(q);
    asyscall_step(d, 2000);
    asyscall_move(d);
    asyscall_expect_nothing(q);
    asyscall_step(d, 2999);
    asyscall_expect_nothing(q);
    asyscall_step(d, 1);
    asyscall_expect(q, 2, 13);
    asyscall_peek(d, at, text, 13);
    g_assert_cmpstr(text, ==, "Hello, world!");
    asyscall_free(d);
}

/* ---- what waits for the kernel ------------------------------------------- */

static void test_fault(void)
{
    AsyscallDriver *d = asyscall_new_export("");
    uint64_t satp = asyscall_satp(d), frame = asyscall_memory(d, PAGE);
    AsyscallQueue *q = asyscall_queue(d, 1, satp);
    struct io_uring_cqe event;
    uint64_t command, token;
    char text[14] = "";
    int32_t result;

    asyscall_set_fd(d, 1, 0, asyscall_open(d, "hello", 0, 0), BOTH_RIGHTS);
    push_read(q, 0, VA, 13, 0, 1);
    asyscall_doorbell(q);
    event = asyscall_event(d);
    /* A command that waits for it, and an answer that is owed to nobody. */
    command = asyscall_command_start(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_QUIESCE, .fd = 1,
    });
    asyscall_move(d);
    g_assert_false(asyscall_command_finished(d, command, &result));
    asyscall_map(d, satp, VA, frame, PTE_USER, 0);
    g_assert_cmpint(asyscall_resume(d, event.user_data, 0), ==, 0);
    g_assert_cmpint(asyscall_wait(q).res, ==, 13);
    asyscall_peek(d, frame, text, 13);
    g_assert_cmpstr(text, ==, "Hello, world!");
    g_assert_true(asyscall_command_finished(d, command, &result));
    g_assert_cmpint(result, ==, 0);
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_CONTINUE, .fd = 1,
    }), ==, 0);

    asyscall_submit(q, &(struct io_uring_sqe) { .opcode = FOREIGN });
    token = asyscall_event(d).user_data;
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_DESTROY, .fd = 1,
    }), ==, 0);
    asyscall_event(d); /* CANCEL */
    asyscall_move(d);
    g_assert_cmpint(asyscall_complete(d, token, 0), ==, -ENOENT);
    asyscall_queue_free(q);
    /* All slots are there again. */
    q = asyscall_queue(d, 1, 0);
    for (unsigned i = 0; i <= FORWARD_SLOTS; i++) {
        asyscall_submit(q, &(struct io_uring_sqe) { .opcode = FOREIGN });
        g_assert_cmpint(asyscall_has_event(d), ==, i < FORWARD_SLOTS);
        if (i < FORWARD_SLOTS) {
            asyscall_event(d);
        }
    }
    asyscall_queue_free(q);
    asyscall_free(d);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/asyscall-migration/in-flight", test_in_flight);
    qtest_add_func("/asyscall-migration/overflow", test_overflow);
    qtest_add_func("/asyscall-migration/files", test_files);
    qtest_add_func("/asyscall-migration/latency-is-exact", test_latency);
    qtest_add_func("/asyscall-migration/kernel-answers", test_fault);
    return g_test_run();
}
