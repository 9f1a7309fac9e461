/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for asyscall: the exported directory, handles, routing
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include "libqtest.h"
#include "asyscall-driver.h"

/* ---- plain use ----------------------------------------------------------- */

static void test_read(void)
{
    AsyscallDriver *d = asyscall_new_export("");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    uint64_t at = asyscall_memory(d, PAGE);
    int handle = asyscall_open(d, "hello", GUEST_O_RDONLY, 0);
    char text[16] = "";

    g_assert_cmpint(handle, >, ASYSCALL_HANDLE_EXPORT);
    g_assert_cmpint(asyscall_set_fd(d, 1, 7, handle, ASYSCALL_RIGHT_READ), ==,
                    0);
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_READ, .fd = 7, .addr = at, .len = 5, .off = 7,
    }), ==, 5);
    asyscall_peek(d, at, text, sizeof(text));
    g_assert_cmpstr(text, ==, "world");

    /* -1 is the file position, which moves; at the end there is nothing. */
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_READ, .fd = 7, .addr = at, .len = 8, .off = -1,
    }), ==, 8);
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_READ, .fd = 7, .addr = at, .len = 8, .off = -1,
    }), ==, 5);
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_READ, .fd = 7, .addr = at, .len = 8, .off = -1,
    }), ==, 0);

    /* Linux's errors. */
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_READ, .fd = 7, .addr = at, .len = 8, .off = -5,
    }), ==, -EINVAL);
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_READ, .fd = 7, .addr = at, .len = 8,
        .rw_flags = 1u << 30,
    }), ==, -EOPNOTSUPP);
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_READ, .fd = 7, .addr = 0x10, .len = 8,
    }), ==, -EFAULT);
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_FSYNC, .fd = 7,
    }), ==, 0);
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_FSYNC, .fd = 7, .fsync_flags = 8,
    }), ==, -EINVAL);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_write(void)
{
    AsyscallDriver *d = asyscall_new_export("");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    uint64_t at = asyscall_string(d, "abcdef");
    int handle = asyscall_open(
        d, "new", GUEST_O_RDWR | GUEST_O_CREAT | GUEST_O_EXCL, 0640);
    g_autofree char *text = NULL;
    g_autofree char *path = asyscall_host_path(d, "export/new");
    GStatBuf st;

    g_assert_cmpint(handle, >, 0);
    g_assert_cmpint(asyscall_open(d, "new",
                                  GUEST_O_RDWR | GUEST_O_CREAT | GUEST_O_EXCL,
                                  0640),
                    ==, -EEXIST);
    g_assert_cmpint(asyscall_set_fd(d, 1, 0, handle, BOTH_RIGHTS), ==, 0);
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_WRITE, .fd = 0, .addr = at, .len = 6, .off = 2,
    }), ==, 6);
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_FSYNC, .fd = 0,
        .fsync_flags = IORING_FSYNC_DATASYNC,
    }), ==, 0);
    g_assert_cmpint(g_stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_size, ==, 8);
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_FTRUNCATE, .fd = handle, .off = 4,
    }), ==, 0);
    g_assert_cmpint(g_stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_size, ==, 4);
    g_assert_cmpint(asyscall_close(d, handle), ==, 0);

    handle = asyscall_open(d, "new", GUEST_O_WRONLY | GUEST_O_APPEND, 0);
    g_assert_cmpint(asyscall_control_rw(d, IORING_OP_WRITE, handle, at, 3, 0),
                    ==, 3);
    g_assert_cmpint(asyscall_control_rw(d, IORING_OP_READ, handle, at, 3, 0),
                    ==, -EBADF);
    text = asyscall_get_file(d, "export/new");
    g_assert_cmpmem(text, 2, "\0\0", 2);
    g_assert_cmpstr(text + 2, ==, "ababc");
    handle = asyscall_open(d, "new", GUEST_O_WRONLY | GUEST_O_TRUNC, 0);
    g_assert_cmpint(handle, >, 0);
    g_assert_cmpint(g_stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_size, ==, 0);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_vectors(void)
{
    AsyscallDriver *d = asyscall_new_export("");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    uint64_t at = asyscall_memory(d, 2 * PAGE);
    uint64_t vec[6] = { at + 100, 5, at + 200, 0, at + 300, 100 };
    uint64_t vec_at = asyscall_memory(d, PAGE);
    int handle = asyscall_open(d, "hello", GUEST_O_RDWR, 0);
    g_autofree char *text = NULL;
    char buffer[16] = "";

    asyscall_poke(d, vec_at, vec, sizeof(vec));
    asyscall_set_fd(d, 1, 1, handle, BOTH_RIGHTS);
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_READV, .fd = 1, .addr = vec_at, .len = 3,
    }), ==, 13);
    asyscall_peek(d, at + 100, buffer, 8);
    g_assert_cmpstr(buffer, ==, "Hello");
    asyscall_peek(d, at + 300, buffer, 9);
    g_assert_cmpstr(buffer, ==, ", world!");

    vec[5] = 7;
    asyscall_poke(d, vec_at, vec, sizeof(vec));
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_WRITEV, .fd = 1, .addr = vec_at, .len = 3,
        .off = 13,
    }), ==, 12);
    text = asyscall_get_file(d, "export/hello");
    g_assert_cmpstr(text, ==, "Hello, world!Hello, world");

    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_READV, .fd = 1, .addr = vec_at, .len = 1025,
    }), ==, -EINVAL);
    vec[1] = -1;
    asyscall_poke(d, vec_at, vec, sizeof(vec));
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_READV, .fd = 1, .addr = vec_at, .len = 3,
    }), ==, -EINVAL);
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_READV, .fd = 1, .addr = vec_at, .len = 0,
    }), ==, 0);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_lseek(void)
{
    AsyscallDriver *d = asyscall_new_export("");
    uint64_t at = asyscall_memory(d, PAGE);
    int handle = asyscall_open(d, "hello", GUEST_O_RDONLY, 0);

    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_LSEEK, .fd = handle, .off = -6, .len = 2,
        .addr = at,
    }), ==, 0);
    g_assert_cmpuint(qtest_readq(d->qts, at), ==, 7);
    g_assert_cmpint(asyscall_control_rw(d, IORING_OP_READ, handle, at, 5, -1),
                    ==, 5);
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_LSEEK, .fd = handle, .off = -1, .addr = at,
    }), ==, -EINVAL);
    asyscall_free(d);
}

