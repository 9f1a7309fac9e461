/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: the exported directory and the handle table.
 *
 * A handle's number is { generation:15, index:16 }, so that a number kept after
 * CLOSE does not name the next file. Handles 0..3 are the console and the
 * export.
 */
#include "qemu/osdep.h"
#include <sys/syscall.h>
#include "qapi/error.h"
#include "internal.h"
#include "trace.h"

#define ASYSCALL_HANDLE_INDEX(h)      ((uint16_t)(h))
#define ASYSCALL_HANDLE_GENERATION(h) ((h) >> 16)
#define ASYSCALL_GENERATION_MASK      0x7fffu
#define ASYSCALL_HANDLES_STANDARD     4

/* open(2) flags as riscv64 Linux has them (asm-generic). */
#define GUEST_O_ACCMODE               00000003u
#define GUEST_O_CREAT                 00000100u
#define GUEST_O_EXCL                  00000200u
#define GUEST_O_NOCTTY                00000400u
#define GUEST_O_TRUNC                 00001000u
#define GUEST_O_APPEND                00002000u
#define GUEST_O_NONBLOCK              00004000u
#define GUEST_O_DSYNC                 00010000u
#define GUEST_O_DIRECT                00040000u
#define GUEST_O_LARGEFILE             00100000u
#define GUEST_O_DIRECTORY             00200000u
#define GUEST_O_NOFOLLOW              00400000u
#define GUEST_O_NOATIME               01000000u
#define GUEST_O_CLOEXEC               02000000u
#define GUEST_O_SYNC                  04010000u

/* ---- files and handles --------------------------------------------------- */

AsyscallFile *asyscall_file_new(AsyscallFileKind kind, int fd)
{
    AsyscallFile *file = g_new(AsyscallFile, 1);

    file->refs = 1;
    file->kind = kind;
    file->fd = fd;
    file->socket = NULL;
    return file;
}

AsyscallFile *asyscall_file_ref(AsyscallFile *file)
{
    file->refs++;
    return file;
}

void asyscall_file_unref(AsyscallFile *file)
{
    if (--file->refs) {
        return;
    }
    if (file->socket) {
        asyscall_socket_free(file->socket);
    }
    if (file->fd >= 0) {
        close(file->fd);
    }
    g_free(file);
}

static AsyscallHandle *asyscall_handle_find(AsyscallState *s, uint64_t number)
{
    AsyscallHandle *handle;

    if (ASYSCALL_HANDLE_INDEX(number) >= s->max_handles) {
        return NULL;
    }
    handle = &s->handles[ASYSCALL_HANDLE_INDEX(number)];
    return handle->file &&
                   handle->generation == ASYSCALL_HANDLE_GENERATION(number)
               ? handle
               : NULL;
}

AsyscallFile *asyscall_handle_file(AsyscallState *s, uint64_t number)
{
    AsyscallHandle *handle = asyscall_handle_find(s, number);

    return handle ? handle->file : NULL;
}

/* Takes the reference over. The handle's number, or -ENFILE. */
int asyscall_handle_add(AsyscallState *s, AsyscallFile *file)
{
    for (uint32_t n = 0; n < s->max_handles; n++) {
        uint32_t i = (s->next_handle + n) % s->max_handles;

        if (i >= ASYSCALL_HANDLES_STANDARD && !s->handles[i].file) {
            s->handles[i].file = file;
            s->next_handle = i + 1;
            s->n_open++;
            return (int)s->handles[i].generation << 16 | i;
        }
    }
    asyscall_file_unref(file);
    return -ENFILE;
}

static void asyscall_handle_close(AsyscallHandle *handle)
{
    asyscall_file_unref(handle->file);
    handle->file = NULL;
    handle->generation = (handle->generation + 1) & ASYSCALL_GENERATION_MASK;
}

void asyscall_handles_init(AsyscallState *s)
{
    s->handles = g_new0(AsyscallHandle, s->max_handles);
}

void asyscall_handles_open_standard(AsyscallState *s)
{
    if (s->device_features & ASYSCALL_F_CONSOLE) {
        s->handles[ASYSCALL_HANDLE_STDIN].file =
            asyscall_file_new(ASYSCALL_FILE_CONSOLE_IN, -1);
        s->handles[ASYSCALL_HANDLE_STDOUT].file =
            asyscall_file_new(ASYSCALL_FILE_CONSOLE_OUT, -1);
        s->handles[ASYSCALL_HANDLE_STDERR].file =
            asyscall_file_new(ASYSCALL_FILE_CONSOLE_ERROR, -1);
    }
    if (s->device_features & ASYSCALL_F_EXPORT) {
        /*
         * A description of its own, so that its directory position starts anew.
         */
        int fd = openat(s->export_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd >= 0) {
            s->handles[ASYSCALL_HANDLE_EXPORT].file =
                asyscall_file_new(ASYSCALL_FILE_DIRECTORY, fd);
        }
    }
}

