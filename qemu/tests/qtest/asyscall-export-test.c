/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for asyscall: the exported directory is not left
 */

#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include "libqtest.h"
#include "asyscall-driver.h"

static void test_escape(void)
{
    static const char * const ways[] = {
        "..", "../secret", "a/../../secret", "/etc/passwd", "/", "//",
        "out", "out/", "up", "up/secret", "absolute", "deep/er/up/secret",
        "./../secret", "a/../../export/../secret",
        "/proc/self/fd/3/../secret",
    };
    AsyscallDriver *d = asyscall_new_export("");
    g_autofree char *secret = asyscall_host_path(d, "secret");
    g_autofree char *text = NULL;
    const struct { const char *name, *to; } links[] = {
        { "export/out", "../secret" }, { "export/up", ".." },
        { "export/absolute", secret }, { "export/inside", "hello" },
        { "export/a/back", "../hello" }, { "export/deep/er/up", "../../.." },
    };
    g_autofree char *a = asyscall_host_path(d, "export/a");
    g_autofree char *deep = asyscall_host_path(d, "export/deep/er");

    g_assert_cmpint(g_mkdir(a, 0755), ==, 0);
    g_assert_cmpint(g_mkdir_with_parents(deep, 0755), ==, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(links); i++) {
        g_autofree char *path = asyscall_host_path(d, links[i].name);

        g_assert_cmpint(symlink(links[i].to, path), ==, 0);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
        g_autofree char *below = g_build_filename(ways[i], "x", NULL);
        uint64_t at = asyscall_memory(d, PAGE);

        g_test_message("%s", ways[i]);
        g_assert_cmpint(asyscall_open(d, ways[i], GUEST_O_RDONLY, 0), <, 0);
        g_assert_cmpint(
            asyscall_open(d, ways[i], GUEST_O_RDWR | GUEST_O_CREAT, 0644), <,
            0);
        g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
            .opcode = IORING_OP_STATX, .fd = ASYSCALL_HANDLE_EXPORT,
            .addr = asyscall_string(d, ways[i]), .off = at, .len = 0x7ff,
        }), <, 0);
        g_assert_cmpint(
            asyscall_path_command(d, IORING_OP_MKDIRAT, below, 0755, 0), <, 0);
        g_assert_cmpint(
            asyscall_path_command(d, IORING_OP_UNLINKAT, below, 0, 0), <, 0);
        g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
            .opcode = IORING_OP_RENAMEAT, .fd = 3, .len = 3,
            .addr = asyscall_string(d, "hello"),
            .off = asyscall_string(d, below),
        }), <, 0);
    }
    text = asyscall_get_file(d, "secret");
    g_assert_cmpstr(text, ==, "not yours");

    /* Links that stay inside are followed, and can be read. */
    g_assert_cmpint(asyscall_open(d, "inside", GUEST_O_RDONLY, 0), >, 0);
    g_assert_cmpint(asyscall_open(d, "a/back", GUEST_O_RDONLY, 0), >, 0);
    g_assert_cmpint(asyscall_open(d, "a/../hello", GUEST_O_RDONLY, 0), >, 0);
    g_assert_cmpint(
        asyscall_open(d, "inside", GUEST_O_RDONLY | GUEST_O_NOFOLLOW, 0), ==,
        -ELOOP);
    {
        uint64_t at = asyscall_memory(d, PAGE);
        char target[16] = "";

        g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
            .opcode = ASYSCALL_CTL_READLINK, .fd = ASYSCALL_HANDLE_EXPORT,
            .addr = asyscall_string(d, "out"), .off = at, .len = 64,
        }), ==, strlen("../secret"));
        asyscall_peek(d, at, target, sizeof(target));
        g_assert_cmpstr(target, ==, "../secret");
        g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
            .opcode = ASYSCALL_CTL_READLINK, .fd = ASYSCALL_HANDLE_EXPORT,
            .addr = asyscall_string(d, "hello"), .off = at, .len = 64,
        }), ==, -EINVAL);
    }
    asyscall_free(d);
}

/* A directory is moved up and down while paths go up through it. */
typedef struct Renamer {
    AsyscallDriver *d;
    gint stop;
} Renamer;

static gpointer renamer(gpointer opaque)
{
    Renamer *r = opaque;
    g_autofree char *low = asyscall_host_path(r->d, "export/x/y/z");
    g_autofree char *high = asyscall_host_path(r->d, "export/z");

    while (!g_atomic_int_get(&r->stop)) {
        g_assert_cmpint(g_rename(low, high), ==, 0);
        g_assert_cmpint(g_rename(high, low), ==, 0);
    }
    return NULL;
}