static void test_statx(void)
{
    AsyscallDriver *d = asyscall_new_export("");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    uint64_t at = asyscall_memory(d, PAGE);
    uint64_t empty = asyscall_string(d, "");
    uint64_t name = asyscall_string(d, "x");
    int handle = asyscall_open(d, "hello", GUEST_O_RDONLY, 0);
    struct io_uring_sqe sqe = {
        .opcode = IORING_OP_STATX, .fd = 3, .addr = empty, .off = at,
        .len = 0x7ff, .statx_flags = 0x1000 /* AT_EMPTY_PATH */,
    };

    asyscall_set_fd(d, 1, 3, handle, ASYSCALL_RIGHT_READ);
    g_assert_cmpint(asyscall_call(q, sqe), ==, 0);
    g_assert_cmpuint(qtest_readq(d->qts, at + 40), ==, 13); /* stx_size */
    sqe.addr = 0;
    g_assert_cmpint(asyscall_call(q, sqe), ==, 0);

    /* A name is the kernel's to resolve. */
    sqe.addr = name;
    asyscall_submit(q, &sqe);
    g_assert_cmpint(asyscall_complete(d, asyscall_event(d).user_data, -EACCES),
                    ==, 0);
    g_assert_cmpint(asyscall_wait(q).res, ==, -EACCES);

    /* On ring 0, below a directory handle. */
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = IORING_OP_STATX, .fd = ASYSCALL_HANDLE_EXPORT,
        .addr = asyscall_string(d, "hello"), .off = at, .len = 0x7ff,
    }), ==, 0);
    g_assert_cmpuint(qtest_readq(d->qts, at + 40), ==, 13);
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = IORING_OP_STATX, .fd = ASYSCALL_HANDLE_EXPORT,
        .addr = name, .off = at, .len = 0x7ff,
    }), ==, -ENOENT);
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = IORING_OP_STATX, .fd = 99,
        .addr = name, .off = at, .len = 0x7ff,
    }), ==, -EBADF);
    asyscall_queue_free(q);
    asyscall_free(d);
}

static unsigned entry_length(const char *entry)
{
    uint16_t length;

    memcpy(&length, entry + 16, sizeof(length));
    return length;
}

