/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: who serves an entry.
 *
 *   queue pair 0: the device, or -EINVAL
 *   a user queue pair: the device, if it can, the kernel allows the opcode for
 *       this queue pair, and the fd is in its fd map with the right it takes;
 *       otherwise the kernel, which gets the entry as it came
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "internal.h"
#include "trace.h"

#define BOTH         (ASYSCALL_OP_USER | ASYSCALL_OP_CONTROL)
#define FILE_READ    (ASYSCALL_OP_FD | ASYSCALL_OP_READ)
#define FILE_WRITE   (ASYSCALL_OP_FD | ASYSCALL_OP_WRITE)
#define SOCKET       (ASYSCALL_OP_FD | ASYSCALL_OP_SOCKET)
#define CONTROL_FILE (ASYSCALL_OP_CONTROL | ASYSCALL_OP_FD)

static const AsyscallOp asyscall_ops[256] = {
    [IORING_OP_NOP] = { asyscall_op_nop, BOTH },
    [IORING_OP_READ] = { asyscall_op_read, BOTH | FILE_READ },
    [IORING_OP_WRITE] = { asyscall_op_write, BOTH | FILE_WRITE },
    [IORING_OP_READV] = { asyscall_op_readv, BOTH | FILE_READ },
    [IORING_OP_WRITEV] = { asyscall_op_writev, BOTH | FILE_WRITE },
    [IORING_OP_FSYNC] = { asyscall_op_fsync, BOTH | ASYSCALL_OP_FD },
    [IORING_OP_STATX] = { asyscall_op_statx, BOTH | ASYSCALL_OP_FD },
    [IORING_OP_TIMEOUT] = { asyscall_op_timeout, BOTH | ASYSCALL_OP_TIMER },
    [IORING_OP_LINK_TIMEOUT] = { asyscall_op_link_timeout,
                                 BOTH | ASYSCALL_OP_TIMER | ASYSCALL_OP_HERE },
    [IORING_OP_TIMEOUT_REMOVE] = { asyscall_op_timeout_remove, BOTH },
    [IORING_OP_ASYNC_CANCEL] = { asyscall_op_async_cancel, BOTH },
    [IORING_OP_POLL_ADD] = { asyscall_op_poll_add, BOTH | ASYSCALL_OP_FD },
    [IORING_OP_CONNECT] = { asyscall_op_connect, BOTH | SOCKET },
    [IORING_OP_SHUTDOWN] = { asyscall_op_shutdown, BOTH | SOCKET },
    [IORING_OP_SEND] = { asyscall_op_send, BOTH | SOCKET },
    [IORING_OP_RECV] = { asyscall_op_recv, BOTH | SOCKET },
    [IORING_OP_SENDMSG] = { asyscall_op_sendmsg, BOTH | SOCKET },
    [IORING_OP_RECVMSG] = { asyscall_op_recvmsg, BOTH | SOCKET },

    [IORING_OP_OPENAT] = { asyscall_op_openat, CONTROL_FILE },
    [IORING_OP_CLOSE] = { asyscall_op_close, ASYSCALL_OP_CONTROL },
    [IORING_OP_MKDIRAT] = { asyscall_op_mkdirat, CONTROL_FILE },
    [IORING_OP_UNLINKAT] = { asyscall_op_unlinkat, CONTROL_FILE },
    [IORING_OP_RENAMEAT] = { asyscall_op_renameat, CONTROL_FILE },
    [IORING_OP_SOCKET] = { asyscall_op_socket, ASYSCALL_OP_CONTROL },
    [ASYSCALL_OP_BIND] = { asyscall_op_bind, ASYSCALL_OP_CONTROL | SOCKET },
    [ASYSCALL_OP_LISTEN] = { asyscall_op_listen, ASYSCALL_OP_CONTROL | SOCKET },
    [IORING_OP_ACCEPT] = { asyscall_op_accept, ASYSCALL_OP_CONTROL | SOCKET },
    [ASYSCALL_CTL_NAME] = { asyscall_ctl_name, ASYSCALL_OP_CONTROL | SOCKET },
    [ASYSCALL_CTL_GET_OPTION] = { asyscall_ctl_get_option,
                                  ASYSCALL_OP_CONTROL | SOCKET },
    [ASYSCALL_CTL_SET_OPTION] = { asyscall_ctl_set_option,
                                  ASYSCALL_OP_CONTROL | SOCKET },
    [ASYSCALL_CTL_CREATE] = { asyscall_ctl_create, ASYSCALL_OP_CONTROL },
    [ASYSCALL_CTL_MODIFY] = { asyscall_ctl_modify, ASYSCALL_OP_CONTROL },
    [ASYSCALL_CTL_DESTROY] = { asyscall_ctl_destroy, ASYSCALL_OP_CONTROL },
    [ASYSCALL_CTL_SET_FD] = { asyscall_ctl_set_fd, ASYSCALL_OP_CONTROL },
    [ASYSCALL_CTL_INVALIDATE] = { asyscall_ctl_invalidate,
                                  ASYSCALL_OP_CONTROL },
    [ASYSCALL_CTL_QUIESCE] = { asyscall_ctl_quiesce, ASYSCALL_OP_CONTROL },
    [ASYSCALL_CTL_CONTINUE] = { asyscall_ctl_continue, ASYSCALL_OP_CONTROL },
    [ASYSCALL_CTL_COMPLETE] = { asyscall_ctl_complete, ASYSCALL_OP_CONTROL },
    [ASYSCALL_CTL_RESUME] = { asyscall_ctl_resume, ASYSCALL_OP_CONTROL },
    [ASYSCALL_CTL_GETDENTS] = { asyscall_ctl_getdents, CONTROL_FILE },
    [ASYSCALL_CTL_READLINK] = { asyscall_ctl_readlink, CONTROL_FILE },
    [ASYSCALL_CTL_LSEEK] = { asyscall_ctl_lseek, CONTROL_FILE },
    [ASYSCALL_CTL_FTRUNCATE] = { asyscall_ctl_ftruncate, CONTROL_FILE },
    [ASYSCALL_CTL_POST] = { asyscall_ctl_post, ASYSCALL_OP_CONTROL },
};

