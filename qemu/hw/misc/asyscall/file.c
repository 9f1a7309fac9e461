/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: operations on open files. The functions that end in _work run
 * without the BQL.
 */
#include "qemu/osdep.h"
#include <sys/syscall.h>
#include <sys/uio.h>
#include "internal.h"
#include "trace.h"

/* One GETDENTS or READLINK returns at most so much; the caller asks again. */
#define ASYSCALL_MAX_LISTING 65536u

static int64_t asyscall_result(int64_t value)
{
    return value < 0 ? -errno : value;
}

void asyscall_op_nop(AsyscallRequest *req)
{
    asyscall_request_finish(req, 0);
}

/* ---- READ, WRITE, READV, WRITEV ------------------------------------------ */

static int64_t asyscall_read_work(AsyscallWork *work)
{
    /* Offset -1 is the file position, which lives in the host's descriptor. */
    return asyscall_result(preadv2(work->fd, work->pieces, work->n_pieces,
                                   work->offset, work->flags));
}

static int64_t asyscall_write_work(AsyscallWork *work)
{
    return asyscall_result(pwritev2(work->fd, work->pieces, work->n_pieces,
                                    work->offset, work->flags));
}

static void asyscall_rw_chunk(AsyscallRequest *req)
{
    AsyscallTransfer *t = &req->transfer;
    AsyscallWork *work = &req->work;

    if (req->file->kind == ASYSCALL_FILE_SOCKET) {
        asyscall_socket_rw(req);
        return;
    }
    if (req->file->fd < 0) {
        asyscall_console_start(req);
        return;
    }
    if (!asyscall_transfer_pin(req)) {
        return;
    }
    work->fd = req->file->fd;
    work->pieces = t->pieces;
    work->n_pieces = t->n_pieces;
    work->offset =
        req->sqe.off == UINT64_MAX ? UINT64_MAX : req->sqe.off + t->done;
    work->flags = req->sqe.rw_flags;
    asyscall_work_submit(req,
                         t->to_guest ? asyscall_read_work : asyscall_write_work,
                         asyscall_rw_advance);
}

void asyscall_rw_advance(AsyscallRequest *req, int64_t result)
{
    AsyscallTransfer *t = &req->transfer;
    bool whole;

    if (result < 0) {
        req->failed = true;
        asyscall_request_finish(req, t->done ? (int64_t)t->done : result);
        return;
    }
    whole = result && (uint64_t)result == t->pinned;
    asyscall_transfer_advance(req, result);
    if (whole && t->done < t->total && !req->qp->destroying) {
        asyscall_rw_chunk(req);
        return;
    }
    /* As io_uring: a short transfer breaks a chain. */
    req->failed = t->done < t->total;
    asyscall_request_finish(req, t->done);
}

static void asyscall_rw(AsyscallRequest *req, bool to_guest, bool vector)
{
    int error;

    if (req->sqe.flags & IOSQE_BUFFER_SELECT) {
        if (!asyscall_buffer_select(req)) {
            return;
        }
        if (req->file->kind != ASYSCALL_FILE_SOCKET) {
            asyscall_buffer_take(req); /* others are not tried first */
        }
        asyscall_rw_chunk(req);
        return;
    }
    error = vector ? asyscall_transfer_vector(req, to_guest, req->sqe.addr,
                                                  req->sqe.len)
                       : asyscall_transfer_single(req, to_guest, req->sqe.addr,
                                                  req->sqe.len);

    if (asyscall_access_ok(req, error, &req->miss)) {
        asyscall_rw_chunk(req);
    }
}

void asyscall_op_read(AsyscallRequest *req)
{
    asyscall_rw(req, true, false);
}

void asyscall_op_readv(AsyscallRequest *req)
{
    asyscall_rw(req, true, true);
}

void asyscall_op_write(AsyscallRequest *req)
{
    asyscall_rw(req, false, false);
}

void asyscall_op_writev(AsyscallRequest *req)
{
    asyscall_rw(req, false, true);
}

/* ---- FSYNC, FTRUNCATE, LSEEK --------------------------------------------- */

