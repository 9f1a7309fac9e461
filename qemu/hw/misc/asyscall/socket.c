/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: sockets of the host behind handles. They are non-blocking, and what
 * would block waits in the list of its socket until the main loop finds the
 * host ready: no thread waits, and no guest page stays pinned meanwhile.
 *
 * A socket does not go along when the machine is saved: who loads finds it
 * there, and each use of it gives -ECONNRESET.
 */
#include "qemu/osdep.h"
#include <poll.h>
#include "qemu/main-loop.h"
#include "qemu/sockets.h"
#include "qapi/error.h"
#include "internal.h"
#include "trace.h"

#define ASYSCALL_SOCKETS_MAX 65536

bool asyscall_net_init(AsyscallState *s, Error **errp)
{
    static const char *const names[] = {
        [ASYSCALL_NET_NONE] = "none",
        [ASYSCALL_NET_LOOPBACK] = "loopback",
        [ASYSCALL_NET_ANY] = "any",
    };

    QTAILQ_INIT(&s->sockets);
    s->net = ASYSCALL_NET_NONE;
    if (!s->max_sockets || s->max_sockets > ASYSCALL_SOCKETS_MAX) {
        error_setg(errp, "max-sockets=%u: must be from 1 to %u",
                   s->max_sockets, ASYSCALL_SOCKETS_MAX);
        return false;
    }
    if (!s->net_mode) {
        return true;
    }
    for (int i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strcmp(s->net_mode, names[i])) {
            s->net = i;
            return true;
        }
    }
    error_setg(errp, "net=%s: must be none, loopback or any", s->net_mode);
    return false;
}

/* ---- waiting ------------------------------------------------------------- */

static void asyscall_socket_serve(AsyscallSocket *socket, uint32_t events)
{
    AsyscallState *s = socket->device;
    AsyscallFile *file = asyscall_file_ref(socket->file);
    AsyscallRequest *req, *next;

    trace_asyscall_socket_ready(file->fd, events);
    QTAILQ_FOREACH_SAFE(req, &socket->waiters, queue, next) {
        if (req->poll_events & events) {
            QTAILQ_REMOVE(&socket->waiters, req, queue);
            /* From the loop, which starts it again, as it was. */
            asyscall_request_queue_start(req);
        }
    }
    asyscall_socket_watch(socket);
    asyscall_run(s);
    asyscall_file_unref(file);
}

static void asyscall_socket_readable(void *opaque)
{
    asyscall_socket_serve(opaque, G_IO_IN);
}

static void asyscall_socket_writable(void *opaque)
{
    asyscall_socket_serve(opaque, G_IO_OUT);
}

/* Have the main loop look for what is waited for. */
void asyscall_socket_watch(AsyscallSocket *socket)
{
    bool running = runstate_is_running();
    uint32_t events = 0;
    AsyscallRequest *req;

    QTAILQ_FOREACH(req, &socket->waiters, queue) {
        events |= req->poll_events;
    }
    if (socket->file->fd >= 0) {
        qemu_set_fd_handler(
            socket->file->fd,
            running && (events & G_IO_IN) ? asyscall_socket_readable : NULL,
            running && (events & G_IO_OUT) ? asyscall_socket_writable : NULL,
            socket);
    }
}

void asyscall_socket_wait(AsyscallRequest *req, uint32_t events)
{
    AsyscallSocket *socket = req->file->socket;

    trace_asyscall_socket_wait(req->qp->index, req->sqe.user_data, req->token,
                               req->file->fd, events);
    asyscall_transfer_unpin(req);
    req->phase = ASYSCALL_PHASE_SOCKET;
    req->poll_events = events;
    QTAILQ_INSERT_TAIL(&socket->waiters, req, queue);
    asyscall_socket_watch(socket);
}

bool asyscall_socket_cancel(AsyscallRequest *req)
{
    QTAILQ_REMOVE(&req->file->socket->waiters, req, queue);
    asyscall_socket_watch(req->file->socket);
    return true;
}

/* CLOSE of the handle ends what queue pair 0 waits for there. */
void asyscall_socket_closed(AsyscallFile *file)
{
    AsyscallRequest *req, *next;

    if (!file->socket) {
        return;
    }
    QTAILQ_FOREACH_SAFE(req, &file->socket->waiters, queue, next) {
        if (asyscall_is_control(req->qp)) {
            asyscall_request_cancel(req);
        }
    }
}

