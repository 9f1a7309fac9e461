/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for asyscall: virtual addresses, faults, long transfers
 */

#include "qemu/osdep.h"
#include "libqtest.h"
#include "asyscall-driver.h"

#define MIB         0x100000ull
#define VA          0x10000000ull
#define FD          5

/* A queue pair bound to an address space, with "hello" as its FD. */
typedef struct Process {
    AsyscallDriver *d;
    AsyscallQueue *q;
    uint64_t satp;
} Process;

static Process process_start(const char *options)
{
    Process p = { .d = asyscall_new_export(options) };
    int handle = asyscall_open(p.d, "hello", GUEST_O_RDWR, 0);

    p.satp = asyscall_satp(p.d);
    p.q = asyscall_queue(p.d, 1, p.satp);
    g_assert_cmpint(asyscall_set_fd(p.d, 1, FD, handle, BOTH_RIGHTS), ==, 0);
    return p;
}

static void process_stop(Process *p)
{
    asyscall_queue_free(p->q);
    asyscall_free(p->d);
}

static struct io_uring_sqe read_into(uint64_t va, uint32_t length)
{
    return (struct io_uring_sqe) {
        .opcode = IORING_OP_READ, .fd = FD, .addr = va, .len = length,
        .user_data = va,
    };
}

static struct io_uring_sqe write_from(uint64_t va, uint32_t length)
{
    return (struct io_uring_sqe) {
        .opcode = IORING_OP_WRITE, .fd = FD, .addr = va, .len = length,
        .user_data = va,
    };
}

/* The request faults at @va; the token to answer with. */
static uint64_t expect_fault(Process *p, uint64_t va, uint32_t access)
{
    struct io_uring_cqe event = asyscall_event(p->d);
    union asyscall_forward slot;

    g_assert_cmpuint(ASYSCALL_CQE_EVENT_KIND(event.flags), ==,
                     ASYSCALL_EVENT_FAULT);
    g_assert_cmpuint(ASYSCALL_TOKEN_QUEUE_PAIR(event.user_data), ==, 1);
    asyscall_read_slot(p->d, &event, &slot);
    g_assert_cmphex(slot.fault.address, ==, va);
    g_assert_cmpuint(slot.fault.access, ==, access);
    asyscall_expect_nothing(p->q);
    return event.user_data;
}

static void test_translate(void)
{
    Process p = process_start("");
    uint64_t a = asyscall_memory(p.d, PAGE), b, c;
    char text[16] = "";

    asyscall_memory(p.d, PAGE);
    b = asyscall_memory(p.d, PAGE);
    c = asyscall_memory(p.d, PAGE);
    /* Two pages that are neighbours only to the process, and two that are. */
    asyscall_map(p.d, p.satp, VA, b, PTE_USER, 0);
    asyscall_map(p.d, p.satp, VA + PAGE, a, PTE_USER, 0);
    asyscall_map(p.d, p.satp, VA + 2 * PAGE, b, PTE_USER, 0);
    asyscall_map(p.d, p.satp, VA + 3 * PAGE, c, PTE_USER, 0);

    g_assert_cmpint(asyscall_call(p.q, read_into(VA + PAGE - 6, 13)), ==, 13);
    asyscall_peek(p.d, b + PAGE - 6, text, 6);
    g_assert_cmpstr(text, ==, "Hello,");
    asyscall_peek(p.d, a, text, 7);
    g_assert_cmpmem(text, 7, " world!", 7);
    g_assert_cmpint(asyscall_call(p.q, read_into(VA + 3 * PAGE - 6, 13)), ==,
                    13);
    asyscall_peek(p.d, c, text, 7);
    g_assert_cmpmem(text, 7, " world!", 7);
    process_stop(&p);
}

