// SPDX-License-Identifier: BSD-2-Clause
//
// What the kernel does for entries of an io_uring that the device has forwarded: what it does for a
// thread's ring (ring/opcodes.cpp), and what only makes sense with what is registered.
#include "io_uring/operations.h"

#include <asm/poll.h>
#include <linux/fcntl.h>
#include <ouros/asyscall.h>

#include "drivers/asyscall.h"
#include "fs/poll_entries.h"
#include "io_uring/io_uring.h"
#include "net/inet_socket.h"
#include "process/process.h"
#include "ring/opcodes.h"
#include "ring/request.h"
#include "syscalls/file_calls.h"
#include "syscalls/syscall.h"

namespace kernel {

namespace {

// The entry's registered files, as numbers that the kernel knows. 0, -EBADF.
long resolve(io_uring& ring, io_uring_sqe& e) {
    if (e.flags & IOSQE_FIXED_FILE) {
        long number = ring.files.number(uint32_t(e.fd) & ~fixed_file_mark);
        if (e.fd < 0 || number < 0)
            return -EBADF;
        e.fd = int32_t(number);
        e.flags &= uint8_t(~IOSQE_FIXED_FILE);
    }
    return 0;
}

long update_files(io_uring& ring, ring_request& who, const io_uring_sqe& e) {
    if (e.rw_flags || e.splice_fd_in)
        return -EINVAL;
    fd_table& files = *who.owner->files;
    uint32_t done = 0;
    long error = 0;
    if (!ring.files.exists())
        return -ENXIO;
    if (uint64_t(e.off) + e.len > ring.files.size() && uint32_t(e.off) != ~0u)
        return -EINVAL;
    for (; done < e.len && error == 0; done++) {
        int32_t fd;
        uint64_t at = e.addr + done * sizeof fd;
        error = read_user(*who.owner->space, fd, at);
        if (error < 0 || fd == IORING_REGISTER_FILES_SKIP)
            continue;
        ref<file> f = fd < 0 ? ref<file>() : files.get(uint32_t(fd));
        if (fd >= 0 && !f) {
            error = -EBADF;
        } else if (uint32_t(e.off) != ~0u) {
            error = ring.files.set(files, uint32_t(e.off) + done, std::move(f));
        } else { // IORING_FILE_INDEX_ALLOC: the slots are chosen and told
            long slot = f ? ring.files.set_any(files, std::move(f)) : -EBADF;
            error = slot < 0 ? slot : write_user(*who.owner->space, at, int32_t(slot));
        }
        if (error < 0)
            break;
    }
    return done ? long(done) : error;
}

// An open whose file goes to a slot and gets no descriptor.
task<long> into_slot(io_uring& ring, ring_request& who, task<long> opening, uint32_t slot) {
    long fd = co_await std::move(opening);
    if (fd < 0)
        co_return fd;
    fd_table& files = *who.owner->files;
    ref<file> f = files.remove(uint64_t(fd));
    if (files.has_rings() && f && f->device().rights != 0) { // GCC 12: no && with co_await
        co_await files.publish(uint64_t(fd));
    }
    if (!f)
        co_return -EBADF;
    if (slot == ~0u) // IORING_FILE_INDEX_ALLOC
        co_return ring.files.set_any(files, std::move(f));
    co_return ring.files.set(files, slot - 1, std::move(f));
}

bool may_open_into_slot(uint8_t opcode) {
    return opcode == IORING_OP_OPENAT || opcode == IORING_OP_OPENAT2 ||
           opcode == IORING_OP_SOCKET || opcode == IORING_OP_ACCEPT;
}

task<long> finished_with(long value) {
    co_return value;
}

task<long> open_like(caller& who, uint64_t directory, uint64_t path, uint64_t how_at,
                     uint64_t size) {
    struct {
        uint64_t flags, mode, resolve;
    } how;
    if (size < sizeof how)
        co_return -EINVAL;
    if (size > sizeof how)
        co_return -E2BIG;
    if (long error = read_user(*who.owner->space, how, how_at); error < 0)
        co_return error;
    if (how.resolve || how.flags > ~0u || how.mode & ~07777ull)
        co_return -EINVAL;
    co_return co_await call::openat(who, directory, path, how.flags, how.mode);
}

// IORING_MSG_DATA: a completion in another ring. IORING_MSG_SEND_FD: a registered file, too.
long message(io_uring& from, ring_request& who, const io_uring_sqe& e) {
    ref<file> opened = who.owner->files->get(uint64_t(int64_t(e.fd)));
    if (!opened)
        return -EBADF;
    io_uring* to = opened->as_io_uring();
    if (!to)
        return -EBADFD;
    if (e.buf_index || e.personality || (e.msg_ring_flags & ~IORING_MSG_RING_CQE_SKIP))
        return -EINVAL;
    if (!to->belongs_to(*who.owner) || !to->enabled)
        return -EBADFD;
    constexpr uint64_t data = 0, send_fd = 1;
    if (e.addr == data)
        return e.msg_ring_flags || e.file_index ? -EINVAL : to->post(e.off, int32_t(e.len), 0);
    if (e.addr != send_fd || to == &from)
        return -EINVAL;
    fd_table& files = *who.owner->files;
    long number = from.files.number(uint32_t(e.addr3));
    ref<file> f = number < 0 ? ref<file>() : files.get(uint64_t(number));
    if (!f)
        return -EBADF;
    long slot = e.file_index == ~0u ? to->files.set_any(files, std::move(f))
                                    : to->files.set(files, e.file_index - 1, std::move(f));
    if (slot < 0 || (e.msg_ring_flags & IORING_MSG_RING_CQE_SKIP))
        return slot;
    if (long error = to->post(e.off, int32_t(slot), 0); error < 0)
        return error;
    return slot;
}

// POLL_ADD with IORING_POLL_ADD_MULTI: a completion each time that the file's queues are woken and
// one of the events is there. They are looked at while the waiter is on the queues, so nothing gets
// lost in between.
//
// An eventfd that the ring signals would be signalled for each of them: it is told once, the last.
struct multishot_poll {
    const io_uring& ring;
    file& f;
    uint32_t events;
    uint64_t token;
    uint32_t last = 0; // found, when there was no room to tell the device

