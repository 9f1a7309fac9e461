// SPDX-License-Identifier: BSD-2-Clause
//
// System calls on sockets of AF_INET and AF_INET6.
#include "net/inet_calls.h"

#include <cstddef>
#include <linux/fcntl.h>
#include <utility>

#include "fs/fd_table.h"
#include "net/inet_socket.h"
#include "process/thread.h"
#include "syscalls/socket_calls.h"

namespace kernel {

long find_inet(caller& who, uint64_t fd, ref<file>& opened, inet_socket*& found) {
    opened = who.owner->files->get(fd);
    if (!opened)
        return -EBADF;
    found = opened->as_inet_socket();
    return found ? 0 : opened->as_unix_socket() ? -EOPNOTSUPP : -ENOTSOCK;
}

bool is_inet(caller& who, uint64_t fd) {
    ref<file> f = who.owner->files->get(fd);
    return f && f->as_inet_socket();
}

namespace {

long read_address(caller& who, uint64_t at, uint64_t size, socket_address& out) {
    out = {};
    if (uint32_t(size) > sizeof out)
        return -EINVAL;
    return copy_from_user(*who.owner->space, &out, at, uint32_t(size));
}

// As much as there is room for, and how much there is.
long write_address(caller& who, uint64_t at, uint64_t size_at, const socket_address& from,
                   uint32_t size) {
    int32_t room;
    if (!at)
        return 0;
    if (long error = read_user(*who.owner->space, room, size_at); error < 0)
        return error;
    if (room < 0)
        return -EINVAL;
    uint32_t copied = uint32_t(room) < size ? uint32_t(room) : size;
    if (long error = copy_to_user(*who.owner->space, at, &from, copied); error < 0)
        return error;
    return write_user(*who.owner->space, size_at, size);
}

// A broken stream brings SIGPIPE, as by write().
long sent(caller& who, const inet_socket& s, long result, uint64_t flags) {
    if (result == -EPIPE && s.is_stream() && !(flags & message_no_signal) && who.as_thread)
        (void)send_signal(*who.as_thread, signal_info::from(signal_pipe, code_user, who.owner->id));
    return result;
}

task<long> install(caller& who, ref<file> made, uint32_t flags) {
    fd_table& files = *who.owner->files;
    bool publishes = files.has_rings() && made->device().rights != 0;
    long fd = files.install(std::move(made), flags & O_CLOEXEC);
    if (fd >= 0) {
        if (publishes)
            co_await files.publish(uint64_t(fd));
    }
    co_return fd;
}

} // namespace

task<long> inet_shutdown(caller& who, uint64_t fd, uint64_t how) {
    ref<file> opened;
    inet_socket* s;
    if (long error = find_inet(who, fd, opened, s); error < 0)
        co_return error;
    co_return co_await s->shut_down(how);
}

task<long> inet_send(caller& who, uint64_t fd, uint64_t buffer, uint64_t size, uint64_t flags,
                     uint64_t to, uint64_t to_size) {
    ref<file> opened;
    inet_socket* s;
    socket_address address = {};
    if (long error = find_inet(who, fd, opened, s); error < 0)
        co_return error;
    if (!to)
        to_size = 0;
    else if (long error = read_address(who, to, to_size, address); error < 0)
        co_return error;
    user_buffers from(*who.owner->space, buffer, size);
    long result =
        co_await s->send(who, std::move(from), uint32_t(flags), address, uint32_t(to_size));
    co_return sent(who, *s, result, flags);
}

task<long> inet_receive(caller& who, uint64_t fd, uint64_t buffer, uint64_t size, uint64_t flags,
                        uint64_t address, uint64_t size_at) {
    ref<file> opened;
    inet_socket* s;
    socket_address from;
    uint32_t from_size = 0, out_flags = 0;
    if (long error = find_inet(who, fd, opened, s); error < 0)
        co_return error;
    user_buffers to(*who.owner->space, buffer, size);
    long result =
        co_await s->receive(who, std::move(to), uint32_t(flags), &from, from_size, out_flags);
    if (result < 0)
        co_return result;
    long error = write_address(who, address, size_at, from, from_size);
    co_return error < 0 ? error : result;
}

task<long> inet_send_message(caller& who, uint64_t fd, uint64_t header_at, uint64_t flags) {
    ref<file> opened;
    inet_socket* s;
    message_header h;
    socket_address address = {};
    user_buffers from;
    if (long error = find_inet(who, fd, opened, s); error < 0)
        co_return error;
    if (long error = read_user(*who.owner->space, h, header_at); error < 0)
        co_return error;
    if (h.control_size)
        co_return -EINVAL; // as the device: no socket here takes any
    uint32_t size = h.name ? h.name_size : 0;
    if (long error = read_address(who, h.name, size, address); error < 0)
        co_return error;
    if (h.segment_count > max_segments)
        co_return -EMSGSIZE;
    if (long error = from.load(*who.owner->space, h.segments, h.segment_count); error < 0)
        co_return error;
    long result = co_await s->send(who, std::move(from), uint32_t(flags), address, size);
    co_return sent(who, *s, result, flags);
}

task<long> inet_receive_message(caller& who, uint64_t fd, uint64_t header_at, uint64_t flags) {
    ref<file> opened;
    inet_socket* s;
    message_header h;
    socket_address from;
    user_buffers to;
    uint32_t from_size = 0, out_flags = 0;
    if (long error = find_inet(who, fd, opened, s); error < 0)
        co_return error;
    if (long error = read_user(*who.owner->space, h, header_at); error < 0)
        co_return error;
    if (h.segment_count > max_segments)
        co_return -EMSGSIZE;
    if (long error = to.load(*who.owner->space, h.segments, h.segment_count); error < 0)
        co_return error;
    long result =
        co_await s->receive(who, std::move(to), uint32_t(flags), &from, from_size, out_flags);
    if (result < 0)
        co_return result;
    long error = 0;
    if (h.name) {
        uint32_t copied = h.name_size < from_size ? h.name_size : from_size;
        error = copy_to_user(*who.owner->space, h.name, &from, copied);
        h.name_size = from_size;
    }
    h.control_size = 0;
    h.flags = out_flags;
    if (error == 0)
        error = write_user(*who.owner->space, header_at, h);
    co_return error < 0 ? error : result;
}

namespace call {

task<long> socket(caller& who, uint64_t family, uint64_t type, uint64_t protocol) {
    constexpr uint32_t family_inet = 2, family_inet6 = 10, type_mask = 0xf;
    uint32_t kind = uint32_t(type) & type_mask, flags = uint32_t(type) & ~type_mask;
    if (uint32_t(family) != family_inet && uint32_t(family) != family_inet6)
        co_return -EAFNOSUPPORT;
    if (flags & ~uint32_t(O_CLOEXEC | O_NONBLOCK)) // SOCK_CLOEXEC, SOCK_NONBLOCK
        co_return -EINVAL;
    asyscall_device* device = asyscall_device::get();
    if (!device || !device->has(ASYSCALL_F_SOCKETS))
        co_return -EAFNOSUPPORT;
    ref<file> made;
    long error = co_await inet_socket::open(family, kind, protocol, flags, made);
    if (error < 0)
        co_return error;
    co_return co_await install(who, std::move(made), flags);
}

task<long> bind(caller& who, uint64_t fd, uint64_t address, uint64_t size) {
    ref<file> opened;
    inet_socket* s;
    socket_address to;
    if (long error = find_inet(who, fd, opened, s); error < 0)
        co_return error;
    if (long error = read_address(who, address, size, to); error < 0)
        co_return error;
    co_return co_await s->bind(to, uint32_t(size));
}

task<long> connect(caller& who, uint64_t fd, uint64_t address, uint64_t size) {
    ref<file> opened;
    inet_socket* s;
    socket_address to;
    if (long error = find_inet(who, fd, opened, s); error < 0)
        co_return error;
    if (long error = read_address(who, address, size, to); error < 0)
        co_return error;
    co_return co_await s->connect(who, to, uint32_t(size));
}

task<long> listen(caller& who, uint64_t fd, uint64_t backlog) {
    ref<file> opened;
    inet_socket* s;
    if (long error = find_inet(who, fd, opened, s); error < 0)
        co_return error;
    co_return co_await s->listen(backlog);
}

task<long> accept4(caller& who, uint64_t fd, uint64_t address, uint64_t size_at, uint64_t flags) {
    ref<file> opened, made;
    inet_socket* s;
    if (uint32_t(flags) & ~uint32_t(O_CLOEXEC | O_NONBLOCK))
        co_return -EINVAL;
    if (long error = find_inet(who, fd, opened, s); error < 0)
        co_return error;
    long error = co_await s->accept(who, uint32_t(flags), made);
    if (error < 0)
        co_return error;
    if (address) {
        socket_address from;
        long size = co_await made->as_inet_socket()->name(true, from);
        if (size < 0) { // gone already
            from = {};
            size = 0;
        }
        if (long bad = write_address(who, address, size_at, from, uint32_t(size)); bad < 0)
            co_return bad;
    }
    co_return co_await install(who, std::move(made), uint32_t(flags));
}

task<long> accept(caller& who, uint64_t fd, uint64_t address, uint64_t size_at) {
    return accept4(who, fd, address, size_at, 0);
}

namespace {

task<long> name_of(caller& who, uint64_t fd, uint64_t address, uint64_t size_at, bool of_peer) {
    ref<file> opened;
    inet_socket* s;
    socket_address found;
    if (long error = find_inet(who, fd, opened, s); error < 0)
        co_return error;
    long size = co_await s->name(of_peer, found);
    if (size < 0)
        co_return size;
    co_return address ? write_address(who, address, size_at, found, uint32_t(size)) : -EFAULT;
}

} // namespace

task<long> getsockname(caller& who, uint64_t fd, uint64_t address, uint64_t size_at) {
    return name_of(who, fd, address, size_at, false);
}

task<long> getpeername(caller& who, uint64_t fd, uint64_t address, uint64_t size_at) {
    return name_of(who, fd, address, size_at, true);
}

} // namespace call

static const syscall_entry inet_calls[] = {
    CALL_OF(socket),      CALL_OF(bind),        CALL_OF(connect),
    CALL_OF(listen),      CALL_OF(accept4),     CALL_OF(accept),
    CALL_OF(getsockname), CALL_OF(getpeername), {},
};
REGISTER_CALLS(inet_calls)

} // namespace kernel