static void test_superpages(void)
{
    Process p = process_start("");
    uint64_t frame = GUEST_RAM + 4 * MIB;
    char text[14] = "";

    /* 2 MiB pages, and a 1 GiB page over all of RAM. */
    asyscall_map(p.d, p.satp, 0x40000000, frame, PTE_USER, 1);
    asyscall_map(p.d, p.satp, 0x80000000, GUEST_RAM, PTE_USER, 2);
    /* one that is misaligned */
    asyscall_map(p.d, p.satp, 0x40200000, frame + PAGE, PTE_USER, 1);

    g_assert_cmpint(asyscall_call(p.q, read_into(0x40012345, 13)), ==, 13);
    asyscall_peek(p.d, frame + 0x12345, text, 13);
    g_assert_cmpstr(text, ==, "Hello, world!");
    g_assert_cmpint(asyscall_call(p.q, read_into(0x80654321, 13)), ==, 13);
    asyscall_peek(p.d, GUEST_RAM + 0x654321, text, 13);
    g_assert_cmpstr(text, ==, "Hello, world!");
    {
        struct io_uring_sqe sqe = read_into(0x40200000, 13);

        asyscall_submit(p.q, &sqe);
        asyscall_resume(p.d, expect_fault(&p, 0x40200000,
                                          ASYSCALL_RIGHT_WRITE), -EFAULT);
        asyscall_expect(p.q, 0x40200000, -EFAULT);
    }
    process_stop(&p);
}

static void test_permissions(void)
{
    static const struct {
        uint64_t bits;
        bool reads, writes;     /* by the device */
    } pages[] = {
        { PTE_USER, true, true },
        { PTE_USER & ~PTE_V, false, false },
        { PTE_USER & ~PTE_U, false, false },
        { PTE_USER & ~PTE_W, true, false },
        { PTE_USER & ~PTE_R, false, false },
        { PTE_USER & ~PTE_A, false, false },
        { PTE_USER & ~PTE_D, true, false },
        { PTE_V | PTE_U | PTE_A | PTE_D | 0x8 /* X */, false, false },
        { 0, false, false },
    };
    Process p = process_start("");
    uint64_t frame = asyscall_memory(p.d, PAGE);

    for (unsigned i = 0; i < ARRAY_SIZE(pages); i++) {
        uint64_t va = VA + i * PAGE;
        struct io_uring_sqe out = write_from(va, 1), in = read_into(va, 1);

        asyscall_map(p.d, p.satp, va, frame, pages[i].bits, 0);
        asyscall_submit(p.q, &out);
        if (pages[i].reads) {
            g_assert_cmpint(asyscall_wait(p.q).res, ==, 1);
        } else {
            uint64_t token = expect_fault(&p, va, ASYSCALL_RIGHT_READ);

            g_assert_cmpint(asyscall_resume(p.d, token, -EACCES), ==, 0);
            asyscall_expect(p.q, va, -EACCES);
        }
        asyscall_submit(p.q, &in);
        if (pages[i].writes) {
            g_assert_cmpint(asyscall_wait(p.q).res, ==, 1);
        } else {
            uint64_t token = expect_fault(&p, va, ASYSCALL_RIGHT_WRITE);

            g_assert_cmpint(asyscall_resume(p.d, token, -EFAULT), ==, 0);
            asyscall_expect(p.q, va, -EFAULT);
        }
        g_assert_false(asyscall_has_event(p.d));
    }
    process_stop(&p);
}

static void test_fault_and_resume(void)
{
    Process p = process_start("");
    uint64_t frames = asyscall_memory(p.d, 3 * PAGE);
    struct io_uring_sqe sqe = read_into(VA + PAGE - 6, 13);
    uint64_t token;
    char text[14] = "";

    asyscall_submit(p.q, &sqe);
    token = expect_fault(&p, VA + PAGE - 6, ASYSCALL_RIGHT_WRITE);
    /* Answered, but nothing is different: it faults again. */
    g_assert_cmpint(asyscall_resume(p.d, token, 0), ==, 0);
    token = expect_fault(&p, VA + PAGE - 6, ASYSCALL_RIGHT_WRITE);
    asyscall_map(p.d, p.satp, VA, frames + PAGE, PTE_USER, 0);
    g_assert_cmpint(asyscall_resume(p.d, token, 0), ==, 0);
    token = expect_fault(&p, VA + PAGE, ASYSCALL_RIGHT_WRITE);
    asyscall_map(p.d, p.satp, VA + PAGE, frames, PTE_USER, 0);
    g_assert_cmpint(asyscall_resume(p.d, token, 0), ==, 0);
    g_assert_cmpint(asyscall_wait(p.q).res, ==, 13);
    asyscall_peek(p.d, frames + 2 * PAGE - 6, text, 6);
    asyscall_peek(p.d, frames, text + 6, 7);
    g_assert_cmpstr(text, ==, "Hello, world!");

    /* Said twice: the second one knows nothing. */
    g_assert_cmpint(asyscall_resume(p.d, token, 0), ==, -ENOENT);
    g_assert_cmpint(asyscall_complete(p.d, token, 0), ==, -ENOENT);
    asyscall_expect_nothing(p.q);
    process_stop(&p);
}