static void test_directories(void)
{
    AsyscallDriver *d = asyscall_new_export("");
    uint64_t at = asyscall_memory(d, 4 * PAGE);
    g_autofree char *buffer = g_malloc(4 * PAGE);
    unsigned seen = 0;
    int handle, length;

    g_assert_cmpint(asyscall_path_command(d, IORING_OP_MKDIRAT, "a", 0755, 0),
                    ==, 0);
    g_assert_cmpint(asyscall_path_command(d, IORING_OP_MKDIRAT, "a", 0755, 0),
                    ==, -EEXIST);
    g_assert_cmpint(
        asyscall_path_command(d, IORING_OP_MKDIRAT, "a/b/", 0755, 0), ==, 0);
    asyscall_put_file(d, "export/a/one", "1");
    asyscall_put_file(d, "export/a/two", "2");
    handle = asyscall_open(d, "a", GUEST_O_RDONLY | GUEST_O_DIRECTORY, 0);
    g_assert_cmpint(handle, >, 0);
    while ((length = asyscall_control_rw(d, ASYSCALL_CTL_GETDENTS, handle, at,
                                         96, 0))) {
        g_assert_cmpint(length, >, 0);
        g_assert_cmpint(length, <=, 96);
        asyscall_peek(d, at, buffer, length);
        for (int i = 0; i < length; i += entry_length(buffer + i)) {
            const char *name = buffer + i + 19;

            seen |= g_str_equal(name, "one") ? 1 : g_str_equal(name, "two") ? 2
                    : g_str_equal(name, "b") ? 4 : 0;
        }
    }
    g_assert_cmpuint(seen, ==, 7);
    g_assert_cmpint(
        asyscall_control_rw(d, ASYSCALL_CTL_GETDENTS, handle, 0x10, 96, 0), ==,
        -EFAULT);
    g_assert_cmpint(asyscall_control_rw(d, IORING_OP_READ, handle, at, 96, 0),
                    ==, -EISDIR);
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = IORING_OP_RENAMEAT, .fd = handle, .len = 3,
        .addr = asyscall_string(d, "one"), .off = asyscall_string(d, "uno"),
    }), ==, 0);
    g_assert_cmpint(asyscall_path_command(d, IORING_OP_UNLINKAT, "uno", 0, 0),
                    ==, 0);
    g_assert_cmpint(asyscall_path_command(d, IORING_OP_UNLINKAT, "a", 0, 0x200),
                    ==, -ENOTEMPTY);
    g_assert_cmpint(asyscall_path_command(d, IORING_OP_UNLINKAT, "a/b", 0, 0),
                    ==, -EISDIR);
    g_assert_cmpint(
        asyscall_path_command(d, IORING_OP_UNLINKAT, "a/b", 0, 0x200), ==, 0);
    g_assert_cmpint(asyscall_path_command(d, IORING_OP_UNLINKAT, "a/two", 0, 0),
                    ==, 0);
    g_assert_cmpint(asyscall_path_command(d, IORING_OP_UNLINKAT, "a", 0, 0x200),
                    ==, 0);
    g_assert_cmpint(asyscall_open(d, "a", GUEST_O_RDONLY, 0), ==, -ENOENT);
    asyscall_free(d);
}

static void test_handles(void)
{
    AsyscallDriver *d = asyscall_new_export("max-handles=8");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    uint64_t at = asyscall_memory(d, PAGE);
    int handles[4], again;

    for (unsigned i = 0; i < 4; i++) {
        handles[i] = asyscall_open(d, "hello", GUEST_O_RDONLY, 0);
        g_assert_cmpint(handles[i], >, 3);
    }
    g_assert_cmpint(asyscall_open(d, "hello", GUEST_O_RDONLY, 0), ==, -ENFILE);
    asyscall_set_fd(d, 1, 9, handles[0], ASYSCALL_RIGHT_READ);

    /* A number that was closed does not name the next file. */
    g_assert_cmpint(asyscall_close(d, handles[0]), ==, 0);
    g_assert_cmpint(asyscall_close(d, handles[0]), ==, -EBADF);
    again = asyscall_open(d, "hello", GUEST_O_RDONLY, 0);
    g_assert_cmpint(again, >, 3);
    g_assert_cmpint(again, !=, handles[0]);
    g_assert_cmpint(
        asyscall_control_rw(d, IORING_OP_READ, handles[0], at, 5, 0), ==,
        -EBADF);

    /* The fd map keeps its file until it is told otherwise. */
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_READ, .fd = 9, .addr = at, .len = 5,
    }), ==, 5);
    g_assert_cmpint(asyscall_set_fd(d, 1, 9, ASYSCALL_NO_HANDLE, 0), ==, 0);
    asyscall_submit(q, &(struct io_uring_sqe) {
        .opcode = IORING_OP_READ, .fd = 9, .addr = at, .len = 5,
    });
    g_assert_cmpint(asyscall_complete(d, asyscall_event(d).user_data, -EBADF),
                    ==, 0);
    g_assert_cmpint(asyscall_close(d, ASYSCALL_HANDLE_EXPORT), ==, -EINVAL);
    g_assert_cmpint(asyscall_close(d, -1), ==, -EBADF);
    asyscall_queue_free(q);
    asyscall_free(d);
}

