/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: what is asked of a socket. Each function tries, and what would
 * block waits and is started again. Data goes between the host and the guest's
 * pages directly, at most a chunk at a time.
 */
#include "qemu/osdep.h"
#include <poll.h>
#include "qemu/sockets.h"
#include "internal.h"
#include "trace.h"

#define ASYSCALL_MSG_FLAGS                                                     \
    (MSG_PEEK | MSG_WAITALL | MSG_DONTWAIT | MSG_NOSIGNAL | MSG_TRUNC |        \
     MSG_MORE)
#define ASYSCALL_BACKLOG_MAX 4096
/* Completions of a multishot before others have their turn; Linux's number. */
#define ASYSCALL_SHOTS       32

/* As riscv64 Linux has it. */
struct guest_msghdr {
    uint64_t name;
    uint32_t name_length;
    uint32_t padding;
    uint64_t vec;
    uint64_t n_vec;
    uint64_t control;
    uint64_t control_length;
    uint32_t flags;
    uint32_t padding2;
};
QEMU_BUILD_BUG_ON(sizeof(struct guest_msghdr) != 56);

/* False: the request has ended or waits for the kernel. */
static bool asyscall_read_address(AsyscallRequest *req, uint64_t address,
                                  uint64_t length, struct sockaddr_storage *to)
{
    AsyscallMiss miss;
    int error = -EINVAL;

    memset(to, 0, sizeof(*to));
    if (length <= sizeof(*to)) {
        error = asyscall_guest_read(req->qp, address, to, length, &miss);
    }
    return asyscall_access_ok(req, error, &miss);
}

static int64_t asyscall_socket_result(int result)
{
    return result < 0 ? -errno : result;
}

/* ---- connections --------------------------------------------------------- */

void asyscall_op_bind(AsyscallRequest *req)
{
    AsyscallSocket *socket = req->file->socket;
    struct sockaddr_storage to;
    int64_t error;

    if (!asyscall_read_address(req, req->sqe.addr, req->sqe.off, &to)) {
        return;
    }
    error = asyscall_address_for_bind(socket->device, &to, req->sqe.off);
    if (!error) {
        error = asyscall_socket_result(
            bind(req->file->fd, (struct sockaddr *)&to, req->sqe.off));
        socket->bound |= !error;
    }
    asyscall_request_finish(req, error);
}

void asyscall_op_listen(AsyscallRequest *req)
{
    int64_t error = asyscall_address_bind_first(req->file->socket);

    if (!error) {
        error = asyscall_socket_result(listen(
            req->file->fd, MIN(req->sqe.len, (uint32_t)ASYSCALL_BACKLOG_MAX)));
    }
    asyscall_request_finish(req, error);
}

/*
 * On queue pair 0 it does not wait: -EINPROGRESS, and POLL_ADD tells. The
 * outcome is what the host's connect() says when it is asked once more.
 */
void asyscall_op_connect(AsyscallRequest *req)
{
    AsyscallSocket *socket = req->file->socket;
    struct sockaddr_storage to;
    int type = 0, error;
    socklen_t length = sizeof(type);

    if (!asyscall_read_address(req, req->sqe.addr, req->sqe.off, &to)) {
        return;
    }
    error = asyscall_address_for_peer(socket->device, &to, req->sqe.off);
    getsockopt(req->file->fd, SOL_SOCKET, SO_TYPE, &type, &length);
    if (!error && type == SOCK_DGRAM) {
        error = asyscall_address_bind_first(socket);
    }
    if (!error &&
        connect(req->file->fd, (struct sockaddr *)&to, req->sqe.off)) {
        error = -errno;
    }
    trace_asyscall_connect(req->qp->index, req->sqe.user_data, req->file->fd,
                           error);
    if ((error == -EINPROGRESS || (error == -EALREADY && req->begun)) &&
        !asyscall_is_control(req->qp) && (req->begun || !socket->nonblocking)) {
        req->begun = true;
        asyscall_socket_wait(req, G_IO_OUT);
        return;
    }
    asyscall_request_finish(req, error);
}