static void test_hopeless_addresses(void)
{
    Process p = process_start("");
    uint64_t page = asyscall_memory(p.d, PAGE);

    /* No kernel could make these good: no event, an answer at once. */
    g_assert_cmpint(asyscall_call(p.q, read_into(1ull << 40, 1)), ==, -EFAULT);
    g_assert_cmpint(asyscall_call(p.q, read_into(1ull << 38, 1)), ==, -EFAULT);
    g_assert_cmpint(asyscall_call(p.q, read_into(-5, 13)), ==, -EFAULT);
    /* A page that is not memory: the device's own registers. */
    asyscall_map(p.d, p.satp, VA, ASYSCALL_BASE, PTE_USER, 0);
    g_assert_cmpint(asyscall_call(p.q, read_into(VA, 13)), ==, -EFAULT);
    g_assert_cmpint(asyscall_call(p.q, write_from(VA, 13)), ==, -EFAULT);
    /* Half good: as Linux, what was possible. */
    asyscall_map(p.d, p.satp, VA, page, PTE_USER, 0);
    asyscall_map(p.d, p.satp, VA + PAGE, 0x1000, PTE_USER, 0);
    g_assert_cmpint(asyscall_call(p.q, read_into(VA + PAGE - 6, 13)), ==, 6);
    /* Tables that are not memory. */
    asyscall_map(p.d, p.satp, 0x40000000, 0x1000, PTE_V, 2);
    g_assert_false(asyscall_has_event(p.d));
    process_stop(&p);
}

static void test_vector_is_copied(void)
{
    Process p = process_start("");
    uint64_t frames = asyscall_memory(p.d, 2 * PAGE);
    uint64_t vec[4] = { VA, 5, VA + PAGE, 8 };
    struct io_uring_sqe sqe = {
        .opcode = IORING_OP_READV, .fd = FD, .addr = VA + 0x800, .len = 2,
        .user_data = 1,
    };
    uint64_t token;
    char text[14] = "";

    /* The second buffer faults; meanwhile the array and entry are changed. */
    asyscall_map(p.d, p.satp, VA, frames, PTE_USER, 0);
    asyscall_poke(p.d, frames + 0x800, vec, sizeof(vec));
    asyscall_submit(p.q, &sqe);
    token = expect_fault(&p, VA + PAGE, ASYSCALL_RIGHT_WRITE);
    vec[0] = VA + 0x100;
    vec[1] = 0x7fffffff;
    vec[2] = ~0ull;
    asyscall_poke(p.d, frames + 0x800, vec, sizeof(vec));
    sqe.len = 1024;
    sqe.fd = 77;
    sqe.user_data = 666;
    asyscall_poke(p.d, asyscall_sqe_at(p.q, 0), &sqe, sizeof(sqe));
    asyscall_map(p.d, p.satp, VA + PAGE, frames + PAGE, PTE_USER, 0);
    g_assert_cmpint(asyscall_resume(p.d, token, 0), ==, 0);
    {
        struct io_uring_cqe cqe = asyscall_wait(p.q);

        g_assert_cmphex(cqe.user_data, ==, 1);
        g_assert_cmpint(cqe.res, ==, 13);
    }
    asyscall_peek(p.d, frames, text, 5);
    asyscall_peek(p.d, frames + PAGE, text + 5, 8);
    g_assert_cmpstr(text, ==, "Hello, world!");
    process_stop(&p);
}