/* The machine stands still: so does what would change its memory. */
void asyscall_sockets_pause(AsyscallState *s)
{
    AsyscallSocket *socket;

    QTAILQ_FOREACH(socket, &s->sockets, entry) {
        qemu_set_fd_handler(socket->file->fd, NULL, NULL, NULL);
    }
}

void asyscall_sockets_resume(AsyscallState *s)
{
    AsyscallSocket *socket;

    QTAILQ_FOREACH(socket, &s->sockets, entry) {
        asyscall_socket_watch(socket);
    }
}

/* ---- making and ending --------------------------------------------------- */

/* Takes the descriptor over. NULL: it is closed, *error says why. */
AsyscallFile *asyscall_socket_adopt(AsyscallState *s, int fd, int *error)
{
    AsyscallSocket *socket;

    if (fd < 0) {
        *error = fd;
        return NULL;
    }
    if (s->n_sockets >= s->max_sockets) {
        close(fd);
        *error = -ENFILE;
        return NULL;
    }
    socket = g_new0(AsyscallSocket, 1);
    socket->device = s;
    socket->file = asyscall_file_new(ASYSCALL_FILE_SOCKET, fd);
    socket->file->socket = socket;
    QTAILQ_INIT(&socket->waiters);
    QTAILQ_INSERT_TAIL(&s->sockets, socket, entry);
    s->n_sockets++;
    trace_asyscall_socket(fd, s->n_sockets);
    return socket->file;
}

/* With its file: nobody waits there, each waiter would hold it. */
void asyscall_socket_free(AsyscallSocket *socket)
{
    AsyscallState *s = socket->device;

    qemu_set_fd_handler(socket->file->fd, NULL, NULL, NULL);
    QTAILQ_REMOVE(&s->sockets, socket, entry);
    s->n_sockets--;
    g_free(socket);
}

void asyscall_op_socket(AsyscallRequest *req)
{
    AsyscallState *s = req->qp->device;
    int domain = req->sqe.fd;
    uint64_t type = req->sqe.off;
    uint32_t protocol = req->sqe.len;
    uint32_t expected = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
    AsyscallFile *file;
    int error = 0, fd;

    if (!s->net || (domain != AF_INET && domain != AF_INET6)) {
        error = -EAFNOSUPPORT;
    } else if (type != SOCK_STREAM && type != SOCK_DGRAM) {
        error = -ESOCKTNOSUPPORT;
    } else if (protocol && protocol != expected) {
        error = -EPROTONOSUPPORT;
    } else if (req->sqe.rw_flags) {
        error = -EINVAL;
    }
    if (error) {
        asyscall_request_finish(req, error);
        return;
    }
    fd = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    file = asyscall_socket_adopt(s, fd < 0 ? -errno : fd, &error);
    asyscall_request_finish(req, file ? asyscall_handle_add(s, file) : error);
}

/* ---- polling ------------------------------------------------------------- */

static uint32_t asyscall_poll_now(const AsyscallFile *file)
{
    struct pollfd now = { .fd = file->fd,
                          .events = POLLIN | POLLPRI | POLLOUT | POLLRDHUP |
                                    POLLRDNORM | POLLWRNORM };

    return poll(&now, 1, 0) > 0 ? (uint16_t)now.revents : 0;
}

/* The register POLL: what a kernel that is asked by poll(2) can't wait for. */
uint32_t asyscall_socket_poll(AsyscallState *s, uint32_t handle)
{
    AsyscallFile *file = asyscall_handle_file(s, handle);

    if (!file || file->kind != ASYSCALL_FILE_SOCKET) {
        return POLLNVAL;
    }
    return file->fd < 0 ? POLLERR | POLLHUP : asyscall_poll_now(file);
}

/*
 * A user queue pair's is served for sockets, once, and for what the main loop
 * can wait for; the rest is the kernel's.
 */
void asyscall_op_poll_add(AsyscallRequest *req)
{
    const uint32_t input = POLLIN | POLLRDNORM, output = POLLOUT | POLLWRNORM;
    uint32_t asked = req->sqe.poll32_events;
    uint32_t now;

    if (req->file->kind != ASYSCALL_FILE_SOCKET || req->sqe.len ||
        !(asked & (input | output))) {
        if (asyscall_is_control(req->qp)) {
            asyscall_request_finish(req, -EINVAL);
        } else {
            asyscall_forward(req);
        }
        return;
    }
    now = asyscall_poll_now(req->file) & (asked | POLLERR | POLLHUP);
    if (now) {
        asyscall_request_finish(req, now);
        return;
    }
    asyscall_socket_wait(req, (asked & input ? G_IO_IN : 0) |
                                  (asked & output ? G_IO_OUT : 0));
}