static int64_t asyscall_fsync_work(AsyscallWork *work)
{
    return asyscall_result(work->flags & IORING_FSYNC_DATASYNC
                               ? fdatasync(work->fd)
                               : fsync(work->fd));
}

static void asyscall_plain_done(AsyscallRequest *req, int64_t result)
{
    asyscall_request_finish(req, result);
}

void asyscall_op_fsync(AsyscallRequest *req)
{
    if (req->sqe.addr || req->sqe.buf_index || req->sqe.splice_fd_in ||
        (req->sqe.fsync_flags & ~IORING_FSYNC_DATASYNC) || req->file->fd < 0 ||
        req->file->kind == ASYSCALL_FILE_SOCKET) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    req->work.fd = req->file->fd;
    req->work.flags = req->sqe.fsync_flags;
    asyscall_work_submit(req, asyscall_fsync_work, asyscall_plain_done);
}

static int64_t asyscall_ftruncate_work(AsyscallWork *work)
{
    return asyscall_result(ftruncate(work->fd, work->offset));
}

void asyscall_ctl_ftruncate(AsyscallRequest *req)
{
    if (req->file->kind != ASYSCALL_FILE_REGULAR) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    req->work.fd = req->file->fd;
    req->work.offset = req->sqe.off;
    asyscall_work_submit(req, asyscall_ftruncate_work, asyscall_plain_done);
}

static int64_t asyscall_lseek_work(AsyscallWork *work)
{
    off_t position = lseek(work->fd, work->offset, work->flags);

    if (position < 0) {
        return -errno;
    }
    work->offset = position;
    return 0;
}

static void asyscall_lseek_done(AsyscallRequest *req, int64_t result)
{
    uint64_t position = req->work.offset;
    AsyscallMiss miss;

    if (!result) {
        result = asyscall_guest_write(req->qp, req->sqe.addr, &position,
                                      sizeof(position), &miss);
    }
    asyscall_request_finish(req, result);
}

void asyscall_ctl_lseek(AsyscallRequest *req)
{
    if (req->file->fd < 0) {
        asyscall_request_finish(req, -ESPIPE);
        return;
    }
    req->work.fd = req->file->fd;
    req->work.offset = req->sqe.off;
    req->work.flags = req->sqe.len;
    asyscall_work_submit(req, asyscall_lseek_work, asyscall_lseek_done);
}

/* ---- results that are copied to the guest afterwards --------------------- */

static void asyscall_copy_out(AsyscallRequest *req, const void *buffer,
                              uint64_t length)
{
    AsyscallTransfer *t = &req->transfer;

    asyscall_transfer_advance(
        req, iov_from_buf(t->pieces, t->n_pieces, 0, buffer, length));
    t->done = 0; /* not a count of bytes that a result could be */
}

static int64_t asyscall_getdents_work(AsyscallWork *work)
{
    return asyscall_result(
        syscall(SYS_getdents64, work->fd, work->buffer, work->length));
}

static void asyscall_getdents_done(AsyscallRequest *req, int64_t result)
{
    if (result > 0) {
        asyscall_copy_out(req, req->work.buffer, result);
    }
    asyscall_request_finish(req, result);
}

/*
 * The buffer is pinned first: entries that were taken from the host must not be
 * lost.
 */
void asyscall_ctl_getdents(AsyscallRequest *req)
{
    uint32_t length = MIN(req->sqe.len, ASYSCALL_MAX_LISTING);
    int error;

    if (req->file->kind != ASYSCALL_FILE_DIRECTORY) {
        asyscall_request_finish(req, -ENOTDIR);
        return;
    }
    error = asyscall_transfer_single(req, true, req->sqe.addr, length);
    if (!asyscall_access_ok(req, error, &req->miss) ||
        !asyscall_transfer_pin(req)) {
        return;
    }
    if (req->transfer.pinned < length) {
        asyscall_request_finish(req, -EFAULT);
        return;
    }
    req->work.fd = req->file->fd;
    req->work.length = length;
    req->work.buffer = g_malloc(length + 1);
    asyscall_work_submit(req, asyscall_getdents_work, asyscall_getdents_done);
}