void asyscall_handles_close_all(AsyscallState *s)
{
    for (uint32_t i = 0; i < s->max_handles; i++) {
        if (s->handles[i].file) {
            asyscall_file_unref(s->handles[i].file);
        }
    }
    memset(s->handles, 0, s->max_handles * sizeof(*s->handles));
    s->next_handle = 0;
    s->n_open = 0;
}

bool asyscall_export_open(AsyscallState *s, Error **errp)
{
    int probe;

    s->export_fd = open(s->export, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->export_fd < 0) {
        error_setg_errno(errp, errno, "export '%s'", s->export);
        error_append_hint(errp, "Name a directory that this user can read.\n");
        return false;
    }
    probe = asyscall_path_open(s->export_fd, ".", O_PATH | O_DIRECTORY, 0);
    if (probe < 0) {
        error_setg_errno(errp, -probe,
                         "export '%s': the host can't resolve paths beneath "
                         "a directory (openat2, since Linux 5.6)",
                         s->export);
        close(s->export_fd);
        s->export_fd = -1;
        return false;
    }
    close(probe);
    return true;
}

/* ---- paths --------------------------------------------------------------- */

/*
 * A NUL-terminated path at @address, copied once. False: the request has been
 * ended.
 */
bool asyscall_read_path(AsyscallRequest *req, uint64_t address, char **path)
{
    g_autofree char *buffer = g_malloc(PATH_MAX);
    uint32_t length = 0;

    g_clear_pointer(path, g_free);
    while (length < PATH_MAX) {
        uint64_t run =
            ASYSCALL_PAGE_SIZE - (address + length) % ASYSCALL_PAGE_SIZE;
        AsyscallMiss miss;
        int error;

        run = MIN(run, PATH_MAX - length);
        error = asyscall_guest_read(req->qp, address + length, buffer + length,
                                    run, &miss);
        if (!asyscall_access_ok(req, error, &miss)) {
            return false;
        }
        if (memchr(buffer + length, 0, run)) {
            *path = g_steal_pointer(&buffer);
            return true;
        }
        length += run;
    }
    asyscall_request_finish(req, -ENAMETOOLONG);
    return false;
}

static bool asyscall_check_directory(AsyscallRequest *req)
{
    if (req->file->kind != ASYSCALL_FILE_DIRECTORY) {
        asyscall_request_finish(req, -ENOTDIR);
        return false;
    }
    req->work.fd = req->file->fd;
    return true;
}

static bool asyscall_check_writable(AsyscallRequest *req)
{
    if (req->qp->device->readonly) {
        asyscall_request_finish(req, -EROFS);
        return false;
    }
    return true;
}

/* ---- OPENAT, CLOSE ------------------------------------------------------- */

static int asyscall_host_open_flags(uint32_t guest)
{
    static const struct {
        uint32_t guest;
        int host;
    } map[] = {
        { GUEST_O_CREAT, O_CREAT },
        { GUEST_O_EXCL, O_EXCL },
        { GUEST_O_TRUNC, O_TRUNC },
        { GUEST_O_APPEND, O_APPEND },
        { GUEST_O_DIRECT, O_DIRECT },
        { GUEST_O_DIRECTORY, O_DIRECTORY },
        { GUEST_O_NOFOLLOW, O_NOFOLLOW },
        { GUEST_O_NOATIME, O_NOATIME },
        { GUEST_O_SYNC, O_SYNC },
        { GUEST_O_DSYNC, O_DSYNC },
        { GUEST_O_NOCTTY, 0 },
        { GUEST_O_NONBLOCK, 0 },
        { GUEST_O_LARGEFILE, 0 },
        { GUEST_O_CLOEXEC, 0 },
    };
    int host = guest & GUEST_O_ACCMODE;

    if (host == GUEST_O_ACCMODE) {
        return -1;
    }
    guest &= ~GUEST_O_ACCMODE;
    for (size_t i = 0; i < ARRAY_SIZE(map); i++) {
        if ((guest & map[i].guest) == map[i].guest) {
            guest &= ~map[i].guest;
            host |= map[i].host;
        }
    }
    return guest ? -1 : host;
}

