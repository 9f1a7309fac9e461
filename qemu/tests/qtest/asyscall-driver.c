/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A driver for the asyscall device, for its QTest testcases
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include "asyscall-driver.h"

/* Host work takes real time; nothing here takes longer than this. */
#define PATIENCE_US (20 * G_USEC_PER_SEC)

/* ---- registers, memory --------------------------------------------------- */

uint32_t asyscall_read32(AsyscallDriver *d, unsigned reg)
{
    return qtest_readl(d->qts, ASYSCALL_BASE + reg);
}

uint64_t asyscall_read64(AsyscallDriver *d, unsigned reg)
{
    return qtest_readq(d->qts, ASYSCALL_BASE + reg);
}

void asyscall_write32(AsyscallDriver *d, unsigned reg, uint32_t value)
{
    qtest_writel(d->qts, ASYSCALL_BASE + reg, value);
}

void asyscall_write64(AsyscallDriver *d, unsigned reg, uint64_t value)
{
    qtest_writeq(d->qts, ASYSCALL_BASE + reg, value);
}

uint64_t asyscall_memory(AsyscallDriver *d, uint64_t size)
{
    uint64_t at = d->next;

    d->next += ROUND_UP(size, PAGE);
    qtest_memset(d->qts, at, 0, ROUND_UP(size, PAGE));
    return at;
}

uint64_t asyscall_string(AsyscallDriver *d, const char *text)
{
    uint64_t at = asyscall_memory(d, strlen(text) + 1);

    qtest_memwrite(d->qts, at, text, strlen(text) + 1);
    return at;
}

void asyscall_peek(AsyscallDriver *d, uint64_t at, void *buffer, size_t size)
{
    qtest_memread(d->qts, at, buffer, size);
}

void asyscall_poke(AsyscallDriver *d, uint64_t at, const void *buffer,
                   size_t size)
{
    qtest_memwrite(d->qts, at, buffer, size);
}

/* ---- start --------------------------------------------------------------- */

void asyscall_bring_up(AsyscallDriver *d, uint64_t features)
{
    uint32_t status = ASYSCALL_STATUS_ACKNOWLEDGE | ASYSCALL_STATUS_DRIVER;

    d->features = features;
    asyscall_write32(d, ASYSCALL_REG_STATUS, status);
    asyscall_write64(d, ASYSCALL_REG_DRIVER_FEATURES, features);
    status |= ASYSCALL_STATUS_FEATURES_OK;
    asyscall_write32(d, ASYSCALL_REG_STATUS, status);
    g_assert_cmphex(asyscall_read32(d, ASYSCALL_REG_STATUS), ==, status);

    d->control = (AsyscallQueue) {
        .driver = d,
        .sq_entries = CONTROL_ENTRIES,
        .cq_entries = CONTROL_ENTRIES,
        .ring = asyscall_memory(d, asyscall_ring_size(CONTROL_ENTRIES,
                                                      CONTROL_ENTRIES)),
    };
    d->forward = asyscall_memory(d, FORWARD_SLOTS *
                                    sizeof(union asyscall_forward));
    asyscall_write64(d, ASYSCALL_REG_CONTROL_RING, d->control.ring);
    asyscall_write32(d, ASYSCALL_REG_CONTROL_SQ_ENTRIES, CONTROL_ENTRIES);
    asyscall_write32(d, ASYSCALL_REG_CONTROL_CQ_ENTRIES, CONTROL_ENTRIES);
    asyscall_write64(d, ASYSCALL_REG_FORWARD_RING, d->forward);
    asyscall_write32(d, ASYSCALL_REG_FORWARD_ENTRIES, FORWARD_SLOTS);
    status |= ASYSCALL_STATUS_DRIVER_OK;
    asyscall_write32(d, ASYSCALL_REG_STATUS, status);
    g_assert_cmphex(asyscall_read32(d, ASYSCALL_REG_STATUS), ==, status);
}

AsyscallDriver *asyscall_new_args(const char *arguments, const char *options)
{
    AsyscallDriver *d = g_new0(AsyscallDriver, 1);

    d->command_line = g_strdup_printf("-machine virt %s -device asyscall%s%s",
                                      arguments, *options ? "," : "", options);
    d->qts = qtest_init(d->command_line);
    d->next = GUEST_RAM + 0x100000;
    d->events = g_queue_new();
    d->next_user_data = 1;
    asyscall_bring_up(d, asyscall_read64(d, ASYSCALL_REG_DEVICE_FEATURES));
    return d;
}

AsyscallDriver *asyscall_new(const char *options, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, options);
    text = g_strdup_vprintf(options, arguments);
    va_end(arguments);
    return asyscall_new_args("", text);
}