static int64_t asyscall_readlink_work(AsyscallWork *work)
{
    int fd = asyscall_path_open(work->fd, work->path, O_PATH | O_NOFOLLOW, 0);
    int64_t result;

    if (fd < 0) {
        return fd;
    }
    result = asyscall_result(readlinkat(fd, "", work->buffer, work->length));
    close(fd);
    /*
     * O_PATH opens anything; on what is not a link the call says so
     * differently.
     */
    return result == -ENOENT ? -EINVAL : result;
}

void asyscall_ctl_readlink(AsyscallRequest *req)
{
    uint32_t length = MIN(req->sqe.len, ASYSCALL_MAX_LISTING);
    int error;

    if (!length) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    error = asyscall_transfer_single(req, true, req->sqe.off, length);
    if (!asyscall_access_ok(req, error, &req->miss) ||
        !asyscall_transfer_pin(req) ||
        !asyscall_read_path(req, req->sqe.addr, &req->work.path)) {
        return;
    }
    if (req->transfer.pinned < length) {
        asyscall_request_finish(req, -EFAULT);
        return;
    }
    req->work.fd = req->file->fd;
    req->work.length = length;
    req->work.buffer = g_malloc(length);
    asyscall_work_submit(req, asyscall_readlink_work, asyscall_getdents_done);
}

static int64_t asyscall_statx_work(AsyscallWork *work)
{
    int fd = work->fd;
    int64_t result;

    if (work->path) {
        fd = asyscall_path_open(
            fd, work->path,
            O_PATH | (work->flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0), 0);
        if (fd < 0) {
            return fd;
        }
    }
    result = asyscall_result(
        statx(fd, "", AT_EMPTY_PATH | (work->flags & AT_STATX_SYNC_TYPE),
              work->mode, work->buffer));
    if (fd != work->fd) {
        close(fd);
    }
    return result;
}

static void asyscall_statx_done(AsyscallRequest *req, int64_t result)
{
    if (!result) {
        asyscall_copy_out(req, req->work.buffer, sizeof(struct statx));
    }
    asyscall_request_finish(req, result);
}

/*
 * A user queue pair has AT_EMPTY_PATH on a file of its fd map; other paths are
 * the kernel's to resolve. Queue pair 0 has paths below a directory handle too.
 */
void asyscall_op_statx(AsyscallRequest *req)
{
    const uint32_t known = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW |
                           AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE;
    uint32_t flags = req->sqe.statx_flags;
    bool empty = (flags & AT_EMPTY_PATH) && !req->sqe.addr;
    AsyscallMiss miss;
    int error;
    char first;

    if (!empty) {
        error = asyscall_guest_read(req->qp, req->sqe.addr, &first, 1, &miss);
        if (!asyscall_access_ok(req, error, &miss)) {
            return;
        }
        empty = (flags & AT_EMPTY_PATH) && !first;
        if (!empty && !asyscall_is_control(req->qp)) {
            asyscall_forward(req);
            return;
        }
    }
    if (flags & ~known) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    if (req->file->fd < 0 || req->file->kind == ASYSCALL_FILE_SOCKET) {
        /* Not a file of the host; the kernel knows what it shows. */
        if (asyscall_is_control(req->qp)) {
            asyscall_request_finish(req, -EINVAL);
        } else {
            asyscall_forward(req);
        }
        return;
    }
    error =
        asyscall_transfer_single(req, true, req->sqe.off, sizeof(struct statx));
    if (!asyscall_access_ok(req, error, &req->miss) ||
        !asyscall_transfer_pin(req)) {
        return;
    }
    if (req->transfer.pinned < sizeof(struct statx)) {
        asyscall_request_finish(req, -EFAULT);
        return;
    }
    if (!empty && !asyscall_read_path(req, req->sqe.addr, &req->work.path)) {
        return;
    }
    req->work.fd = req->file->fd;
    req->work.flags = flags;
    req->work.mode = req->sqe.len;
    req->work.buffer = g_malloc0(sizeof(struct statx));
    asyscall_work_submit(req, asyscall_statx_work, asyscall_statx_done);
}