    bool look() {
        uint32_t found = f.poll() & (events | POLLERR | POLLHUP);
        if (!found)
            return false;
        asyscall_device& device = *asyscall_device::get();
        if (ring.signals(f) ||
            !device.push_quietly({ASYSCALL_CTL_COMPLETE, 0, token, 0, found, IORING_CQE_F_MORE})) {
            last = found;
            return true;
        }
        device.kick();
        return false;
    }
};

task<long> poll_again_and_again(io_uring& ring, ring_request& who, ref<file> f, uint32_t events) {
    multishot_poll poll{ring, *f, events, who.token};
    for (;;) {
        poll_entries entries(*f);
        long error = co_await wait_any(
            who, entries.all(), never,
            [](void* p) { return static_cast<multishot_poll*>(p)->look(); }, &poll);
        if (error < 0)
            co_return error;
        if (poll.last)
            co_return poll.last; // the last one: the program may poll again
    }
}

long begin_multishot_poll(io_uring& ring, ring_request& who, const io_uring_sqe& e,
                          task<long>& later) {
    if (e.off || e.addr)
        return -EINVAL;
    ref<file> f = who.owner->files->get(uint64_t(int64_t(e.fd)));
    if (!f)
        return -EBADF;
    later = poll_again_and_again(ring, who, std::move(f), e.poll32_events);
    return must_wait;
}

// A READ or RECV of what the device does not know. The buffer is taken when it begins.
task<long> into_provided_buffer(io_uring& ring, ring_request& who, io_uring_sqe e) {
    io_uring_buf buffer;
    if (long error = co_await ring.take_buffer(e.buf_group, buffer); error < 0)
        co_return error;
    who.cqe_flags = IORING_CQE_F_BUFFER | uint32_t(buffer.bid) << IORING_CQE_BUFFER_SHIFT;
    e.flags &= uint8_t(~IOSQE_BUFFER_SELECT);
    e.addr = buffer.addr;
    e.len = e.len && e.len < buffer.len ? e.len : buffer.len;
    e.buf_group = 0;
    task<long> later;
    long value = ring.begin(who, e, later);
    if (value == must_wait) {
        if (!later)
            co_return -ENOMEM;
        value = co_await std::move(later);
    }
    co_return value;
}

long install_fixed(ring_request& who, const io_uring_sqe& e, bool was_fixed) {
    constexpr int32_t no_cloexec = 1;
    if (!was_fixed)
        return -EBADF;
    if (e.off || e.addr || e.len || e.buf_index || (e.rw_flags & ~no_cloexec))
        return -EINVAL;
    ref<file> f = who.owner->files->get(uint32_t(e.fd));
    return f ? who.owner->files->install(std::move(f), !(e.rw_flags & no_cloexec)) : -EBADF;
}

// Buffers are provided by rings, not one by one.
long remove_buffers(const io_uring_sqe& e) {
    constexpr int32_t most = 1 << 16;
    if (e.rw_flags || e.addr || e.len || e.off || e.splice_fd_in || e.fd <= 0 || e.fd > most)
        return -EINVAL;
    return -ENOENT;
}

task<long> socket_option(caller& who, ref<file> f, bool set, io_uring_sqe e) {
    const uint32_t level = uint32_t(e.addr), which = uint32_t(e.addr >> 32);
    const auto room = int32_t(e.file_index);
    int32_t value = 0;
    if (set ? room < int32_t(sizeof value) : room < 0)
        co_return -EINVAL;
    if (set)
        if (long error = read_user(*who.owner->space, value, e.addr3); error < 0)
            co_return error;
    long result = co_await f->as_inet_socket()->option(set, level, which, value);
    if (result < 0 || set)
        co_return result;
    const long copied = room < result ? room : result;
    long error = copy_to_user(*who.owner->space, e.addr3, &value, size_t(copied));
    co_return error < 0 ? error : copied;
}

// IORING_OP_URING_CMD: of sockets, and of those the options.
long begin_command(ring_request& who, const io_uring_sqe& e, task<long>& later) {
    ref<file> f = who.owner->files->get(uint64_t(int64_t(e.fd)));
    if (!f)
        return -EBADF;
    if (e.rw_flags || !f->as_inet_socket() ||
        (e.cmd_op != command_getsockopt && e.cmd_op != command_setsockopt))
        return -EOPNOTSUPP;
    later = socket_option(who, std::move(f), e.cmd_op == command_setsockopt, e);
    return must_wait;
}

// What a request waits for on a file with O_NONBLOCK, as Linux has it: the flag is for those who
// call, and a request says itself (MSG_DONTWAIT, RWF_NOWAIT) if it is not to wait. 0: it does not.
uint32_t events_waited_for(const io_uring_sqe& e) {
    constexpr uint32_t message_dont_wait = 0x40;
    switch (e.opcode) {
    case IORING_OP_READ:
    case IORING_OP_READV:
        return e.rw_flags ? 0 : POLLIN;
    case IORING_OP_WRITE:
    case IORING_OP_WRITEV:
        return e.rw_flags ? 0 : POLLOUT;
    case IORING_OP_RECV:
    case IORING_OP_RECVMSG:
        return e.msg_flags & message_dont_wait ? 0 : POLLIN;
    case IORING_OP_SEND:
    case IORING_OP_SENDMSG:
        return e.msg_flags & message_dont_wait ? 0 : POLLOUT;
    case IORING_OP_ACCEPT:
        return POLLIN;
    case IORING_OP_CONNECT:
        return POLLOUT;
    default:
        return 0;
    }
}

task<long> again_when_ready(ring_request& who, io_uring_sqe e, ref<file> f, uint32_t events) {
    for (;;) {
        task<long> later;
        long value = begin_operation(who, e, later);
        if (value == must_wait)
            value = co_await std::move(later);
        if (value != -EAGAIN && value != -EINPROGRESS && value != -EALREADY)
            co_return value;
        value = co_await poll_later(who, f, events);
        if (value < 0)
            co_return value;
    }
}

// begin_operation, but for files with O_NONBLOCK.
long begin_and_wait(ring_request& who, const io_uring_sqe& e, task<long>& later) {
    if (uint32_t events = events_waited_for(e))
        if (ref<file> f = who.owner->files->get(uint64_t(int64_t(e.fd))); f && f->nonblocking()) {
            later = again_when_ready(who, e, std::move(f), events);
            return must_wait;
        }
    return begin_operation(who, e, later);
}

} // namespace

bool operation_is_supported(uint8_t opcode) {
    if (opcode > last_operation) // Ouros's own are for its own rings
        return false;
    switch (opcode) {
    case IORING_OP_TIMEOUT_REMOVE: // the device's alone
    case IORING_OP_LINK_TIMEOUT:
    case IORING_OP_READ_FIXED:
    case IORING_OP_WRITE_FIXED:
    case IORING_OP_FILES_UPDATE:
    case IORING_OP_OPENAT2:
    case IORING_OP_MSG_RING:
    case IORING_OP_REMOVE_BUFFERS:
    case IORING_OP_URING_CMD:
    case opcode_install_fixed:
        return true;
    default:
        return operation_exists(opcode);
    }
}

long io_uring::post(uint64_t user_data, int32_t result, uint32_t flags) {
    asyscall_device& device = *asyscall_device::get();
    if (!device.has(ASYSCALL_F_POST))
        return -EINVAL;
    if (!device.push_quietly(
            {ASYSCALL_CTL_POST, queue_pair_, 0, user_data, uint32_t(result), flags}))
        return -EAGAIN;
    device.kick();
    return 0;
}

task<long> io_uring::set_buffer_group(uint32_t group, uint64_t at, uint32_t entries) {
    io_uring_sqe e{};
    e.opcode = ASYSCALL_CTL_BUFFERS;
    e.fd = int32_t(queue_pair_);
    e.off = group;
    e.addr = at;
    e.len = entries;
    co_return co_await asyscall_device::get()->call(e);
}

task<long> io_uring::take_buffer(uint32_t group, io_uring_buf& out) {
    io_uring_sqe e{};
    e.opcode = ASYSCALL_CTL_TAKE_BUFFER;
    e.fd = int32_t(queue_pair_);
    e.off = group;
    e.addr = to_physical(&out);
    co_return co_await asyscall_device::get()->call(e);
}

long io_uring::begin(ring_request& who, const io_uring_sqe& entry, task<long>& later) {
    if (entry.opcode == operation_with_result)
        return int32_t(entry.off);
    io_uring_sqe e = entry;
    const bool was_fixed = e.flags & IOSQE_FIXED_FILE;
    if (long error = resolve(*this, e); error < 0)
        return error;
    if (e.flags & IOSQE_BUFFER_SELECT) {
        later = into_provided_buffer(*this, who, e);
        return must_wait;
    }
    switch (e.opcode) {
    case IORING_OP_FILES_UPDATE:
        return update_files(*this, who, e);
    case IORING_OP_MSG_RING:
        return message(*this, who, e);
    case IORING_OP_REMOVE_BUFFERS:
        return remove_buffers(e);
    case OUROS_OP_LISTEN:
        if (e.addr || e.buf_index || e.rw_flags || e.addr2)
            return -EINVAL;
        break;
    case IORING_OP_URING_CMD:
        return begin_command(who, e, later);
    case opcode_install_fixed:
        return install_fixed(who, e, was_fixed);
    case IORING_OP_READ:
    case IORING_OP_WRITE:
    case IORING_OP_READV:
    case IORING_OP_WRITEV:
        // The offset of what has none does not count.
        if (ref<file> f = who.owner->files->get(uint64_t(int64_t(e.fd))); f && !f->is_seekable())
            e.off = ~0ull;
        break;
    case IORING_OP_POLL_ADD:
        if (e.len == IORING_POLL_ADD_MULTI)
            return begin_multishot_poll(*this, who, e, later);
        break;
    case IORING_OP_CLOSE:
        if (ref<file> f = who.owner->files->get(uint64_t(int64_t(e.fd)));
            !e.file_index && f && f->as_io_uring())
            return -EBADF;
        if (e.file_index) {
            if (e.fd)
                return -EINVAL;
            long number = files.number(e.file_index - 1);
            return number < 0 ? (e.file_index > files.size() ? -EINVAL : number)
                              : files.set(*who.owner->files, e.file_index - 1, {});
        }
        break;
    default:
        break;
    }
    if (e.file_index && may_open_into_slot(e.opcode) && !files.exists())
        return e.file_index == ~0u ? -ENFILE : -ENXIO;
    long value = must_wait;
    if (e.opcode == IORING_OP_OPENAT2) {
        later = open_like(who, uint64_t(int64_t(e.fd)), e.addr, e.off, e.len);
    } else {
        uint32_t slot =
            std::exchange(e.file_index, may_open_into_slot(e.opcode) ? 0 : e.file_index);
        value = begin_and_wait(who, e, later);
        e.file_index = slot;
    }
    if (!e.file_index || !may_open_into_slot(e.opcode))
        return value;
    if (value != must_wait) {
        if (value < 0)
            return value;
        later = finished_with(value);
    }
    later = into_slot(*this, who, std::move(later), e.file_index);
    return must_wait;
}

} // namespace kernel