AsyscallDriver *asyscall_new_export(const char *options)
{
    g_autofree char *directory = g_dir_make_tmp("asyscall-XXXXXX", NULL);
    g_autofree char *export = g_build_filename(directory, "export", NULL);
    g_autofree char *hello = g_build_filename(export, "hello", NULL);
    g_autofree char *secret = g_build_filename(directory, "secret", NULL);
    AsyscallDriver *d;

    g_assert_cmpint(g_mkdir(export, 0755), ==, 0);
    g_assert_true(g_file_set_contents(hello, "Hello, world!", -1, NULL));
    g_assert_true(g_file_set_contents(secret, "not yours", -1, NULL));
    d = asyscall_new("queue-pairs=4,export=%s%s%s", export,
                     *options ? "," : "", options);
    d->directory = g_steal_pointer(&directory);
    return d;
}

char *asyscall_host_path(AsyscallDriver *d, const char *name)
{
    return g_build_filename(d->directory, name, NULL);
}

void asyscall_put_file(AsyscallDriver *d, const char *name, const char *text)
{
    g_autofree char *path = asyscall_host_path(d, name);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

char *asyscall_get_file(AsyscallDriver *d, const char *name)
{
    g_autofree char *path = asyscall_host_path(d, name);
    char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

void asyscall_remove_tree(const char *path)
{
    const char *arguments[] = { "rm", "-rf", path, NULL };

    g_spawn_sync(NULL, (char **)arguments, NULL, G_SPAWN_SEARCH_PATH, NULL,
                 NULL, NULL, NULL, NULL, NULL);
}

void asyscall_free(AsyscallDriver *d)
{
    qtest_quit(d->qts);
    if (d->directory) {
        asyscall_remove_tree(d->directory);
        g_free(d->directory);
    }
    g_queue_free_full(d->events, g_free);
    g_free(d->command_line);
    g_free(d);
}

static void asyscall_wait_migrated(QTestState *qts)
{
    for (;;) {
        QDict *answer = qtest_qmp_assert_success_ref(qts,
                            "{ 'execute': 'query-migrate' }");
        const char *status = qdict_get_try_str(answer, "status");
        bool completed = status && g_str_equal(status, "completed");

        g_assert_cmpstr(status ?: "", !=, "failed");
        qobject_unref(answer);
        if (completed) {
            return;
        }
        g_usleep(1000);
    }
}

void asyscall_step(AsyscallDriver *d, int64_t ns)
{
    d->now = qtest_clock_step(d->qts, ns);
}

void asyscall_move(AsyscallDriver *d)
{
    g_autofree char *file = g_strdup_printf("%s/asyscall-%d.migration",
                                            g_get_tmp_dir(), getpid());
    g_autofree char *uri = g_strdup_printf("file:%s", file);

    qtest_qmp_assert_success(d->qts, "{ 'execute': 'migrate',"
                             " 'arguments': { 'uri': %s } }", uri);
    asyscall_wait_migrated(d->qts);
    qtest_quit(d->qts);
    d->qts = qtest_initf("%s -incoming defer", d->command_line);
    if (d->now) {
        qtest_clock_set(d->qts, d->now); /* the tester's clock stays behind */
    }
    qtest_qmp_assert_success(d->qts, "{ 'execute': 'migrate-incoming',"
                             " 'arguments': { 'uri': %s } }", uri);
    asyscall_wait_migrated(d->qts);
    qtest_qmp_eventwait(d->qts, "RESUME");
    unlink(file);
}

/* ---- rings --------------------------------------------------------------- */

uint32_t asyscall_ring_load(AsyscallQueue *q, size_t offset)
{
    return qtest_readl(q->driver->qts, q->ring + offset);
}

void asyscall_ring_store(AsyscallQueue *q, size_t offset, uint32_t value)
{
    qtest_writel(q->driver->qts, q->ring + offset, value);
}

uint64_t asyscall_sqe_at(AsyscallQueue *q, uint32_t index)
{
    return q->ring + asyscall_sq_offset(q->cq_entries) +
           (index & (q->sq_entries - 1)) * sizeof(struct io_uring_sqe);
}

void asyscall_push(AsyscallQueue *q, const struct io_uring_sqe *sqe)
{
    g_assert_cmpuint(q->sq_tail - asyscall_ring_load(q, RING(device.sq_head)),
                     <, q->sq_entries);
    asyscall_poke(q->driver, asyscall_sqe_at(q, q->sq_tail), sqe, sizeof(*sqe));
    asyscall_ring_store(q, RING(driver.sq_tail), ++q->sq_tail);
}

static void asyscall_ring_bell(AsyscallQueue *q, unsigned which)
{
    qtest_writel(q->driver->qts,
                 ASYSCALL_BASE + PAGE * (q->index + 1) + which, 1);
}

void asyscall_doorbell(AsyscallQueue *q)
{
    asyscall_ring_bell(q, ASYSCALL_DOORBELL_SUBMIT);
}

void asyscall_flush(AsyscallQueue *q)
{
    asyscall_ring_bell(q, ASYSCALL_DOORBELL_FLUSH);
}

void asyscall_submit(AsyscallQueue *q, const struct io_uring_sqe *sqe)
{
    asyscall_push(q, sqe);
    asyscall_doorbell(q);
}

bool asyscall_pop(AsyscallQueue *q, struct io_uring_cqe *cqe)
{
    if (asyscall_ring_load(q, RING(device.cq_tail)) == q->cq_head) {
        return false;
    }
    asyscall_peek(q->driver, q->ring + ASYSCALL_CQ_OFFSET +
                  (q->cq_head & (q->cq_entries - 1)) * sizeof(*cqe),
                  cqe, sizeof(*cqe));
    asyscall_ring_store(q, RING(driver.cq_head), ++q->cq_head);
    return true;
}

struct io_uring_cqe asyscall_wait(AsyscallQueue *q)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_US;
    struct io_uring_cqe cqe;

    while (!asyscall_pop(q, &cqe)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(200);
    }
    return cqe;
}

void asyscall_expect(AsyscallQueue *q, uint64_t user_data, int32_t result)
{
    struct io_uring_cqe cqe;

    g_assert_true(asyscall_pop(q, &cqe));
    g_assert_cmphex(cqe.user_data, ==, user_data);
    g_assert_cmpint(cqe.res, ==, result);
    g_assert_cmphex(cqe.flags, ==, 0);
}

void asyscall_expect_nothing(AsyscallQueue *q)
{
    struct io_uring_cqe cqe;

    g_assert_false(asyscall_pop(q, &cqe));
}

void asyscall_push_nops(AsyscallQueue *q, unsigned n, uint64_t user_data)
{
    for (unsigned i = 0; i < n; i++) {
        asyscall_push(q, &(struct io_uring_sqe) {
            .opcode = IORING_OP_NOP, .user_data = user_data + i,
        });
    }
}

void asyscall_check_alive(AsyscallQueue *q, uint64_t user_data)
{
    asyscall_push_nops(q, 1, user_data);
    asyscall_doorbell(q);
    asyscall_expect(q, user_data, 0);
}

int32_t asyscall_call(AsyscallQueue *q, struct io_uring_sqe sqe)
{
    struct io_uring_cqe cqe;

    if (!sqe.user_data) {
        sqe.user_data = q->driver->next_user_data++;
    }
    asyscall_submit(q, &sqe);
    cqe = asyscall_wait(q);
    g_assert_cmphex(cqe.user_data, ==, sqe.user_data);
    return cqe.res;
}

/* ---- ring 0 -------------------------------------------------------------- */

uint64_t asyscall_command_start(AsyscallDriver *d, struct io_uring_sqe sqe)
{
    sqe.user_data = 0xc0000000 + d->next_user_data++;
    asyscall_submit(&d->control, &sqe);
    return sqe.user_data;
}

/* Takes one completion; true if it is the one asked for. */
static bool asyscall_take(AsyscallDriver *d, struct io_uring_cqe cqe,
                          uint64_t user_data, int32_t *result)
{
    if (cqe.flags & ASYSCALL_CQE_EVENT) {
        g_queue_push_tail(d->events, g_memdup2(&cqe, sizeof(cqe)));
        return false;
    }
    g_assert_cmphex(cqe.user_data, ==, user_data);
    *result = cqe.res;
    return true;
}

bool asyscall_command_finished(AsyscallDriver *d, uint64_t user_data,
                               int32_t *result)
{
    struct io_uring_cqe cqe;

    while (asyscall_pop(&d->control, &cqe)) {
        if (asyscall_take(d, cqe, user_data, result)) {
            return true;
        }
    }
    return false;
}

int32_t asyscall_command(AsyscallDriver *d, struct io_uring_sqe sqe)
{
    uint64_t user_data = asyscall_command_start(d, sqe);
    int32_t result;

    while (!asyscall_take(d, asyscall_wait(&d->control), user_data, &result)) {
        /* an event came first */
    }
    return result;
}

bool asyscall_has_event(AsyscallDriver *d)
{
    struct io_uring_cqe cqe;
    int32_t none;

    while (asyscall_pop(&d->control, &cqe)) {
        g_assert_false(asyscall_take(d, cqe, ~0ull, &none));
    }
    return !g_queue_is_empty(d->events);
}

struct io_uring_cqe asyscall_event(AsyscallDriver *d)
{
    g_autofree struct io_uring_cqe *event = NULL;

    g_assert_true(asyscall_has_event(d));
    event = g_queue_pop_head(d->events);
    return *event;
}

void asyscall_read_slot(AsyscallDriver *d, const struct io_uring_cqe *event,
                        union asyscall_forward *slot)
{
    g_assert_cmpint(event->res, >=, 0);
    g_assert_cmpint(event->res, <, FORWARD_SLOTS);
    asyscall_peek(d, d->forward + event->res * sizeof(*slot), slot,
                  sizeof(*slot));
}

int32_t asyscall_complete(AsyscallDriver *d, uint64_t token, int32_t result)
{
    return asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_COMPLETE, .off = token, .len = result,
    });
}

