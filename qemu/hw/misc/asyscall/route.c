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

/* By the names that the documentation has for them. */
#define OP(name, function, flags) \
    [IORING_OP_##name] = { asyscall_op_##function, #name, flags }
#define NEW_OP(name, function, flags) \
    [ASYSCALL_OP_##name] = { asyscall_op_##function, #name, flags }
#define COMMAND(name, function, flags) \
    [ASYSCALL_CTL_##name] = { asyscall_ctl_##function, #name, flags }

static const AsyscallOp asyscall_ops[256] = {
    OP(NOP, nop, BOTH),
    OP(READ, read, BOTH | FILE_READ | ASYSCALL_OP_SELECT),
    OP(WRITE, write, BOTH | FILE_WRITE),
    OP(READV, readv, BOTH | FILE_READ),
    OP(WRITEV, writev, BOTH | FILE_WRITE),
    OP(FSYNC, fsync, BOTH | ASYSCALL_OP_FD),
    OP(STATX, statx, BOTH | ASYSCALL_OP_FD),
    OP(TIMEOUT, timeout, BOTH | ASYSCALL_OP_TIMER),
    OP(LINK_TIMEOUT, link_timeout, BOTH | ASYSCALL_OP_TIMER | ASYSCALL_OP_HERE),
    OP(TIMEOUT_REMOVE, timeout_remove, BOTH),
    OP(ASYNC_CANCEL, async_cancel, BOTH),
    OP(POLL_ADD, poll_add, BOTH | ASYSCALL_OP_FD),
    OP(CONNECT, connect, BOTH | SOCKET),
    OP(SHUTDOWN, shutdown, BOTH | SOCKET),
    OP(SEND, send, BOTH | SOCKET),
    OP(RECV, recv, BOTH | SOCKET | ASYSCALL_OP_SELECT),
    OP(SENDMSG, sendmsg, BOTH | SOCKET),
    OP(RECVMSG, recvmsg, BOTH | SOCKET),

    OP(OPENAT, openat, CONTROL_FILE),
    OP(CLOSE, close, ASYSCALL_OP_CONTROL),
    OP(MKDIRAT, mkdirat, CONTROL_FILE),
    OP(UNLINKAT, unlinkat, CONTROL_FILE),
    OP(RENAMEAT, renameat, CONTROL_FILE),
    OP(SOCKET, socket, ASYSCALL_OP_CONTROL),
    NEW_OP(BIND, bind, ASYSCALL_OP_CONTROL | SOCKET),
    NEW_OP(LISTEN, listen, ASYSCALL_OP_CONTROL | SOCKET),
    OP(ACCEPT, accept, ASYSCALL_OP_CONTROL | SOCKET),
    COMMAND(NAME, name, ASYSCALL_OP_CONTROL | SOCKET),
    COMMAND(GET_OPTION, get_option, ASYSCALL_OP_CONTROL | SOCKET),
    COMMAND(SET_OPTION, set_option, ASYSCALL_OP_CONTROL | SOCKET),
    COMMAND(SET_FLAGS, set_flags, ASYSCALL_OP_CONTROL | SOCKET),
    COMMAND(BUFFERS, buffers, ASYSCALL_OP_CONTROL),
    COMMAND(TAKE_BUFFER, take_buffer, ASYSCALL_OP_CONTROL),
    COMMAND(CREATE, create, ASYSCALL_OP_CONTROL),
    COMMAND(MODIFY, modify, ASYSCALL_OP_CONTROL),
    COMMAND(DESTROY, destroy, ASYSCALL_OP_CONTROL),
    COMMAND(SET_FD, set_fd, ASYSCALL_OP_CONTROL),
    COMMAND(INVALIDATE, invalidate, ASYSCALL_OP_CONTROL),
    COMMAND(QUIESCE, quiesce, ASYSCALL_OP_CONTROL),
    COMMAND(CONTINUE, continue, ASYSCALL_OP_CONTROL),
    COMMAND(COMPLETE, complete, ASYSCALL_OP_CONTROL),
    COMMAND(RESUME, resume, ASYSCALL_OP_CONTROL),
    COMMAND(GETDENTS, getdents, CONTROL_FILE),
    COMMAND(READLINK, readlink, CONTROL_FILE),
    COMMAND(LSEEK, lseek, CONTROL_FILE),
    COMMAND(FTRUNCATE, ftruncate, CONTROL_FILE),
    COMMAND(POST, post, ASYSCALL_OP_CONTROL),
    COMMAND(STATISTICS, statistics, ASYSCALL_OP_CONTROL),
    COMMAND(PROBE, probe, ASYSCALL_OP_CONTROL),
};

#undef OP
#undef NEW_OP
#undef COMMAND

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

static bool asyscall_served_here(const AsyscallQueuePair *qp, uint8_t opcode)
{
    uint32_t flags = asyscall_ops[opcode].flags;

    if (asyscall_is_control(qp)) {
        return flags & ASYSCALL_OP_CONTROL;
    }
    return (flags & ASYSCALL_OP_HERE) ||
           ((flags & ASYSCALL_OP_USER) &&
            extract64(qp->opcodes[opcode / 64], opcode % 64, 1));
}

/* ASYSCALL_PROBE_* of an opcode, if the rest of the entry is right. */
uint8_t asyscall_who_serves(const AsyscallQueuePair *qp, uint8_t opcode)
{
    uint32_t flags = asyscall_ops[opcode].flags;

    if (!asyscall_served_here(qp, opcode)) {
        return asyscall_is_control(qp) ? 0 : ASYSCALL_PROBE_FORWARDED;
    }
    return ASYSCALL_PROBE_SERVED |
           (!asyscall_is_control(qp) && (flags & ASYSCALL_OP_FD)
                ? ASYSCALL_PROBE_FORWARDED
                : 0);
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
    if ((flags & IOSQE_BUFFER_SELECT) &&
        !(req->op->flags & ASYSCALL_OP_SELECT)) {
        return -EOPNOTSUPP;
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
    bool here = asyscall_served_here(req->qp, req->sqe.opcode);
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
