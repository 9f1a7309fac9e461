/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: a socket's names, options and flags, for the kernel.
 */
#include "qemu/osdep.h"
#include <netinet/tcp.h>
#include "qemu/sockets.h"
#include "internal.h"

void asyscall_ctl_name(AsyscallRequest *req)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof(name);
    AsyscallMiss miss;
    int result;

    result = req->sqe.off ? getpeername(req->file->fd,
                                        (struct sockaddr *)&name, &length)
                          : getsockname(req->file->fd,
                                        (struct sockaddr *)&name, &length);
    if (result < 0) {
        asyscall_request_finish(req, -errno);
        return;
    }
    result = asyscall_guest_write(req->qp, req->sqe.addr, &name,
                                  MIN(req->sqe.len, length), &miss);
    asyscall_request_finish(req, result ?: (int)length);
}

void asyscall_ctl_set_flags(AsyscallRequest *req)
{
    if (!(req->qp->device->driver_features & ASYSCALL_F_SET_FLAGS) ||
        (req->sqe.len & ~ASYSCALL_FLAG_NONBLOCK)) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    req->file->socket->nonblocking = req->sqe.len & ASYSCALL_FLAG_NONBLOCK;
    asyscall_request_finish(req, 0);
}

/* Those with an int for a value that concern nobody but the socket. */
static bool asyscall_option_allowed(int level, int name, bool set)
{
    switch (level) {
    case SOL_SOCKET:
        switch (name) {
        case SO_REUSEADDR:
        case SO_REUSEPORT:
        case SO_KEEPALIVE:
        case SO_BROADCAST:
        case SO_SNDBUF:
        case SO_RCVBUF:
        case SO_RCVLOWAT:
        case SO_OOBINLINE:
            return true;
        case SO_ERROR:
        case SO_TYPE:
        case SO_DOMAIN:
        case SO_PROTOCOL:
        case SO_ACCEPTCONN:
            return !set;
        }
        return false;
    case IPPROTO_TCP:
        return name == TCP_NODELAY || name == TCP_CORK ||
               name == TCP_QUICKACK || name == TCP_KEEPIDLE ||
               name == TCP_KEEPINTVL || name == TCP_KEEPCNT ||
               name == TCP_USER_TIMEOUT || name == TCP_MAXSEG ||
               name == TCP_DEFER_ACCEPT;
    case IPPROTO_IPV6:
        return name == IPV6_V6ONLY;
    }
    return false;
}

static void asyscall_option(AsyscallRequest *req, bool set)
{
    int level = (uint32_t)req->sqe.off, name = req->sqe.off >> 32;
    socklen_t length = sizeof(int);
    int value = 0, result;
    AsyscallMiss miss;

    if (!asyscall_option_allowed(level, name, set)) {
        asyscall_request_finish(req, -ENOPROTOOPT);
        return;
    }
    if (req->sqe.len < sizeof(value)) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    if (set) {
        result = asyscall_guest_read(req->qp, req->sqe.addr, &value,
                                     sizeof(value), &miss);
        if (!result &&
            setsockopt(req->file->fd, level, name, &value, sizeof(value)) < 0) {
            result = -errno;
        }
        asyscall_request_finish(req, result);
        return;
    }
    if (getsockopt(req->file->fd, level, name, &value, &length)) {
        asyscall_request_finish(req, -errno);
        return;
    }
    result = asyscall_guest_write(req->qp, req->sqe.addr, &value,
                                  sizeof(value), &miss);
    asyscall_request_finish(req, result ?: (int)sizeof(value));
}

void asyscall_ctl_get_option(AsyscallRequest *req)
{
    asyscall_option(req, false);
}

void asyscall_ctl_set_option(AsyscallRequest *req)
{
    asyscall_option(req, true);
}
