// SPDX-License-Identifier: BSD-2-Clause
//
// sendmsg and recvmsg: segments of memory, and descriptors as SCM_RIGHTS.
#include <cstddef>
#include <utility>

#include "fs/fd_table.h"
#include "net/inet_calls.h"
#include "process/process.h"
#include "syscalls/socket_calls.h"

namespace kernel::call {

namespace {

struct control_header { // struct cmsghdr
    uint64_t size;
    int32_t level;
    int32_t type;
};
constexpr int32_t socket_level = 1;                    // SOL_SOCKET
constexpr int32_t control_rights = 1, control_who = 2; // SCM_RIGHTS, SCM_CREDENTIALS
constexpr uint64_t most_control = 65536;

long take_files(caller& who, uint64_t at, size_t count, file_bundle& out) {
    if (count == 0)
        return 0;
    if (count > file_bundle::most || out.count())
        return -EINVAL;
    if (!out.reserve(count))
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        int32_t fd;
        if (long error = read_user(*who.owner->space, fd, at + i * sizeof fd); error < 0)
            return error;
        out[i] = who.owner->files->get(uint64_t(int64_t(fd)));
        if (!out[i])
            return -EBADF;
    }
    return 0;
}

long read_control(caller& who, const message_header& h, file_bundle& out) {
    if (!h.control)
        return 0;
    if (h.control_size > most_control)
        return -ENOBUFS;
    uint64_t at = 0;
    while (h.control_size - at >= sizeof(control_header)) {
        control_header c;
        if (long error = read_user(*who.owner->space, c, h.control + at); error < 0)
            return error;
        if (c.size < sizeof c || c.size > h.control_size - at)
            return -EINVAL;
        if (c.level == socket_level) {
            // Credentials say what everybody here is: nothing to check.
            if (c.type != control_rights && c.type != control_who)
                return -EINVAL;
            if (c.type == control_rights)
                if (long error = take_files(who, h.control + at + sizeof c,
                                            (c.size - sizeof c) / sizeof(int32_t), out);
                    error < 0)
                    return error;
        }
        at += (c.size + 7) & ~7ull;
        if (at > h.control_size)
            break;
    }
    return 0;
}

long prepare(caller& who, uint64_t fd, uint64_t header_at, ref<file>& opened, unix_socket*& s,
             message_header& h, user_buffers& buffers) {
    if (long error = find_socket(who, fd, opened, s); error < 0)
        return error;
    if (long error = read_user(*who.owner->space, h, header_at); error < 0)
        return error;
    if (h.segment_count > max_segments)
        return -EMSGSIZE;
    return buffers.load(*who.owner->space, h.segments, h.segment_count);
}

// Installs what came and tells the program. The numbers of those that rings are to know are
// published by the caller.
long finish_receive(caller& who, uint64_t header_at, const message_header& h,
                    received_message& message, uint32_t flags, int32_t (&fds)[file_bundle::most],
                    size_t& installed) {
    address_space& space = *who.owner->space;
    fd_table& files = *who.owner->files;
    constexpr size_t header = sizeof(control_header);
    size_t count = message.files.count();
    size_t room = h.control && h.control_size > header ? (h.control_size - header) / 4 : 0;
    uint32_t out_flags = message.flags | (flags & message_close_on_exec);
    uint64_t used = 0;
    long error = 0;
    for (installed = 0; installed < count && installed < room; installed++) {
        long fd = files.install(message.files[installed], flags & message_close_on_exec);
        if (fd < 0)
            break;
        fds[installed] = int32_t(fd);
    }
    if (installed < count)
        out_flags |= message_control_truncated;
    if (installed) {
        control_header c{header + installed * 4, socket_level, control_rights};
        error = write_user(space, h.control, c);
        if (error == 0)
            error = copy_to_user(space, h.control + header, fds, installed * 4);
        used = (c.size + 7) & ~7ull;
        used = used < h.control_size ? used : h.control_size;
    }
    uint32_t no_name = 0;
    if (error == 0 && h.name)
        error = write_user(space, header_at + offsetof(message_header, name_size), no_name);
    if (error == 0)
        error = write_user(space, header_at + offsetof(message_header, control_size), used);
    if (error == 0)
        error = write_user(space, header_at + offsetof(message_header, flags), out_flags);
    if (error < 0)
        for (size_t i = 0; i < installed; i++)
            files.remove(uint64_t(fds[i]));
    return error;
}

} // namespace

long sendmsg(caller& who, uint64_t fd, uint64_t header_at, uint64_t flags) {
    if (is_inet(who, fd))
        return must_wait;
    ref<file> opened;
    unix_socket* s;
    message_header h;
    user_buffers buffers;
    if (long error = prepare(who, fd, header_at, opened, s, h, buffers); error < 0)
        return error;
    if (h.name_size)
        return -EISCONN;
    file_bundle files;
    if (long error = read_control(who, h, files); error < 0)
        return error;
    return send_result(who, *s, s->send(buffers, files, uint32_t(flags)), flags);
}

task<long> sendmsg_later(caller& who, uint64_t fd, uint64_t header_at, uint64_t flags) {
    if (is_inet(who, fd))
        co_return co_await inet_send_message(who, fd, header_at, flags);
    ref<file> opened;
    unix_socket* s;
    message_header h;
    user_buffers buffers;
    if (long error = prepare(who, fd, header_at, opened, s, h, buffers); error < 0)
        co_return error;
    file_bundle files;
    if (long error = read_control(who, h, files); error < 0)
        co_return error;
    long result =
        co_await s->send_later(who, std::move(buffers), std::move(files), uint32_t(flags));
    co_return send_result(who, *s, result, flags);
}

long recvmsg(caller& who, uint64_t fd, uint64_t header_at, uint64_t flags) {
    if (is_inet(who, fd))
        return must_wait;
    if (who.owner->files->has_rings()) // what comes may have to be published
        return must_wait;
    ref<file> opened;
    unix_socket* s;
    message_header h;
    user_buffers buffers;
    if (long error = prepare(who, fd, header_at, opened, s, h, buffers); error < 0)
        return error;
    received_message message;
    long result = s->receive(buffers, message, uint32_t(flags));
    if (result < 0)
        return result;
    int32_t fds[file_bundle::most];
    size_t installed;
    long error = finish_receive(who, header_at, h, message, uint32_t(flags), fds, installed);
    return error < 0 ? error : result;
}

task<long> recvmsg_later(caller& who, uint64_t fd, uint64_t header_at, uint64_t flags) {
    if (is_inet(who, fd))
        co_return co_await inet_receive_message(who, fd, header_at, flags);
    ref<file> opened;
    unix_socket* s;
    message_header h;
    user_buffers buffers;
    if (long error = prepare(who, fd, header_at, opened, s, h, buffers); error < 0)
        co_return error;
    received_message message;
    long result = co_await s->receive_later(who, std::move(buffers), message, uint32_t(flags));
    if (result < 0)
        co_return result;
    int32_t fds[file_bundle::most];
    size_t installed;
    long error = finish_receive(who, header_at, h, message, uint32_t(flags), fds, installed);
    if (error < 0)
        co_return error;
    for (size_t i = 0; i < installed; i++)
        if (who.owner->files->has_rings() && message.files[i]->device().rights != 0)
            co_await who.owner->files->publish(uint64_t(fds[i]));
    co_return result;
}

} // namespace kernel::call