int32_t asyscall_resume(AsyscallDriver *d, uint64_t token, int32_t error)
{
    return asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_RESUME, .off = token, .len = error,
    });
}

int32_t asyscall_open(AsyscallDriver *d, const char *path, uint32_t flags,
                      uint32_t mode)
{
    return asyscall_command(d, (struct io_uring_sqe) {
        .opcode = IORING_OP_OPENAT, .fd = ASYSCALL_HANDLE_EXPORT,
        .addr = asyscall_string(d, path), .len = mode, .open_flags = flags,
    });
}

int32_t asyscall_set_fd(AsyscallDriver *d, unsigned queue_pair, uint32_t fd,
                        uint64_t handle, uint32_t rights)
{
    return asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_SET_FD, .fd = queue_pair, .off = fd,
        .addr = handle, .len = rights,
    });
}

int32_t asyscall_close(AsyscallDriver *d, int handle)
{
    return asyscall_command(d, (struct io_uring_sqe) {
        .opcode = IORING_OP_CLOSE, .fd = handle,
    });
}

int32_t asyscall_control_rw(AsyscallDriver *d, uint8_t opcode, int handle,
                            uint64_t at, uint32_t length, uint64_t offset)
{
    return asyscall_command(d, (struct io_uring_sqe) {
        .opcode = opcode, .fd = handle, .addr = at, .len = length,
        .off = offset,
    });
}