static int64_t asyscall_openat_work(AsyscallWork *work)
{
    int flags = work->flags;
    bool create = flags & O_CREAT;
    struct stat st;
    int fd;

    if (work->device->readonly) {
        flags &= ~(O_CREAT | O_EXCL);
    }
    /* Non-blocking, so that a FIFO can't hold the worker; files do not care. */
    fd = asyscall_path_open(work->fd, work->path, flags | O_NONBLOCK | O_NOCTTY,
                            flags & O_CREAT ? work->mode & 07777 : 0);
    if (fd == -ENOENT && create && work->device->readonly) {
        return -EROFS;
    }
    if (fd < 0) {
        return fd;
    }
    if (create && work->device->readonly && (work->flags & O_EXCL)) {
        close(fd);
        return -EEXIST;
    }
    if (fstat(fd, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
        close(fd);
        return -ENXIO;
    }
    work->opened = asyscall_file_new(
        S_ISDIR(st.st_mode) ? ASYSCALL_FILE_DIRECTORY : ASYSCALL_FILE_REGULAR,
        fd);
    return 0;
}

static void asyscall_openat_done(AsyscallRequest *req, int64_t result)
{
    if (!result) {
        result = asyscall_handle_add(req->qp->device,
                                     g_steal_pointer(&req->work.opened));
        trace_asyscall_open(req->sqe.user_data, req->work.path, result);
    }
    asyscall_request_finish(req, result);
}

void asyscall_op_openat(AsyscallRequest *req)
{
    int flags = asyscall_host_open_flags(req->sqe.open_flags);

    if (flags < 0 || req->sqe.buf_index) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    if (!asyscall_check_directory(req) ||
        (((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC)) &&
         !asyscall_check_writable(req)) ||
        !asyscall_read_path(req, req->sqe.addr, &req->work.path)) {
        return;
    }
    req->work.flags = flags;
    req->work.mode = req->sqe.len;
    asyscall_work_submit(req, asyscall_openat_work, asyscall_openat_done);
}

void asyscall_op_close(AsyscallRequest *req)
{
    AsyscallState *s = req->qp->device;
    AsyscallHandle *handle = asyscall_handle_find(s, (uint32_t)req->sqe.fd);

    if (!handle) {
        asyscall_request_finish(req, -EBADF);
    } else if (handle < s->handles + ASYSCALL_HANDLES_STANDARD) {
        asyscall_request_finish(req, -EINVAL);
    } else {
        asyscall_socket_closed(handle->file);
        asyscall_handle_close(handle);
        s->n_open--;
        asyscall_request_finish(req, 0);
    }
}

/* ---- MKDIRAT, UNLINKAT, RENAMEAT ----------------------------------------- */

static int64_t asyscall_mkdirat_work(AsyscallWork *work)
{
    const char *last;
    int parent = asyscall_path_parent(work->fd, work->path, &last);
    int64_t result = parent;

    if (parent >= 0) {
        result = mkdirat(parent, last, work->mode & 07777) ? -errno : 0;
        close(parent);
    }
    return result;
}

static int64_t asyscall_unlinkat_work(AsyscallWork *work)
{
    const char *last;
    int parent = asyscall_path_parent(work->fd, work->path, &last);
    int64_t result = parent;

    if (parent >= 0) {
        result = unlinkat(parent, last, work->flags) ? -errno : 0;
        close(parent);
    }
    return result;
}

static int64_t asyscall_renameat_work(AsyscallWork *work)
{
    const char *from, *to;
    int from_dir = asyscall_path_parent(work->fd, work->path, &from);
    int to_dir;
    int64_t result;

    if (from_dir < 0) {
        return from_dir;
    }
    to_dir = asyscall_path_parent(work->fd2, work->path2, &to);
    result = to_dir;
    if (to_dir >= 0) {
        result = syscall(SYS_renameat2, from_dir, from, to_dir, to, work->flags)
                     ? -errno
                     : 0;
        close(to_dir);
    }
    close(from_dir);
    return result;
}

static void asyscall_path_done(AsyscallRequest *req, int64_t result)
{
    asyscall_request_finish(req, result);
}

void asyscall_op_mkdirat(AsyscallRequest *req)
{
    if (asyscall_check_directory(req) && asyscall_check_writable(req) &&
        asyscall_read_path(req, req->sqe.addr, &req->work.path)) {
        req->work.mode = req->sqe.len;
        asyscall_work_submit(req, asyscall_mkdirat_work, asyscall_path_done);
    }
}

void asyscall_op_unlinkat(AsyscallRequest *req)
{
    if (req->sqe.unlink_flags & ~AT_REMOVEDIR) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    if (asyscall_check_directory(req) && asyscall_check_writable(req) &&
        asyscall_read_path(req, req->sqe.addr, &req->work.path)) {
        req->work.flags = req->sqe.unlink_flags;
        asyscall_work_submit(req, asyscall_unlinkat_work, asyscall_path_done);
    }
}

/* fd, addr: directory handle and path; len, off: those it moves to. */
void asyscall_op_renameat(AsyscallRequest *req)
{
    AsyscallFile *to = asyscall_handle_file(req->qp->device, req->sqe.len);

    if (!to) {
        asyscall_request_finish(req, -EBADF);
        return;
    }
    if (to->kind != ASYSCALL_FILE_DIRECTORY) {
        asyscall_request_finish(req, -ENOTDIR);
        return;
    }
    if (asyscall_check_directory(req) && asyscall_check_writable(req) &&
        asyscall_read_path(req, req->sqe.addr, &req->work.path) &&
        asyscall_read_path(req, req->sqe.off, &req->work.path2)) {
        req->work.directory2 = asyscall_file_ref(to);
        req->work.fd2 = to->fd;
        req->work.flags = req->sqe.rename_flags;
        asyscall_work_submit(req, asyscall_renameat_work, asyscall_path_done);
    }
}
