/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for asyscall: the console, and properties that are wrong
 */

#include "qemu/osdep.h"
#include "libqtest.h"
#include "asyscall-driver.h"

typedef struct Console {
    AsyscallDriver *d;
    int to_guest;
    int from_guest;
    char *directory;
} Console;

static void console_start(Console *c)
{
    g_autofree char *path = NULL, *in = NULL, *out = NULL, *arguments = NULL;

    c->directory = g_dir_make_tmp("asyscall-XXXXXX", NULL);
    path = g_build_filename(c->directory, "console", NULL);
    in = g_strconcat(path, ".in", NULL);
    out = g_strconcat(path, ".out", NULL);
    g_assert_cmpint(mkfifo(in, 0600), ==, 0);
    g_assert_cmpint(mkfifo(out, 0600), ==, 0);
    c->from_guest = open(out, O_RDONLY | O_NONBLOCK);
    /* Both ways, so that it opens before QEMU does. */
    c->to_guest = open(in, O_RDWR);
    g_assert_cmpint(c->to_guest, >=, 0);
    arguments = g_strdup_printf("-chardev pipe,id=c,path=%s", path);
    c->d = asyscall_new_args(arguments, "queue-pairs=4,console=c");
    g_assert_true(c->d->features & ASYSCALL_F_CONSOLE);
}

static void console_stop(Console *c)
{
    asyscall_free(c->d);
    close(c->from_guest);
    close(c->to_guest);
    asyscall_remove_tree(c->directory);
    g_free(c->directory);
}

static size_t console_read_some(Console *c, char *buffer, size_t size)
{
    ssize_t n = read(c->from_guest, buffer, size);

    return n < 0 ? 0 : n;
}

static void test_output(void)
{
    enum { LENGTH = 300000 };
    Console c;
    AsyscallQueue *q;
    uint64_t at;
    g_autofree char *sent = g_malloc(LENGTH);
    g_autofree char *got = g_malloc0(LENGTH + 16);
    struct io_uring_sqe sqe = { .opcode = IORING_OP_WRITE, .fd = 1 };
    struct io_uring_cqe cqe;
    size_t n = 0;

    console_start(&c);
    q = asyscall_queue(c.d, 1, 0);
    at = asyscall_memory(c.d, LENGTH);
    asyscall_set_fd(c.d, 1, 1, ASYSCALL_HANDLE_STDOUT, ASYSCALL_RIGHT_WRITE);
    asyscall_set_fd(c.d, 1, 2, ASYSCALL_HANDLE_STDERR, ASYSCALL_RIGHT_WRITE);
    for (unsigned i = 0; i < LENGTH; i++) {
        sent[i] = 'a' + i * 7 % 26;
    }
    asyscall_poke(c.d, at, sent, LENGTH);

    /* More than the pipe takes: it waits, and what follows keeps its place. */
    sqe.addr = at;
    sqe.len = LENGTH - 100;
    sqe.user_data = 1;
    asyscall_submit(q, &sqe);
    sqe.addr += sqe.len;
    sqe.len = 50;
    sqe.user_data = 2;
    asyscall_submit(q, &sqe);
    sqe.addr += sqe.len;
    sqe.user_data = 3;
    sqe.fd = 2;
    asyscall_submit(q, &sqe);
    g_assert_false(asyscall_pop(q, &cqe));
    while (n < LENGTH) {
        n += console_read_some(&c, got + n, LENGTH + 16 - n);
        g_usleep(50);
    }
    g_assert_cmpmem(got, n, sent, LENGTH);
    cqe = asyscall_wait(q);
    g_assert_cmpint(cqe.user_data, ==, 1);
    g_assert_cmpint(cqe.res, ==, LENGTH - 100);
    cqe = asyscall_wait(q);
    g_assert_cmpint(cqe.user_data, ==, 2);
    g_assert_cmpint(cqe.res, ==, 50);
    g_assert_cmpint(asyscall_wait(q).res, ==, 50);

    /* Only the way they go. */
    sqe.opcode = IORING_OP_READ;
    sqe.user_data = 4;
    asyscall_set_fd(c.d, 1, 2, ASYSCALL_HANDLE_STDERR, ASYSCALL_RIGHT_READ);
    g_assert_cmpint(asyscall_call(q, sqe), ==, -EBADF);
    asyscall_queue_free(q);
    console_stop(&c);
}