/* ---- routing ------------------------------------------------------------- */

static void test_rights(void)
{
    AsyscallDriver *d = asyscall_new_export("");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    AsyscallQueue *other = asyscall_queue(d, 2, 0);
    uint64_t at = asyscall_memory(d, PAGE);
    int handle = asyscall_open(d, "hello", GUEST_O_RDWR, 0);
    struct io_uring_sqe write = {
        .opcode = IORING_OP_WRITE, .fd = 7, .addr = at, .len = 5,
    };
    struct io_uring_sqe read = {
        .opcode = IORING_OP_READ, .fd = 7, .addr = at, .len = 5,
    };
    g_autofree char *text = NULL;

    /* The right is the map's, not the file's; the map is the queue pair's. */
    asyscall_set_fd(d, 1, 7, handle, ASYSCALL_RIGHT_READ);
    asyscall_submit(q, &write);
    g_assert_cmpint(asyscall_complete(d, asyscall_event(d).user_data, -EBADF),
                    ==, 0);
    g_assert_cmpint(asyscall_wait(q).res, ==, -EBADF);
    asyscall_submit(other, &read);
    g_assert_cmpint(asyscall_complete(d, asyscall_event(d).user_data, -EBADF),
                    ==, 0);
    g_assert_cmpint(asyscall_wait(other).res, ==, -EBADF);
    g_assert_cmpint(asyscall_call(q, read), ==, 5);
    text = asyscall_get_file(d, "export/hello");
    g_assert_cmpstr(text, ==, "Hello, world!");

    /* An opcode that the kernel keeps for itself. */
    q->description.opcodes[0] &= ~(1ull << IORING_OP_READ);
    asyscall_poke(d, q->description_at, &q->description,
                  sizeof(q->description));
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_MODIFY, .fd = 1, .addr = q->description_at,
    }), ==, 0);
    asyscall_submit(q, &read);
    g_assert_cmpint(asyscall_complete(d, asyscall_event(d).user_data, 3), ==,
                    0);
    g_assert_cmpint(asyscall_wait(q).res, ==, 3);

    /* fds that no map could hold */
    for (int fd = -1; fd < 100000; fd = fd * 3 + 4000) {
        read.opcode = IORING_OP_FSYNC;
        read.fd = fd;
        asyscall_submit(q, &read);
        g_assert_cmpint(asyscall_complete(d, asyscall_event(d).user_data,
                                          -EBADF), ==, 0);
        g_assert_cmpint(asyscall_wait(q).res, ==, -EBADF);
    }
    asyscall_queue_free(q);
    asyscall_queue_free(other);
    asyscall_free(d);
}

static void test_short_read_breaks_chain(void)
{
    AsyscallDriver *d = asyscall_new_export("");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    uint64_t at = asyscall_memory(d, PAGE);
    struct io_uring_sqe read = {
        .opcode = IORING_OP_READ, .addr = at, .len = 13,
        .flags = IOSQE_IO_LINK,
    };
    struct io_uring_sqe nop = { .opcode = IORING_OP_NOP };

    asyscall_set_fd(d, 1, 0, asyscall_open(d, "hello", GUEST_O_RDONLY, 0),
                    ASYSCALL_RIGHT_READ);
    asyscall_push(q, &read);
    asyscall_push(q, &nop);
    asyscall_doorbell(q);
    g_assert_cmpint(asyscall_wait(q).res, ==, 13);
    g_assert_cmpint(asyscall_wait(q).res, ==, 0);
    read.len = 14;
    asyscall_push(q, &read);
    asyscall_push(q, &nop);
    asyscall_doorbell(q);
    g_assert_cmpint(asyscall_wait(q).res, ==, 13);
    g_assert_cmpint(asyscall_wait(q).res, ==, -ECANCELED);
    asyscall_queue_free(q);
    asyscall_free(d);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/asyscall-file/read", test_read);
    qtest_add_func("/asyscall-file/write", test_write);
    qtest_add_func("/asyscall-file/vectors", test_vectors);
    qtest_add_func("/asyscall-file/lseek", test_lseek);
    qtest_add_func("/asyscall-file/statx", test_statx);
    qtest_add_func("/asyscall-file/directories", test_directories);
    qtest_add_func("/asyscall-file/handles-are-not-reused", test_handles);
    qtest_add_func("/asyscall-file/routed-by-fd-map-and-opcodes", test_rights);
    qtest_add_func("/asyscall-file/short-read-breaks-chain",
                   test_short_read_breaks_chain);
    return g_test_run();
}
