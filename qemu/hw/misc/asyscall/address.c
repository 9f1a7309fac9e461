/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: which addresses a guest may name. With net=loopback every socket
 * is bound to the host's loopback before the host could choose an address for
 * it, and none sends elsewhere.
 */
#include "qemu/osdep.h"
#include "qemu/sockets.h"
#include "internal.h"

static bool asyscall_is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;

        return in->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
    }
    return IN6_IS_ADDR_LOOPBACK(
        &((const struct sockaddr_in6 *)address)->sin6_addr);
}

static bool asyscall_is_any(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;

        return in->sin_addr.s_addr == htonl(INADDR_ANY);
    }
    return IN6_IS_ADDR_UNSPECIFIED(
        &((const struct sockaddr_in6 *)address)->sin6_addr);
}

/* Of a family that SOCKET makes, and whole. */
static int asyscall_address_check(const struct sockaddr_storage *address,
                                  uint32_t length)
{
    if (length < sizeof(struct sockaddr_in)) {
        return -EINVAL;
    }
    if (address->ss_family != AF_INET && address->ss_family != AF_INET6) {
        return -EAFNOSUPPORT;
    }
    return length < (address->ss_family == AF_INET
                         ? sizeof(struct sockaddr_in)
                         : sizeof(struct sockaddr_in6))
               ? -EINVAL
               : 0;
}

static void asyscall_make_loopback(struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET) {
        ((struct sockaddr_in *)address)->sin_addr.s_addr =
            htonl(INADDR_LOOPBACK);
    } else {
        ((struct sockaddr_in6 *)address)->sin6_addr = in6addr_loopback;
    }
}

/* "Any address" is then the loopback: servers ask for it by habit. */
int asyscall_address_for_bind(AsyscallState *s, struct sockaddr_storage *to,
                              uint32_t length)
{
    int error = asyscall_address_check(to, length);

    if (error || s->net == ASYSCALL_NET_ANY) {
        return error;
    }
    if (asyscall_is_any(to)) {
        asyscall_make_loopback(to);
    }
    return asyscall_is_loopback(to) ? 0 : -EADDRNOTAVAIL;
}

int asyscall_address_for_peer(AsyscallState *s,
                              const struct sockaddr_storage *to,
                              uint32_t length)
{
    int error;

    /* A datagram socket is disconnected so; then it has no address. */
    if (length >= sizeof(to->ss_family) && to->ss_family == AF_UNSPEC) {
        return s->net == ASYSCALL_NET_ANY ? 0 : -EAFNOSUPPORT;
    }
    error = asyscall_address_check(to, length);
    if (!error && s->net != ASYSCALL_NET_ANY && !asyscall_is_loopback(to)) {
        error = -ENETUNREACH;
    }
    return error;
}

/* Before the host would bind it to all of its addresses. */
int asyscall_address_bind_first(AsyscallSocket *socket)
{
    struct sockaddr_storage address = { 0 };
    socklen_t length = sizeof(address);

    if (socket->bound || socket->device->net == ASYSCALL_NET_ANY) {
        return 0;
    }
    if (getsockname(socket->file->fd, (struct sockaddr *)&address, &length)) {
        return -errno;
    }
    asyscall_make_loopback(&address);
    if (bind(socket->file->fd, (struct sockaddr *)&address, length)) {
        return -errno;
    }
    socket->bound = true;
    return 0;
}