int32_t asyscall_path_command(AsyscallDriver *d, uint8_t opcode,
                              const char *path, uint32_t len, uint32_t flags)
{
    return asyscall_command(d, (struct io_uring_sqe) {
        .opcode = opcode, .fd = ASYSCALL_HANDLE_EXPORT, .len = len,
        .addr = asyscall_string(d, path), .rw_flags = flags,
    });
}

/* ---- queue pairs --------------------------------------------------------- */

AsyscallQueue *asyscall_queue_sized(AsyscallDriver *d, unsigned index,
                                    uint64_t satp, uint32_t sq, uint32_t cq)
{
    AsyscallQueue *q = g_new0(AsyscallQueue, 1);

    q->driver = d;
    q->index = index;
    q->sq_entries = sq;
    q->cq_entries = cq;
    q->ring = asyscall_memory(d, asyscall_ring_size(sq, cq));
    q->description = (struct asyscall_queue_pair) {
        .ring = q->ring,
        .sq_entries = sq,
        .cq_entries = cq,
        .satp = satp,
        .opcodes = { ~0ull, ~0ull, ~0ull, ~0ull },
    };
    q->description_at = asyscall_memory(d, sizeof(q->description));
    asyscall_poke(d, q->description_at, &q->description,
                  sizeof(q->description));
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_CREATE, .fd = index, .addr = q->description_at,
    }), ==, 0);
    return q;
}

AsyscallQueue *asyscall_queue(AsyscallDriver *d, unsigned index, uint64_t satp)
{
    return asyscall_queue_sized(d, index, satp, 16, 32);
}

void asyscall_queue_free(AsyscallQueue *q)
{
    g_free(q);
}

/* ---- page tables --------------------------------------------------------- */

uint64_t asyscall_satp(AsyscallDriver *d)
{
    return 8ull << 60 | asyscall_memory(d, PAGE) >> 12;
}

void asyscall_map(AsyscallDriver *d, uint64_t satp, uint64_t va, uint64_t pa,
                  uint32_t bits, unsigned level)
{
    uint64_t table = (satp & ((1ull << 44) - 1)) << 12;

    for (unsigned at = 2; at > level; at--) {
        uint64_t entry = table + ((va >> (12 + 9 * at)) & 0x1ff) * 8;
        uint64_t pte = qtest_readq(d->qts, entry);

        if (!(pte & PTE_V)) {
            pte = asyscall_memory(d, PAGE) >> 12 << 10 | PTE_V;
            qtest_writeq(d->qts, entry, pte);
        }
        table = pte >> 10 << 12;
    }
    qtest_writeq(d->qts, table + ((va >> (12 + 9 * level)) & 0x1ff) * 8,
                 pa >> 12 << 10 | bits);
}