static void test_input(void)
{
    Console c;
    AsyscallQueue *q;
    uint64_t at;
    struct io_uring_sqe read_some = {
        .opcode = IORING_OP_READ, .fd = 0, .len = 4, .user_data = 1,
    };
    struct io_uring_cqe cqe;
    char text[5] = "";

    console_start(&c);
    q = asyscall_queue(c.d, 1, 0);
    at = asyscall_memory(c.d, PAGE);
    read_some.addr = at;
    asyscall_set_fd(c.d, 1, 0, ASYSCALL_HANDLE_STDIN, ASYSCALL_RIGHT_READ);
    asyscall_submit(q, &read_some);
    read_some.user_data = 2;
    read_some.addr += 4;
    asyscall_submit(q, &read_some);
    g_assert_false(asyscall_pop(q, &cqe));

    /* First come, first served; a read takes what is there. */
    g_assert_cmpint(write(c.to_guest, "abcdef", 6), ==, 6);
    cqe = asyscall_wait(q);
    g_assert_cmpint(cqe.user_data, ==, 1);
    g_assert_cmpint(cqe.res, ==, 4);
    cqe = asyscall_wait(q);
    g_assert_cmpint(cqe.user_data, ==, 2);
    g_assert_cmpint(cqe.res, ==, 2);
    asyscall_peek(c.d, at, text, 4);
    g_assert_cmpstr(text, ==, "abcd");

    /* One that does not want to wait. */
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_READ, .fd = 0, .addr = at, .len = 4,
        .rw_flags = 8 /* RWF_NOWAIT */,
    }), ==, -EAGAIN);

    /* One that waits can be cancelled, and takes nothing with it. */
    read_some.user_data = 3;
    asyscall_submit(q, &read_some);
    asyscall_submit(q, &(struct io_uring_sqe) {
        .opcode = IORING_OP_ASYNC_CANCEL, .addr = 3, .user_data = 4,
    });
    cqe = asyscall_wait(q);
    g_assert_cmpint(cqe.user_data, ==, 3);
    g_assert_cmpint(cqe.res, ==, -ECANCELED);
    g_assert_cmpint(asyscall_wait(q).res, ==, 0);
    g_assert_cmpint(write(c.to_guest, "x", 1), ==, 1);
    read_some.user_data = 5;
    g_assert_cmpint(asyscall_call(q, read_some), ==, 1);

    asyscall_queue_free(q);
    console_stop(&c);
}

static int32_t read_console(AsyscallDriver *d, uint64_t at, uint32_t length)
{
    return asyscall_command(d, (struct io_uring_sqe) {
        .opcode = IORING_OP_READ, .fd = ASYSCALL_HANDLE_STDIN, .addr = at,
        .len = length,
    });
}

static void test_end(void)
{
    g_autofree char *path = NULL, *arguments = NULL;
    AsyscallDriver *d;
    uint64_t at;
    char text[3] = "";
    int fd = g_file_open_tmp("asyscall-XXXXXX", &path, NULL);

    /* Input from a file, as with `qemu <file`. */
    g_assert_cmpint(write(fd, "abc", 3), ==, 3);
    close(fd);
    arguments = g_strdup_printf("-chardev file,id=c,path=/dev/null,"
                                "input-path=%s", path);
    d = asyscall_new_args(arguments, "queue-pairs=4,console=c");
    at = asyscall_memory(d, PAGE);
    g_assert_cmpint(read_console(d, at, 2), ==, 2);
    g_assert_cmpint(read_console(d, at + 2, 20), ==, 1);
    asyscall_peek(d, at, text, 3);
    g_assert_cmpmem(text, 3, "abc", 3);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmpint(read_console(d, at, 2), ==, 0);
    }
    asyscall_free(d);
    unlink(path);
}

/* ---- properties ---------------------------------------------------------- */

static void test_properties(void)
{
    static const struct { const char *options, *says; } bad[] = {
        { "queue-pairs=1", "queue-pairs=1" },
        { "queue-pairs=100000", "queue-pairs=100000" },
        { "max-entries=3", "max-entries=3" },
        { "max-entries=65536", "max-entries=65536" },
        { "max-handles=1", "max-handles=1" },
        { "latency=99999999999", "latency=99999999999" },
        { "readonly=on", "readonly=on" },
        { "export=/nonexistent", "export '/nonexistent'" },
        { "export=/etc/passwd", "export '/etc/passwd'" },
        { "console=nobody", "nobody" },
        { "console-error=e", "console-error" },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_autofree char *device = g_strconcat("asyscall,", bad[i].options,
                                              NULL);
        const char *arguments[] = {
            getenv("QTEST_QEMU_BINARY"), "-machine", "virt,accel=qtest",
            "-display", "none", "-monitor", "none", "-serial", "none",
            "-chardev", "null,id=e", "-device", device, NULL,
        };
        g_autofree char *error = NULL;
        int status;

        g_assert_true(g_spawn_sync(NULL, (char **)arguments, NULL,
                                   G_SPAWN_SEARCH_PATH |
                                   G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                                   NULL, &error, &status, NULL));
        g_test_message("%s", error);
        g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
        g_assert_nonnull(strstr(error, bad[i].says));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/asyscall-console/output-waits-in-order", test_output);
    qtest_add_func("/asyscall-console/input", test_input);
    qtest_add_func("/asyscall-console/end-of-input", test_end);
    qtest_add_func("/asyscall-console/bad-properties-are-named",
                   test_properties);
    return g_test_run();
}
