/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: paths below the exported directory. The host's kernel resolves them
 * with RESOLVE_BENEATH, which also holds against a directory that is renamed
 * meanwhile; the device never looks at a path's components except to split off
 * the last.
 */
#include "qemu/osdep.h"
#include <linux/openat2.h>
#include <sys/syscall.h>
#include "internal.h"

/* A path descriptor or file below @dir, or -errno. */
int asyscall_path_open(int dir, const char *path, int flags, uint32_t mode)
{
    struct open_how how = {
        .flags = flags | O_CLOEXEC,
        .mode = mode,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };

    for (int tries = 0; tries < 8; tries++) {
        int fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));

        if (fd >= 0) {
            return fd;
        }
        /*
         * EAGAIN: something was renamed while `..` was resolved; it is safe to
         * try again.
         */
        if (errno != EAGAIN && errno != EINTR) {
            return -errno;
        }
    }
    return -EAGAIN;
}

/*
 * The directory that holds the last component of @path, which *@last becomes.
 * The calls that take it (mkdirat, unlinkat, renameat2) do not follow a link
 * there, and refuse "." and "..". Returns a descriptor to close, or -errno.
 */
int asyscall_path_parent(int dir, const char *path, const char **last)
{
    size_t end = strlen(path);
    g_autofree char *parent = NULL;

    if (!end) {
        return -ENOENT;
    }
    if (path[0] == '/') {
        return -EXDEV;
    }
    while (end && path[end - 1] == '/') {
        end--;
    }
    while (end && path[end - 1] != '/') {
        end--;
    }
    *last = path + end;
    parent = end ? g_strndup(path, end) : g_strdup(".");
    return asyscall_path_open(dir, parent, O_PATH | O_DIRECTORY, 0);
}