/* The handle of a connection, or -errno. */
static int64_t asyscall_accept_one(AsyscallRequest *req)
{
    AsyscallState *s = req->qp->device;
    AsyscallFile *file;
    int64_t result;
    int fd, error;

    if (s->n_sockets >= s->max_sockets) {
        return -ENFILE; /* it stays in the backlog */
    }
    fd = accept4(req->file->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    file = asyscall_socket_adopt(s, fd, &error);
    if (!file) {
        return error;
    }
    file->socket->bound = true;
    result = asyscall_handle_add(s, file);
    trace_asyscall_accept_socket(req->qp->index, req->sqe.user_data, fd,
                                 result);
    return result;
}

/* One of several completions is out, and there may be more at once. */
static bool asyscall_shot(AsyscallRequest *req, int64_t result, int *shots)
{
    if (!asyscall_request_post_more(req, result)) {
        return false;
    }
    req->cqe_flags = 0;
    ++*shots;
    return true;
}

void asyscall_op_accept(AsyscallRequest *req)
{
    uint64_t features = req->qp->device->driver_features;
    uint32_t known = IORING_ACCEPT_DONTWAIT |
                     (features & ASYSCALL_F_MULTISHOT ? IORING_ACCEPT_MULTISHOT
                                                      : 0);
    int shots = 0;

    if ((req->sqe.ioprio & ~known) || req->sqe.accept_flags ||
        req->sqe.addr || req->sqe.addr2) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    for (;;) {
        int64_t result = shots < ASYSCALL_SHOTS ? asyscall_accept_one(req)
                                                : -EAGAIN;

        if (result == -EAGAIN && (!(req->sqe.ioprio & IORING_ACCEPT_DONTWAIT) ||
                                  shots == ASYSCALL_SHOTS)) {
            asyscall_socket_wait(req, G_IO_IN);
            return;
        }
        if (result < 0 || !(req->sqe.ioprio & IORING_ACCEPT_MULTISHOT) ||
            !asyscall_shot(req, result, &shots)) {
            asyscall_request_finish(req, result);
            return;
        }
    }
}

void asyscall_op_shutdown(AsyscallRequest *req)
{
    asyscall_request_finish(req, asyscall_socket_result(shutdown(
                                     req->file->fd, (int)req->sqe.len)));
}

/* ---- data ---------------------------------------------------------------- */

/* A priority, or with class 0 io_uring's flags for these. */
static bool asyscall_ioprio_ok(const AsyscallRequest *req)
{
    return req->sqe.ioprio >> 13 ||
           !(req->sqe.ioprio & ~IORING_RECVSEND_POLL_FIRST);
}

typedef struct AsyscallMessage {
    int flags;
    struct sockaddr_storage name;
    socklen_t name_length; /* in: SEND's address; out: RECVMSG's */
    int out_flags;
} AsyscallMessage;

static bool asyscall_is_stream(AsyscallRequest *req)
{
    int type = 0;
    socklen_t length = sizeof(type);

    getsockopt(req->file->fd, SOL_SOCKET, SO_TYPE, &type, &length);
    return type == SOCK_STREAM;
}

/* Ring 0 is the kernel's, which says of each request whether it waits. */
static bool asyscall_is_nonblocking(const AsyscallRequest *req)
{
    return req->file->socket->nonblocking && !asyscall_is_control(req->qp);
}

static void asyscall_socket_data_end(AsyscallRequest *req, int64_t error)
{
    int64_t done = req->transfer.done;

    /* As io_uring: with MSG_WAITALL, a short transfer breaks a chain. */
    req->failed = error < 0 && !done;
    /* With MSG_TRUNC, a datagram's size is more than was put anywhere. */
    asyscall_request_finish(req, done ? MAX(done, error) : error);
}

/* Once; true: *result is final, false: the request waits. */
static bool asyscall_socket_move(AsyscallRequest *req, AsyscallMessage *m,
                                 int64_t *result)
{
    AsyscallTransfer *t = &req->transfer;
    /* What has waited before goes on, as with O_NONBLOCK. */
    bool wait = !(m->flags & MSG_DONTWAIT) &&
                (req->poll_events || !asyscall_is_nonblocking(req));
    bool all = (m->flags & MSG_WAITALL) && !(m->flags & MSG_PEEK) &&
               asyscall_is_stream(req);

    for (;;) {
        struct msghdr message = {
            .msg_name = m->name_length ? &m->name : NULL,
            .msg_namelen = m->name_length,
        };
        int flags = (m->flags & ~MSG_WAITALL) | MSG_DONTWAIT | MSG_NOSIGNAL;
        uint64_t pinned;
        ssize_t n;

        if (!asyscall_transfer_pin(req)) {
            return false;
        }
        pinned = t->pinned;
        message.msg_iov = t->pieces;
        message.msg_iovlen = t->n_pieces;
        if (!t->to_guest && pinned < t->total && !asyscall_is_stream(req)) {
            *result = -EMSGSIZE; /* a datagram goes whole */
            return true;
        }
        n = t->to_guest ? recvmsg(req->file->fd, &message, flags)
                        : sendmsg(req->file->fd, &message, flags);
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            if (errno == EAGAIN && wait) {
                asyscall_socket_wait(req, t->to_guest ? G_IO_IN : G_IO_OUT);
                return false;
            }
            *result = t->done ? (int64_t)t->done : -errno;
            return true;
        }
        m->name_length = message.msg_namelen;
        m->out_flags = message.msg_flags;
        if (n) {
            asyscall_buffer_take(req);
        }
        if ((uint64_t)n > pinned) {
            /* MSG_TRUNC: the datagram's own size. */
            asyscall_transfer_advance(req, pinned);
            *result = n;
            return true;
        }
        asyscall_transfer_advance(req, n);
        if (!all || !n || t->done == t->total) {
            *result = t->done;
            return true;
        }
    }
}

