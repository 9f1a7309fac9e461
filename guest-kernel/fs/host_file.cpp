// SPDX-License-Identifier: BSD-2-Clause
#include "fs/host_file.h"

#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <new>
#include <utility>

#include "fs/name_space.h"
#include "fs/transfer_buffer.h"

namespace kernel {

namespace {

io_uring_sqe sqe(uint8_t opcode, uint64_t handle) {
    io_uring_sqe entry{};
    entry.opcode = opcode;
    entry.fd = static_cast<int32_t>(handle);
    return entry;
}

io_uring_sqe path_sqe(uint8_t opcode, const char* path) {
    io_uring_sqe entry = sqe(opcode, ASYSCALL_HANDLE_EXPORT);
    entry.addr = to_physical(path);
    return entry;
}

file_time time_of(const statx_timestamp& stamp) {
    return {stamp.tv_sec, stamp.tv_nsec};
}

// Linux's encoding of device numbers for user space.
uint64_t device_number(uint32_t major, uint32_t minor) {
    return (minor & 0xff) | uint64_t{major & 0xfff} << 8 | uint64_t{minor & ~0xffu} << 12 |
           uint64_t{major & ~0xfffu} << 32;
}

} // namespace

// host_handle

ref<host_handle> host_handle::reserve() {
    return ref<host_handle>::adopt(new (std::nothrow) host_handle);
}

void host_handle::operator delete(host_handle* self, std::destroying_delete_t) {
    auto free = [](asyscall_request& request) {
        auto* handle = static_cast<host_handle*>(&request);
        handle->~host_handle();
        ::operator delete(static_cast<void*>(handle));
    };
    if (self->handle_ == ASYSCALL_NO_HANDLE) {
        free(*self);
        return;
    }
    self->entry = sqe(IORING_OP_CLOSE, self->handle_);
    self->finished = free;
    asyscall_device::get()->submit(*self);
}

// host_file

device_access host_file::device() const {
    uint32_t rights =
        (readable() ? ASYSCALL_RIGHT_READ : 0) | (writable() ? ASYSCALL_RIGHT_WRITE : 0);
    return {handle_->value(), rights};
}

bool host_file::directory_place(path_place& out) {
    out = place_;
    return true;
}

task<long> host_file::read_later(caller& who, user_buffers to, int64_t offset) {
    ref<host_file> self(this);
    transfer_buffer buffer(to.remaining());
    if (!buffer.data())
        co_return -ENOMEM;
    size_t done = 0;
    // An empty read still asks the host: a directory is EISDIR at any size.
    do {
        size_t wanted = to.remaining() < buffer.size() ? to.remaining() : buffer.size();
        io_uring_sqe entry = sqe(IORING_OP_READ, handle());
        entry.addr = to_physical(buffer.data());
        entry.len = static_cast<uint32_t>(wanted);
        entry.off = offset < 0 ? ~0ull : static_cast<uint64_t>(offset) + done;
        long got = co_await asyscall_device::get()->call(entry);
        if (got <= 0)
            co_return done > 0 ? static_cast<long>(done) : got;
        long copied = to.put(buffer.data(), static_cast<size_t>(got));
        // What the program has no memory for has not been read.
        if (copied < got && offset < 0)
            co_await seek_later(who, (copied > 0 ? copied : 0) - got, SEEK_CUR);
        if (copied < 0)
            co_return done > 0 ? static_cast<long>(done) : copied;
        done += static_cast<size_t>(copied);
        if (static_cast<size_t>(got) < wanted || copied < got)
            break;
    } while (!to.empty());
    co_return static_cast<long>(done);
}

task<long> host_file::write_later(caller&, user_buffers from, int64_t offset) {
    ref<host_file> self(this);
    transfer_buffer buffer(from.remaining());
    if (!buffer.data())
        co_return -ENOMEM;
    size_t done = 0;
    do {
        long size = from.take(buffer.data(), buffer.size());
        if (size < 0)
            co_return done > 0 ? static_cast<long>(done) : size;
        io_uring_sqe entry = sqe(IORING_OP_WRITE, handle());
        entry.addr = to_physical(buffer.data());
        entry.len = static_cast<uint32_t>(size);
        entry.off = offset < 0 ? ~0ull : static_cast<uint64_t>(offset) + done;
        long put = co_await asyscall_device::get()->call(entry);
        if (put < 0)
            co_return done > 0 ? static_cast<long>(done) : put;
        done += static_cast<size_t>(put);
        if (put < size)
            break;
    } while (!from.empty());
    co_return static_cast<long>(done);
}

task<long> host_file::seek_later(caller&, int64_t offset, int whence) {
    ref<host_file> self(this);
    uint64_t position = 0; // in this coroutine's frame: the heap is memory the device can reach
    io_uring_sqe entry = sqe(ASYSCALL_CTL_LSEEK, handle());
    entry.off = static_cast<uint64_t>(offset);
    entry.len = static_cast<uint32_t>(whence);
    entry.addr = to_physical(&position);
    long error = co_await asyscall_device::get()->call(entry);
    if (error < 0)
        co_return error;
    co_return static_cast<long>(position);
}

ref<shared_text> host_file::describe() {
    return path_text(place_);
}

task<long> host_file::attributes_later(caller&, file_attributes& out) {
    ref<host_file> self(this);
    co_return co_await host_attributes(handle(), "", AT_EMPTY_PATH, out);
}

task<long> host_file::truncate_later(caller&, uint64_t size) {
    ref<host_file> self(this);
    io_uring_sqe entry = sqe(ASYSCALL_CTL_FTRUNCATE, handle());
    entry.off = size;
    co_return co_await asyscall_device::get()->call(entry);
}

task<long> host_file::sync_later(caller&, bool data_only) {
    ref<host_file> self(this);
    io_uring_sqe entry = sqe(IORING_OP_FSYNC, handle());
    entry.fsync_flags = data_only ? IORING_FSYNC_DATASYNC : 0;
    co_return co_await asyscall_device::get()->call(entry);
}

task<long> host_file::read_directory_later(caller&, user_buffers to) {
    ref<host_file> self(this);
    // One request: the host moves on by as many records as it gave, so all must fit.
    transfer_buffer buffer(to.remaining());
    if (!buffer.data())
        co_return -ENOMEM;
    io_uring_sqe entry = sqe(ASYSCALL_CTL_GETDENTS, handle());
    entry.addr = to_physical(buffer.data());
    entry.len = static_cast<uint32_t>(buffer.size());
    long got = co_await asyscall_device::get()->call(entry);
    if (got <= 0)
        co_return got;
    long copied = to.put(buffer.data(), static_cast<size_t>(got));
    co_return copied < got ? -EFAULT : got;
}

// Paths

ref<shared_text> host_place(const char* path) {
    char* text = static_cast<char*>(allocate_page());
    if (!text)
        return {};
    size_t size = __builtin_strlen(path);
    __builtin_memcpy(text, path, size + 1);
    ref<shared_text> kept = shared_text::make({text, clean_path(text)});
    free_pages(text);
    return kept;
}

task<long> host_open(path_place place, const char* path, uint32_t flags, uint32_t mode,
                     ref<file>& made) {
    auto* device = asyscall_device::get();
    // All there is to allocate: a call that fails has made no file and truncated none.
    ref<host_handle> handle = host_handle::reserve();
    place.host_path = host_place(path);
    if (!handle || !place.host_path)
        co_return -ENOMEM;
    ref<file> opening =
        ref<file>::adopt(new (std::nothrow) host_file(flags, handle, std::move(place)));
    if (!opening)
        co_return -ENOMEM;
    io_uring_sqe entry = path_sqe(IORING_OP_OPENAT, path);
    // Descriptors live in the guest; O_NONBLOCK would come back as EAGAIN from workers that
    // are there to wait.
    // A place to start from is an ordinary directory for the host.
    entry.open_flags = flags & ~static_cast<uint32_t>(O_CLOEXEC | O_NONBLOCK | O_PATH);
    entry.len = mode;
    long opened = co_await device->call(entry);
    if (opened < 0)
        co_return opened;
    handle->opened(static_cast<uint64_t>(opened));
    made = std::move(opening);
    co_return 0;
}

task<long> host_attributes(uint64_t handle, const char* path, uint32_t flags,
                           file_attributes& out) {
    struct statx from = {};
    io_uring_sqe entry = sqe(IORING_OP_STATX, handle);
    entry.addr = to_physical(path);
    entry.off = to_physical(&from);
    entry.len = STATX_BASIC_STATS;
    entry.statx_flags = flags;
    long error = co_await asyscall_device::get()->call(entry);
    if (error < 0)
        co_return error;
    out.device = device_number(from.stx_dev_major, from.stx_dev_minor);
    out.inode = from.stx_ino;
    out.mode = from.stx_mode;
    out.links = from.stx_nlink;
    out.uid = from.stx_uid;
    out.gid = from.stx_gid;
    out.device_id = device_number(from.stx_rdev_major, from.stx_rdev_minor);
    out.size = from.stx_size;
    out.blocks = from.stx_blocks;
    out.accessed = time_of(from.stx_atime);
    out.modified = time_of(from.stx_mtime);
    out.changed = time_of(from.stx_ctime);
    co_return 0;
}

task<long> host_read_link(const char* path, void* buffer, uint32_t size) {
    io_uring_sqe entry = path_sqe(ASYSCALL_CTL_READLINK, path);
    entry.off = to_physical(buffer);
    entry.len = size;
    co_return co_await asyscall_device::get()->call(entry);
}

task<long> host_make_directory(const char* path, uint32_t mode) {
    io_uring_sqe entry = path_sqe(IORING_OP_MKDIRAT, path);
    entry.len = mode;
    co_return co_await asyscall_device::get()->call(entry);
}

task<long> host_unlink(const char* path, uint32_t flags) {
    io_uring_sqe entry = path_sqe(IORING_OP_UNLINKAT, path);
    entry.unlink_flags = flags;
    co_return co_await asyscall_device::get()->call(entry);
}

task<long> host_rename(const char* from, const char* to, uint32_t flags) {
    io_uring_sqe entry = path_sqe(IORING_OP_RENAMEAT, from);
    entry.addr2 = to_physical(to);
    entry.len = ASYSCALL_HANDLE_EXPORT;
    entry.rename_flags = flags;
    co_return co_await asyscall_device::get()->call(entry);
}

} // namespace kernel