static void test_tables_change(void)
{
    Process p = process_start("");
    uint64_t frames = asyscall_memory(p.d, 2 * PAGE);
    char text[14] = "";

    /* Nothing of a walk is kept: the next request sees the new table. */
    for (unsigned i = 0; i < 6; i++) {
        uint64_t frame = frames + i % 2 * PAGE;

        asyscall_map(p.d, p.satp, VA, frame, PTE_USER, 0);
        qtest_memset(p.d->qts, frames, 0, 2 * PAGE);
        g_assert_cmpint(asyscall_call(p.q, read_into(VA, 13)), ==, 13);
        asyscall_peek(p.d, frame, text, 13);
        g_assert_cmpstr(text, ==, "Hello, world!");
        g_assert_cmpuint(qtest_readl(p.d->qts, frames + (1 - i % 2) * PAGE), ==,
                         0);
    }
    process_stop(&p);
}

/* Pages in an order of their own, so that each is a piece of its own. */
static void scatter(Process *p, uint64_t frames, unsigned pages)
{
    for (unsigned i = 0; i < pages; i++) {
        asyscall_map(p->d, p->satp, VA + i * PAGE,
                     frames + (pages - 1 - i) * PAGE, PTE_USER, 0);
    }
}

static void test_long_transfer(void)
{
    enum { PAGES = 700, LENGTH = PAGES * 4096 - 100 };
    Process p = process_start("");
    uint64_t frames;
    g_autofree char *sent = g_malloc(LENGTH + 1);
    g_autofree char *got = NULL;
    struct io_uring_sqe sqe = write_from(VA + 50, LENGTH);

    p.d->next = GUEST_RAM + 16 * MIB;
    frames = asyscall_memory(p.d, PAGES * PAGE);
    scatter(&p, frames, PAGES);
    for (unsigned i = 0; i < LENGTH; i++) {
        sent[i] = 'a' + (i * 31 + i / 4096) % 26;
    }
    sent[LENGTH] = 0;
    for (unsigned i = 0; i < PAGES; i++) {
        unsigned from = i ? i * PAGE - 50 : 0;
        unsigned n = MIN(i ? PAGE : PAGE - 50, LENGTH - from);

        asyscall_poke(p.d, frames + (PAGES - 1 - i) * PAGE + (i ? 0 : 50),
                      sent + from, n);
    }
    g_assert_cmpint(asyscall_call(p.q, sqe), ==, LENGTH);
    got = asyscall_get_file(p.d, "export/hello");
    g_assert_true(g_str_equal(got, sent));

    /* A read past the end is short, in whichever chunk that is. */
    g_assert_cmpint(asyscall_call(p.q, read_into(VA, PAGES * PAGE)), ==,
                    LENGTH);
    sqe = read_into(VA, 1 * MIB);
    sqe.off = LENGTH - 5;
    g_assert_cmpint(asyscall_call(p.q, sqe), ==, 5);

    /* A fault in a late chunk; given up there, the result is what was done. */
    asyscall_map(p.d, p.satp, VA + 600 * PAGE, 0, 0, 0);
    sqe = read_into(VA, PAGES * PAGE);
    asyscall_submit(p.q, &sqe);
    while (!asyscall_has_event(p.d)) {
        g_usleep(100);
    }
    asyscall_resume(p.d, expect_fault(&p, VA + 600 * PAGE,
                                      ASYSCALL_RIGHT_WRITE), -EFAULT);
    g_assert_cmpint(asyscall_wait(p.q).res, ==, 512 * PAGE);
    process_stop(&p);
}