static void asyscall_socket_transfer(AsyscallRequest *req, AsyscallMessage *m)
{
    int64_t result;

    if (m->flags & ~ASYSCALL_MSG_FLAGS) {
        asyscall_request_finish(req, -EOPNOTSUPP);
        return;
    }
    if (asyscall_socket_move(req, m, &result)) {
        asyscall_socket_data_end(req, result);
    }
}

/* READ, WRITE and their vectors, with the buffers known. */
void asyscall_socket_rw(AsyscallRequest *req)
{
    AsyscallTransfer *t = &req->transfer;
    AsyscallMessage m = { .flags = req->sqe.rw_flags & RWF_NOWAIT
                                       ? MSG_DONTWAIT
                                       : 0 };

    int error = 0;

    if (!t->to_guest && !asyscall_is_stream(req)) {
        error = asyscall_address_bind_first(req->file->socket);
    }
    if (error || (!t->total && t->to_guest)) {
        asyscall_request_finish(req, error);
    } else {
        asyscall_socket_transfer(req, &m);
    }
}

/* Where a datagram goes; false: the request has ended or waits. */
static bool asyscall_send_to(AsyscallRequest *req, uint64_t address,
                             uint32_t length, AsyscallMessage *m)
{
    AsyscallSocket *socket = req->file->socket;
    int error = 0;

    if (length) {
        if (!asyscall_read_address(req, address, length, &m->name)) {
            return false;
        }
        m->name_length = length;
        error = asyscall_address_for_peer(socket->device, &m->name, length);
    }
    if (!error && !asyscall_is_stream(req)) {
        error = asyscall_address_bind_first(socket);
    }
    if (error) {
        asyscall_request_finish(req, error);
    }
    return !error;
}

void asyscall_op_send(AsyscallRequest *req)
{
    AsyscallMessage m = { .flags = req->sqe.msg_flags };
    int error;

    if (!asyscall_ioprio_ok(req)) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    error = asyscall_transfer_single(req, false, req->sqe.addr, req->sqe.len);
    if (asyscall_access_ok(req, error, &req->miss) &&
        asyscall_send_to(req, req->sqe.addr2,
                         req->sqe.addr2 ? req->sqe.addr_len : 0, &m)) {
        asyscall_socket_transfer(req, &m);
    }
}

static bool asyscall_is_multishot_recv(const AsyscallRequest *req)
{
    return !(req->sqe.ioprio >> 13) &&
           (req->sqe.ioprio & IORING_RECV_MULTISHOT) &&
           (req->qp->device->driver_features & ASYSCALL_F_MULTISHOT);
}

/* Each in a buffer of its own, until there is an error or the end. */
static void asyscall_recv_multishot(AsyscallRequest *req)
{
    AsyscallMessage m = { .flags = req->sqe.msg_flags };
    int shots = 0;

    if ((req->sqe.ioprio &
         ~(IORING_RECV_MULTISHOT | IORING_RECVSEND_POLL_FIRST)) ||
        !(req->sqe.flags & IOSQE_BUFFER_SELECT) || req->sqe.len ||
        (m.flags & MSG_WAITALL)) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    if (m.flags & ~ASYSCALL_MSG_FLAGS) {
        asyscall_request_finish(req, -EOPNOTSUPP);
        return;
    }
    for (;;) {
        int64_t result;

        if (shots == ASYSCALL_SHOTS) {
            asyscall_socket_wait(req, G_IO_IN);
            return;
        }
        if (!asyscall_buffer_select(req) ||
            !asyscall_socket_move(req, &m, &result)) {
            return;
        }
        if (result <= 0 || !asyscall_shot(req, result, &shots)) {
            asyscall_socket_data_end(req, result);
            return;
        }
    }
}

