// SPDX-License-Identifier: BSD-2-Clause
#include "net/inet_socket.h"

#include <asm/poll.h>
#include <linux/fcntl.h>
#include <new>
#include <utility>

#include "fs/tmpfs_nodes.h"
#include "fs/transfer_buffer.h"
#include "fs/unix_socket.h"
#include "syscalls/socket_calls.h"

namespace kernel {

namespace {

constexpr uint32_t input_events = POLLIN | POLLRDNORM;
constexpr uint32_t output_events = POLLOUT | POLLWRNORM;

struct segment { // struct iovec
    uint64_t base;
    uint64_t size;
};

} // namespace

// inet_core

void inet_core::arm(watch& which, uint32_t events) {
    if (which.armed.exchange(1, std::memory_order_acq_rel))
        return;
    add_ref();
    which.core = this;
    which.entry = {};
    which.entry.opcode = IORING_OP_POLL_ADD;
    which.entry.fd = static_cast<int32_t>(handle_);
    which.entry.poll32_events = events;
    which.finished = [](asyscall_request& request) {
        auto& done = static_cast<watch&>(request);
        ref<inet_core> core = ref<inet_core>::adopt(done.core);
        done.armed.store(0, std::memory_order_release);
        // A hang-up or an error is news for both.
        core->readable.wake_all();
        core->writable.wake_all();
    };
    asyscall_device::get()->submit(which);
}

uint32_t inet_core::poll() {
    uint32_t found = asyscall_device::get()->poll_socket(handle_);
    // After a hang-up there is no more to tell.
    if (found & (POLLHUP | POLLERR | POLLNVAL))
        return found;
    if (!(found & input_events))
        arm(input_, input_events | POLLRDHUP);
    if (!(found & output_events))
        arm(output_, output_events);
    return found;
}

void inet_core::close(ref<inet_core> core) {
    if (core->handle_ == ASYSCALL_NO_HANDLE)
        return;
    watch& closing = core->close_;
    closing.entry = {};
    closing.entry.opcode = IORING_OP_CLOSE;
    closing.entry.fd = static_cast<int32_t>(core->handle_);
    closing.core = core.release();
    closing.finished = [](asyscall_request& request) {
        ref<inet_core>::adopt(static_cast<watch&>(request).core).reset();
    };
    asyscall_device::get()->submit(closing);
}

// inet_socket

inet_socket::inet_socket(ref<inet_core> core, bool is_stream, uint32_t flags)
    : file(O_RDWR | (flags & O_NONBLOCK))
    , core_(std::move(core))
    , is_stream_(is_stream)
    , number_(new_inode_number()) {}

inet_socket::~inet_socket() {
    end_watches();
    inet_core::close(core_);
}

io_uring_sqe inet_socket::entry(uint8_t opcode) const {
    io_uring_sqe e{};
    e.opcode = opcode;
    e.fd = static_cast<int32_t>(core_->handle());
    return e;
}

device_access inet_socket::device() const {
    bool agrees = nonblocking() == device_does_not_wait_;
    return {core_->handle(), agrees ? ASYSCALL_RIGHT_READ | ASYSCALL_RIGHT_WRITE : 0u};
}

bool inet_socket::tells_flags() const {
    return asyscall_device::get()->has(ASYSCALL_F_SET_FLAGS);
}

task<long> inet_socket::tell_flags() {
    bool value = nonblocking();
    io_uring_sqe e = entry(ASYSCALL_CTL_SET_FLAGS);
    e.len = value ? ASYSCALL_FLAG_NONBLOCK : 0;
    long error = co_await asyscall_device::get()->call(e);
    if (error == 0)
        device_does_not_wait_ = value;
    co_return error;
}

void inet_socket::poll_queues(wait_queue*& readable, wait_queue*& writable) {
    readable = &core_->readable;
    writable = &core_->writable;
}

long inet_socket::attributes(file_attributes& out) {
    out = {};
    out.mode = mode_socket | 0777;
    out.links = 1;
    out.inode = number_;
    return 0;
}

task<long> inet_socket::wait(caller& who, uint32_t events) {
    struct {
        inet_core* core;
        uint32_t events;
    } question{core_.get(), events | POLLERR | POLLHUP};
    wait_entry entries[2];
    entries[0].queue = &core_->readable;
    entries[1].queue = &core_->writable;
    co_return co_await wait_any(
        who, entries, never,
        [](void* context) {
            auto& asked = *static_cast<decltype(question)*>(context);
            return (asked.core->poll() & asked.events) != 0;
        },
        &question);
}

// Makes the file for what `entry` opens.
static task<long> open_socket(io_uring_sqe entry, bool is_stream, uint32_t flags, ref<file>& made) {
    ref<inet_core> core = ref<inet_core>::adopt(new (std::nothrow) inet_core);
    auto* opened = core ? new (std::nothrow) inet_socket(core, is_stream, flags) : nullptr;
    if (!opened)
        co_return -ENOMEM;
    ref<file> kept = ref<file>::adopt(opened);
    long handle = co_await asyscall_device::get()->call(entry);
    if (handle < 0)
        co_return handle;
    core->opened(static_cast<uint64_t>(handle));
    made = std::move(kept);
    co_return 0;
}

task<long> inet_socket::open(uint64_t family, uint64_t kind, uint64_t protocol, uint32_t flags,
                             ref<file>& made) {
    io_uring_sqe e{};
    e.opcode = IORING_OP_SOCKET;
    e.fd = static_cast<int32_t>(family);
    e.off = kind;
    e.len = static_cast<uint32_t>(protocol);
    co_return co_await open_socket(e, kind == uint64_t(socket_type::stream), flags, made);
}

task<long> inet_socket::accept(caller& who, uint32_t flags, ref<file>& made) {
    io_uring_sqe e = entry(IORING_OP_ACCEPT);
    e.ioprio = IORING_ACCEPT_DONTWAIT;
    for (;;) {
        long error = co_await open_socket(e, true, flags, made);
        if (error != -EAGAIN || nonblocking())
            co_return error;
        error = co_await wait(who, input_events);
        if (error < 0)
            co_return error;
    }
}

task<long> inet_socket::connect(caller& who, const socket_address& to, uint32_t size) {
    socket_address copy = to;
    io_uring_sqe e = entry(IORING_OP_CONNECT);
    e.addr = to_physical(&copy);
    e.off = size;
    for (bool begun = false;; begun = true) {
        // What has become of it is the answer to the same question once more.
        long result = co_await asyscall_device::get()->call(e);
        bool goes_on = result == -EINPROGRESS || (begun && result == -EALREADY);
        if (!goes_on || nonblocking())
            co_return result;
        result = co_await wait(who, output_events);
        if (result < 0)
            co_return result;
    }
}

task<long> inet_socket::bind(const socket_address& to, uint32_t size) {
    socket_address copy = to;
    io_uring_sqe e = entry(ASYSCALL_OP_BIND);
    e.addr = to_physical(&copy);
    e.off = size;
    co_return co_await asyscall_device::get()->call(e);
}

task<long> inet_socket::listen(uint64_t backlog) {
    io_uring_sqe e = entry(ASYSCALL_OP_LISTEN);
    e.len = static_cast<uint32_t>(backlog);
    co_return co_await asyscall_device::get()->call(e);
}

task<long> inet_socket::shut_down(uint64_t how) {
    io_uring_sqe e = entry(IORING_OP_SHUTDOWN);
    e.len = static_cast<uint32_t>(how);
    co_return co_await asyscall_device::get()->call(e);
}

task<long> inet_socket::name(bool of_peer, socket_address& out) {
    socket_address found = {};
    io_uring_sqe e = entry(ASYSCALL_CTL_NAME);
    e.addr = to_physical(&found);
    e.len = sizeof found;
    e.off = of_peer;
    long size = co_await asyscall_device::get()->call(e);
    out = found;
    co_return size;
}

task<long> inet_socket::option(bool set, uint32_t level, uint32_t which, int32_t& value) {
    int32_t copy = value;
    io_uring_sqe e = entry(set ? ASYSCALL_CTL_SET_OPTION : ASYSCALL_CTL_GET_OPTION);
    e.addr = to_physical(&copy);
    e.len = sizeof copy;
    e.off = level | uint64_t{which} << 32;
    long result = co_await asyscall_device::get()->call(e);
    value = copy;
    co_return result;
}

task<long> inet_socket::send(caller& who, user_buffers from, uint32_t flags,
                             const socket_address& to, uint32_t to_size) {
    ref<inet_socket> self(this);
    bool waits = !nonblocking() && !(flags & message_dont_wait);
    socket_address address = to;
    transfer_buffer buffer(from.remaining());
    if (!buffer.data())
        co_return -ENOMEM;
    if (!is_stream_ && from.remaining() > buffer.size())
        co_return -EMSGSIZE;
    size_t done = 0;
    do {
        long size = from.take(buffer.data(), buffer.size());
        if (size < 0)
            co_return done > 0 ? static_cast<long>(done) : size;
        for (size_t sent = 0; sent < size_t(size) || size == 0;) {
            io_uring_sqe e = entry(IORING_OP_SEND);
            e.addr = to_physical(buffer.data()) + sent;
            e.len = static_cast<uint32_t>(size_t(size) - sent);
            e.msg_flags = flags | message_dont_wait;
            if (to_size) {
                e.addr2 = to_physical(&address);
                e.addr_len = static_cast<uint16_t>(to_size);
            }
            long put = co_await asyscall_device::get()->call(e);
            if (put == -EAGAIN && waits)
                put = co_await wait(who, output_events);
            else if (put >= 0)
                sent += size_t(put), done += size_t(put);
            if (put < 0)
                co_return done > 0 ? static_cast<long>(done) : put;
            if (size == 0)
                break;
        }
    } while (is_stream_ && !from.empty());
    co_return static_cast<long>(done);
}

task<long> inet_socket::receive(caller& who, user_buffers to, uint32_t flags, socket_address* from,
                                uint32_t& from_size, uint32_t& out_flags) {
    ref<inet_socket> self(this);
    bool waits = !nonblocking() && !(flags & message_dont_wait);
    bool all = is_stream_ && (flags & message_wait_all) && !(flags & message_peek);
    size_t wanted = to.remaining();
    if (is_stream_ && wanted == 0)
        co_return 0;
    transfer_buffer buffer(wanted ? wanted : 1);
    if (!buffer.data())
        co_return -ENOMEM;
    size_t done = 0;
    for (;;) {
        socket_address name = {};
        segment room{to_physical(buffer.data()),
                     to.remaining() < buffer.size() ? to.remaining() : buffer.size()};
        message_header header = {};
        header.name = to_physical(&name);
        header.name_size = sizeof name;
        header.segments = to_physical(&room);
        header.segment_count = 1;
        io_uring_sqe e = entry(IORING_OP_RECVMSG);
        e.addr = to_physical(&header);
        e.len = 1;
        e.msg_flags =
            (flags & ~uint32_t(message_wait_all | message_close_on_exec)) | message_dont_wait;
        long got = co_await asyscall_device::get()->call(e);
        if (got == -EAGAIN && waits) {
            got = co_await wait(who, input_events);
            if (got == 0)
                continue;
        }
        if (got < 0)
            co_return done > 0 ? static_cast<long>(done) : got;
        if (from)
            *from = name;
        from_size = header.name_size;
        out_flags = header.flags;
        size_t here = size_t(got) < room.size ? size_t(got) : room.size;
        long copied = to.put(buffer.data(), here);
        if (copied < static_cast<long>(here))
            co_return done > 0 ? static_cast<long>(done) : copied < 0 ? copied : -EFAULT;
        done += size_t(got);
        if (!all || got == 0 || to.empty())
            co_return static_cast<long>(done);
    }
}

task<long> inet_socket::read_later(caller& who, user_buffers to, int64_t) {
    uint32_t size, flags;
    co_return co_await receive(who, std::move(to), 0, nullptr, size, flags);
}

task<long> inet_socket::write_later(caller& who, user_buffers from, int64_t) {
    co_return co_await send(who, std::move(from), 0, {}, 0);
}

} // namespace kernel