static void test_invalidate(void)
{
    Process p = process_start("");
    uint64_t frame = asyscall_memory(p.d, PAGE);
    struct io_uring_sqe sqe = read_into(VA, 13);

    asyscall_map(p.d, p.satp, VA, frame, PTE_USER, 0);
    for (unsigned i = 0; i < 20; i++) {
        asyscall_submit(p.q, &sqe);
        /* Answered when no page of it is used any more. */
        asyscall_map(p.d, p.satp, VA, 0, 0, 0);
        g_assert_cmpint(asyscall_command(p.d, (struct io_uring_sqe) {
            .opcode = ASYSCALL_CTL_INVALIDATE, .fd = 1, .addr = VA,
            .off = PAGE, .len = i % 2,
        }), ==, 0);
        qtest_memset(p.d->qts, frame, 0x11, PAGE);
        {
            int32_t result = asyscall_wait(p.q).res;

            g_assert_true(result == 13 || (i % 2 && result == -ECANCELED));
        }
        g_assert_cmphex(qtest_readq(p.d->qts, frame), ==, 0x1111111111111111);
        asyscall_map(p.d, p.satp, VA, frame, PTE_USER, 0);
    }
    process_stop(&p);
}

/*
 * A request that goes on from the range into a fault does not use the range any
 * more: the kernel may send INVALIDATE before it serves the fault.
 */
static void test_invalidate_before_fault(void)
{
    enum { PAGES = 300 };
    Process p = process_start("");
    uint64_t frames = asyscall_memory(p.d, PAGES * PAGE);
    g_autofree char *text = g_strnfill(PAGES * PAGE, 'x');

    asyscall_put_file(p.d, "export/long", text);
    asyscall_set_fd(p.d, 1, FD, asyscall_open(p.d, "long", GUEST_O_RDWR, 0),
                    BOTH_RIGHTS);
    for (unsigned i = 0; i < 20; i++) {
        struct io_uring_sqe sqe = read_into(VA, PAGES * PAGE);

        scatter(&p, frames, PAGES);
        asyscall_map(p.d, p.satp, VA + 280 * PAGE, 0, 0, 0);
        asyscall_submit(p.q, &sqe);
        g_assert_cmpint(asyscall_command(p.d, (struct io_uring_sqe) {
            .opcode = ASYSCALL_CTL_INVALIDATE, .fd = 1, .addr = VA, .off = PAGE,
        }), ==, 0);
        while (!asyscall_has_event(p.d)) {
            g_usleep(100);
        }
        asyscall_map(p.d, p.satp, VA + 280 * PAGE, frames, PTE_USER, 0);
        asyscall_resume(p.d, expect_fault(&p, VA + 280 * PAGE,
                                          ASYSCALL_RIGHT_WRITE), 0);
        g_assert_cmpint(asyscall_wait(p.q).res, ==, PAGES * PAGE);
    }
    process_stop(&p);
}

static void test_sv39_only_if_negotiated(void)
{
    AsyscallDriver *d = asyscall_new("queue-pairs=4");
    struct asyscall_queue_pair description = {
        .sq_entries = 8, .cq_entries = 8,
    };
    uint64_t at;

    asyscall_write32(d, ASYSCALL_REG_STATUS, 0);
    asyscall_bring_up(d, 0);
    at = asyscall_memory(d, PAGE);
    description.ring = asyscall_memory(d, PAGE);
    description.satp = asyscall_satp(d);
    asyscall_poke(d, at, &description, sizeof(description));
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_CREATE, .fd = 1, .addr = at,
    }), ==, -EINVAL);
    asyscall_free(d);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/asyscall-memory/translate", test_translate);
    qtest_add_func("/asyscall-memory/superpages", test_superpages);
    qtest_add_func("/asyscall-memory/permissions", test_permissions);
    qtest_add_func("/asyscall-memory/fault-and-resume", test_fault_and_resume);
    qtest_add_func("/asyscall-memory/hopeless-addresses",
                   test_hopeless_addresses);
    qtest_add_func("/asyscall-memory/vector-is-copied-once",
                   test_vector_is_copied);
    qtest_add_func("/asyscall-memory/tables-may-change", test_tables_change);
    qtest_add_func("/asyscall-memory/long-transfer", test_long_transfer);
    qtest_add_func("/asyscall-memory/invalidate", test_invalidate);
    qtest_add_func("/asyscall-memory/released-before-a-fault",
                   test_invalidate_before_fault);
    qtest_add_func("/asyscall-memory/sv39-only-if-negotiated",
                   test_sv39_only_if_negotiated);
    return g_test_run();
}