void asyscall_op_recv(AsyscallRequest *req)
{
    AsyscallMessage m = { .flags = req->sqe.msg_flags };
    int error;

    if (asyscall_is_multishot_recv(req)) {
        asyscall_recv_multishot(req);
        return;
    }
    if (!asyscall_ioprio_ok(req)) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    if (req->sqe.flags & IOSQE_BUFFER_SELECT) {
        if (asyscall_buffer_select(req)) {
            asyscall_socket_transfer(req, &m);
        }
        return;
    }
    error = asyscall_transfer_single(req, true, req->sqe.addr, req->sqe.len);
    if (asyscall_access_ok(req, error, &req->miss)) {
        asyscall_socket_transfer(req, &m);
    }
}

static bool asyscall_read_message(AsyscallRequest *req, bool to_guest,
                                  struct guest_msghdr *header)
{
    AsyscallMiss miss;
    int error = asyscall_guest_read(req->qp, req->sqe.addr, header,
                                    sizeof(*header), &miss);

    if (!asyscall_access_ok(req, error, &miss)) {
        return false;
    }
    if (!asyscall_ioprio_ok(req) || (!to_guest && header->control_length)) {
        asyscall_request_finish(req, -EINVAL);
        return false;
    }
    if (header->n_vec > IOV_MAX) {
        asyscall_request_finish(req, -EMSGSIZE);
        return false;
    }
    error = asyscall_transfer_vector(req, to_guest, header->vec,
                                     header->n_vec);
    return asyscall_access_ok(req, error, &req->miss);
}

void asyscall_op_sendmsg(AsyscallRequest *req)
{
    AsyscallMessage m = { .flags = req->sqe.msg_flags };
    struct guest_msghdr header;

    if (asyscall_read_message(req, false, &header) &&
        asyscall_send_to(req, header.name,
                         header.name ? header.name_length : 0, &m)) {
        asyscall_socket_transfer(req, &m);
    }
}

/* Name, length of the name and flags go back into the guest's header. */
static int asyscall_write_message(AsyscallRequest *req,
                                  const struct guest_msghdr *header,
                                  const AsyscallMessage *m)
{
    struct guest_msghdr out = *header;
    AsyscallMiss miss;
    int error = 0;

    if (header->name) {
        out.name_length = m->name_length;
        error = asyscall_guest_write(
            req->qp, header->name, &m->name,
            MIN(header->name_length, m->name_length), &miss);
    }
    out.control_length = 0;
    out.flags = m->out_flags & (MSG_TRUNC | MSG_EOR);
    if (!error) {
        error = asyscall_guest_write(req->qp, req->sqe.addr, &out, sizeof(out),
                                     &miss);
    }
    return error == ASYSCALL_MISS ? -EFAULT : error;
}

/*
 * Where the name and the header go must be there before a datagram is taken
 * off the host's queue: a miss afterwards would lose it.
 */
static bool asyscall_message_writable(AsyscallRequest *req,
                                      const struct guest_msghdr *header)
{
    const struct { uint64_t at, length; } parts[] = {
        { req->sqe.addr, sizeof(*header) },
        { header->name, header->name ? header->name_length : 0 },
    };

    for (int i = 0; i < ARRAY_SIZE(parts); i++) {
        uint64_t done = 0;
        uint64_t length =
            MIN(parts[i].length, sizeof(struct sockaddr_storage));

        while (done < length) {
            uint64_t span = length - done;
            AsyscallMiss miss;
            hwaddr pa;
            int error = asyscall_translate(req->qp, parts[i].at + done,
                                           ASYSCALL_RIGHT_WRITE, &pa, &span,
                                           &miss);

            if (!asyscall_access_ok(req, error, &miss)) {
                return false;
            }
            done += MAX(span, 1);
        }
    }
    return true;
}

void asyscall_op_recvmsg(AsyscallRequest *req)
{
    AsyscallMessage m = { .flags = req->sqe.msg_flags,
                          .name_length = sizeof(m.name) };
    struct guest_msghdr header;
    int64_t result;

    if (!asyscall_read_message(req, true, &header) ||
        !asyscall_message_writable(req, &header)) {
        return;
    }
    if (m.flags & ~ASYSCALL_MSG_FLAGS) {
        asyscall_request_finish(req, -EOPNOTSUPP);
        return;
    }
    if (asyscall_socket_move(req, &m, &result)) {
        if (result >= 0) {
            int error = asyscall_write_message(req, &header, &m);

            result = error ?: result;
        }
        req->failed = result < 0;
        asyscall_request_finish(req, result);
    }
}
