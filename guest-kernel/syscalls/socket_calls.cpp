// SPDX-License-Identifier: BSD-2-Clause
//
// Sockets: connected pairs of AF_UNIX. Messages with descriptors are in socket_messages.cpp.
#include <linux/fcntl.h>
#include <utility>

#include "fs/fd_table.h"
#include "net/inet_calls.h"
#include "process/thread.h"
#include "syscalls/socket_calls.h"

namespace kernel {

long find_socket(caller& who, uint64_t fd, ref<file>& opened, unix_socket*& found) {
    opened = who.owner->files->get(fd);
    if (!opened)
        return -EBADF;
    found = opened->as_unix_socket();
    return found ? 0 : -ENOTSOCK;
}

long send_result(caller& who, const unix_socket& s, long result, uint64_t flags) {
    if (result == -EPIPE && s.type() == socket_type::stream && !(flags & message_no_signal) &&
        who.as_thread)
        (void)send_signal(*who.as_thread, signal_info::from(signal_pipe, code_user, who.owner->id));
    return result;
}

namespace call {

long socketpair(caller& who, uint64_t family, uint64_t type, uint64_t protocol, uint64_t out) {
    constexpr uint32_t family_unix = 1, family_inet = 2, family_inet6 = 10, type_mask = 0xf;
    uint32_t kind = uint32_t(type) & type_mask, flags = uint32_t(type) & ~type_mask;
    if (uint32_t(family) == family_inet || uint32_t(family) == family_inet6)
        return -EOPNOTSUPP;
    if (uint32_t(family) != family_unix)
        return -EAFNOSUPPORT;
    if (flags & ~uint32_t(O_CLOEXEC | O_NONBLOCK)) // SOCK_CLOEXEC, SOCK_NONBLOCK
        return -EINVAL;
    if (protocol && protocol != family_unix)
        return -EPROTONOSUPPORT;
    if (kind != 1 && kind != 2 && kind != 5)
        return -ESOCKTNOSUPPORT;
    ref<file> sockets[2];
    if (long error = make_unix_pair(socket_type(kind), flags, sockets[0], sockets[1]); error < 0)
        return error;
    fd_table& files = *who.owner->files;
    int32_t fds[2] = {-1, -1};
    long error = 0;
    for (int i = 0; i < 2 && error == 0; i++) {
        long fd = files.install(std::move(sockets[i]), flags & O_CLOEXEC);
        if (fd < 0)
            error = fd;
        else
            fds[i] = int32_t(fd);
    }
    if (error == 0)
        error = write_user(*who.owner->space, out, fds);
    if (error < 0)
        for (int32_t fd : fds)
            if (fd >= 0)
                files.remove(uint64_t(fd));
    return error;
}

task<long> shutdown_later(caller& who, uint64_t fd, uint64_t how) {
    return inet_shutdown(who, fd, how);
}
long shutdown(caller& who, uint64_t fd, uint64_t how) {
    if (is_inet(who, fd))
        return must_wait;
    ref<file> opened;
    unix_socket* s;
    if (long error = find_socket(who, fd, opened, s); error < 0)
        return error;
    if (uint32_t(how) > 2)
        return -EINVAL;
    return s->shut_down(how != 1, how != 0); // SHUT_RD, SHUT_WR, SHUT_RDWR
}

namespace {

long prepare(caller& who, uint64_t fd, uint64_t buffer, uint64_t size, ref<file>& opened,
             unix_socket*& s, user_buffers& buffers) {
    if (long error = find_socket(who, fd, opened, s); error < 0)
        return error;
    if (int64_t(size) < 0)
        return -EINVAL;
    buffers = user_buffers(*who.owner->space, buffer, size);
    return 0;
}

} // namespace

// An address is not looked at: the sockets are connected.
long sendto(caller& who, uint64_t fd, uint64_t buffer, uint64_t size, uint64_t flags, uint64_t to,
            uint64_t) {
    if (is_inet(who, fd))
        return must_wait;
    ref<file> opened;
    unix_socket* s;
    user_buffers buffers;
    if (long error = prepare(who, fd, buffer, size, opened, s, buffers); error < 0)
        return error;
    if (to)
        return -EISCONN;
    file_bundle none;
    return send_result(who, *s, s->send(buffers, none, uint32_t(flags)), flags);
}
task<long> sendto_later(caller& who, uint64_t fd, uint64_t buffer, uint64_t size, uint64_t flags,
                        uint64_t to, uint64_t to_size) {
    if (is_inet(who, fd))
        co_return co_await inet_send(who, fd, buffer, size, flags, to, to_size);
    ref<file> opened;
    unix_socket* s;
    user_buffers buffers;
    if (long error = prepare(who, fd, buffer, size, opened, s, buffers); error < 0)
        co_return error;
    long result = co_await s->send_later(who, std::move(buffers), file_bundle(), uint32_t(flags));
    co_return send_result(who, *s, result, flags);
}

namespace {

// There is no address to give: its size is 0.
long received_from(caller& who, long result, uint64_t address, uint64_t size_at) {
    if (result < 0 || !address || !size_at)
        return result;
    uint32_t none = 0;
    long error = write_user(*who.owner->space, size_at, none);
    return error < 0 ? error : result;
}

} // namespace

long recvfrom(caller& who, uint64_t fd, uint64_t buffer, uint64_t size, uint64_t flags,
              uint64_t address, uint64_t size_at) {
    if (is_inet(who, fd))
        return must_wait;
    ref<file> opened;
    unix_socket* s;
    user_buffers buffers;
    if (long error = prepare(who, fd, buffer, size, opened, s, buffers); error < 0)
        return error;
    received_message message; // descriptors that come along are dropped
    return received_from(who, s->receive(buffers, message, uint32_t(flags)), address, size_at);
}
task<long> recvfrom_later(caller& who, uint64_t fd, uint64_t buffer, uint64_t size, uint64_t flags,
                          uint64_t address, uint64_t size_at) {
    if (is_inet(who, fd))
        co_return co_await inet_receive(who, fd, buffer, size, flags, address, size_at);
    ref<file> opened;
    unix_socket* s;
    user_buffers buffers;
    if (long error = prepare(who, fd, buffer, size, opened, s, buffers); error < 0)
        co_return error;
    received_message message;
    long result = co_await s->receive_later(who, std::move(buffers), message, uint32_t(flags));
    co_return received_from(who, result, address, size_at);
}

} // namespace call

static const syscall_entry socket_calls[] = {
    CALL_OF(socketpair),
    CALL_PAIR(shutdown),
    CALL_PAIR(sendto),
    CALL_PAIR(recvfrom),
    CALL_PAIR(sendmsg),
    CALL_PAIR(recvmsg),
    {},
};
REGISTER_CALLS(socket_calls)

} // namespace kernel