const AsyscallOp *asyscall_op_of(uint8_t opcode)
{
    return &asyscall_ops[opcode];
}

static AsyscallFile *asyscall_mapped_file(AsyscallRequest *req,
                                          const AsyscallOp *op)
{
    uint32_t need = (op->flags & ASYSCALL_OP_READ ? ASYSCALL_RIGHT_READ : 0) |
                    (op->flags & ASYSCALL_OP_WRITE ? ASYSCALL_RIGHT_WRITE : 0);
    uint32_t fd = req->sqe.fd;
    const AsyscallFdEntry *entry;

    if (fd >= ASYSCALL_MAX_FDS_PER_QUEUE_PAIR) {
        return NULL;
    }
    entry = &req->qp->fds[fd];
    return entry->file && (entry->rights & need) == need ? entry->file : NULL;
}

static bool asyscall_served_here(AsyscallRequest *req, const AsyscallOp *op)
{
    if (asyscall_is_control(req->qp)) {
        return op->flags & ASYSCALL_OP_CONTROL;
    }
    return (op->flags & ASYSCALL_OP_HERE) ||
           ((op->flags & ASYSCALL_OP_USER) &&
             extract64(req->qp->opcodes[req->sqe.opcode / 64],
                      req->sqe.opcode % 64, 1));
}

/* io_uring's answers to what is asked for on top and not there. */
static int asyscall_check_flags(const AsyscallRequest *req)
{
    uint8_t flags = req->sqe.flags;

    if (flags & ~(IOSQE_FIXED_FILE | IOSQE_IO_DRAIN | IOSQE_IO_LINK |
                  IOSQE_IO_HARDLINK | IOSQE_ASYNC | IOSQE_BUFFER_SELECT |
                  IOSQE_CQE_SKIP_SUCCESS)) {
        return -EINVAL;
    }
    if (flags & IOSQE_FIXED_FILE) {
        return -EBADF;
    }
    if (flags & IOSQE_BUFFER_SELECT) {
        return req->op->flags & ASYSCALL_OP_READ ? -ENOBUFS : -EOPNOTSUPP;
    }
    return req->sqe.personality ? -EINVAL : 0;
}

static int asyscall_check_file(const AsyscallRequest *req)
{
    const AsyscallFile *file = req->file;

    if (!file) {
        return 0;
    }
    if (file->kind == ASYSCALL_FILE_GONE) {
        return -ESTALE;
    }
    if (file->kind == ASYSCALL_FILE_SOCKET && file->fd < 0) {
        return -ECONNRESET;
    }
    return (req->op->flags & ASYSCALL_OP_SOCKET) &&
                   file->kind != ASYSCALL_FILE_SOCKET
               ? -ENOTSOCK
               : 0;
}

void asyscall_route(AsyscallRequest *req)
{
    const AsyscallOp *op = &asyscall_ops[req->sqe.opcode];
    bool here = asyscall_served_here(req, op);
    int error;

    req->op = op;
    if (here && (op->flags & ASYSCALL_OP_FD) && !req->file) {
        AsyscallFile *file;

        if (asyscall_is_control(req->qp)) {
            file = asyscall_handle_file(req->qp->device, (uint32_t)req->sqe.fd);
            if (!file) {
                asyscall_request_finish(req, -EBADF);
                return;
            }
        } else {
            file = asyscall_mapped_file(req, op);
            here = file;
        }
        req->file = file ? asyscall_file_ref(file) : NULL;
    }
    if (!here) {
        if (asyscall_is_control(req->qp)) {
            asyscall_request_finish(req, -EINVAL);
        } else {
            asyscall_forward(req);
        }
        return;
    }
    error = asyscall_check_file(req);
    if (!error) {
        error = asyscall_check_flags(req);
    }
    if (error) {
        asyscall_request_finish(req, error);
        return;
    }
    op->start(req);
}