static void test_rename_race(void)
{
    AsyscallDriver *d = asyscall_new_export("");
    g_autofree char *deep = asyscall_host_path(d, "export/x/y/z");
    Renamer r = { .d = d };
    uint64_t at = asyscall_memory(d, PAGE);
    GThread *thread;
    unsigned opened = 0;

    g_assert_cmpint(g_mkdir_with_parents(deep, 0755), ==, 0);
    asyscall_put_file(d, "export/x/secret", "inside");
    asyscall_put_file(d, "export/secret", "inside");
    thread = g_thread_new("renamer", renamer, &r);
    for (unsigned i = 0; i < 1500; i++) {
        /* From x/y/z it is export/x/secret; from export/z it would be out. */
        int handle = asyscall_open(d, "x/y/z/../../secret", GUEST_O_RDONLY, 0);

        if (handle > 0) {
            char text[10] = "";

            g_assert_cmpint(
                asyscall_control_rw(d, IORING_OP_READ, handle, at, 9, 0), ==,
                6);
            asyscall_peek(d, at, text, 6);
            g_assert_cmpstr(text, ==, "inside");
            g_assert_cmpint(asyscall_close(d, handle), ==, 0);
            opened++;
        } else {
            g_assert_true(handle == -ENOENT || handle == -EXDEV ||
                          handle == -EAGAIN);
        }
        d->next = GUEST_RAM + 0x200000;     /* paths need not be kept */
    }
    g_atomic_int_set(&r.stop, 1);
    g_thread_join(thread);
    g_test_message("%u of 1500 opened", opened);
    asyscall_free(d);
}

static void test_readonly(void)
{
    AsyscallDriver *d = asyscall_new_export("readonly=on");
    AsyscallQueue *q = asyscall_queue(d, 1, 0);
    uint64_t at = asyscall_memory(d, PAGE);
    g_autofree char *text = NULL;
    int handle;

    g_assert_true(d->features & ASYSCALL_F_EXPORT_READONLY);
    g_assert_cmpint(asyscall_open(d, "hello", GUEST_O_WRONLY, 0), ==, -EROFS);
    g_assert_cmpint(asyscall_open(d, "hello", GUEST_O_RDWR, 0), ==, -EROFS);
    g_assert_cmpint(
        asyscall_open(d, "hello", GUEST_O_RDONLY | GUEST_O_TRUNC, 0), ==,
        -EROFS);
    g_assert_cmpint(
        asyscall_open(d, "new", GUEST_O_RDONLY | GUEST_O_CREAT, 0644), ==,
        -EROFS);
    g_assert_cmpint(asyscall_open(d, "hello",
                                  GUEST_O_RDONLY | GUEST_O_CREAT | GUEST_O_EXCL,
                                  0644),
                    ==, -EEXIST);
    g_assert_cmpint(asyscall_path_command(d, IORING_OP_MKDIRAT, "a", 0755, 0),
                    ==, -EROFS);
    g_assert_cmpint(asyscall_path_command(d, IORING_OP_UNLINKAT, "hello", 0, 0),
                    ==, -EROFS);
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = IORING_OP_RENAMEAT, .fd = 3, .len = 3,
        .addr = asyscall_string(d, "hello"), .off = asyscall_string(d, "x"),
    }), ==, -EROFS);
    handle = asyscall_open(d, "hello", GUEST_O_RDONLY | GUEST_O_CREAT, 0644);
    g_assert_cmpint(handle, >, 0);
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = ASYSCALL_CTL_FTRUNCATE, .fd = handle,
    }), <, 0);
    /* Even a fd map that says otherwise. */
    asyscall_set_fd(d, 1, 0, handle, BOTH_RIGHTS);
    g_assert_cmpint(asyscall_call(q, (struct io_uring_sqe) {
        .opcode = IORING_OP_WRITE, .addr = at, .len = 4,
    }), ==, -EBADF);
    text = asyscall_get_file(d, "export/hello");
    g_assert_cmpstr(text, ==, "Hello, world!");
    asyscall_queue_free(q);
    asyscall_free(d);
}

static void test_special_files(void)
{
    AsyscallDriver *d = asyscall_new_export("");
    g_autofree char *fifo = asyscall_host_path(d, "export/fifo");

    g_assert_cmpint(mkfifo(fifo, 0666), ==, 0);
    g_assert_cmpint(asyscall_open(d, "fifo", GUEST_O_RDONLY, 0), ==, -ENXIO);
    g_assert_cmpint(asyscall_open(d, "fifo", GUEST_O_WRONLY, 0), ==, -ENXIO);
    g_assert_cmpint(asyscall_open(d, "fifo", GUEST_O_RDWR, 0), ==, -ENXIO);
    g_assert_cmpint(asyscall_open(d, "hello", 010000000, 0), ==, -EINVAL);
    g_assert_cmpint(asyscall_open(d, "hello", 3, 0), ==, -EINVAL);
    g_assert_cmpint(asyscall_open(d, "hello/x", GUEST_O_RDONLY, 0), ==,
                    -ENOTDIR);
    g_assert_cmpint(asyscall_open(d, "", GUEST_O_RDONLY, 0), ==, -ENOENT);
    {
        g_autofree char *path = g_strnfill(5000, 'x');

        g_assert_cmpint(asyscall_open(d, path, GUEST_O_RDONLY, 0), ==,
                        -ENAMETOOLONG);
    }
    g_assert_cmpint(asyscall_command(d, (struct io_uring_sqe) {
        .opcode = IORING_OP_OPENAT, .fd = 3, .addr = 0x20,
    }), ==, -EFAULT);
    asyscall_free(d);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/asyscall-export/never-left", test_escape);
    qtest_add_func("/asyscall-export/rename-race", test_rename_race);
    qtest_add_func("/asyscall-export/readonly", test_readonly);
    qtest_add_func("/asyscall-export/special-files-refused",
                   test_special_files);
    return g_test_run();
}
