// SPDX-License-Identifier: BSD-2-Clause
//
// io_uring_register.
#include <asm/unistd.h>

#include "fs/fd_table.h"
#include "io_uring/calls.h"
#include "io_uring/io_uring.h"
#include "io_uring/operations.h"
#include "process/thread.h"
#include "schedule/preempt.h"
#include "syscalls/syscall.h"
#include "syscalls/time_value.h"

namespace kernel {

namespace {

constexpr unsigned opcodes_shown = last_operation + 1u;

// struct io_uring_probe: a head of 16 bytes, then the opcodes.
long probe(caller& who, uint64_t to, uint32_t count) {
    struct {
        uint8_t last_op, ops_len;
        uint16_t resv;
        uint32_t resv2[3];
    } head{};
    io_uring_probe_op op{};
    static_assert(sizeof head == 16 && sizeof op == 8);
    if (count > 256)
        return -EINVAL;
    address_space& space = *who.owner->space;
    for (uint32_t at = 0; at < sizeof head + count * sizeof op; at += sizeof op) {
        uint64_t word;
        if (long error = read_user(space, word, to + at); error < 0)
            return error;
        if (word)
            return -EINVAL;
    }
    if (count > opcodes_shown)
        count = opcodes_shown;
    head.last_op = opcodes_shown - 1;
    head.ops_len = uint8_t(count);
    if (long error = write_user(space, to, head); error < 0)
        return error;
    for (uint32_t i = 0; i < count; i++) {
        op.op = uint8_t(i);
        op.flags = operation_is_supported(uint8_t(i)) ? IO_URING_OP_SUPPORTED : 0;
        if (long error = write_user(space, to + sizeof head + i * sizeof op, op); error < 0)
            return error;
    }
    return 0;
}

long enable(caller& who, io_uring& ring) {
    if (ring.enabled)
        return -EBADFD;
    if (ring.setup_flags & IORING_SETUP_SINGLE_ISSUER)
        ring.submitter = who.as_thread;
    ring.enabled = true;
    return 0;
}

// Files

long file_at(caller& who, uint64_t fds, uint32_t index, int32_t& fd, ref<file>& f) {
    if (long error = read_user(*who.owner->space, fd, fds + uint64_t(index) * sizeof fd); error < 0)
        return error;
    if (fd < 0)
        return fd == -1 || fd == IORING_REGISTER_FILES_SKIP ? 0 : -EBADF;
    f = who.owner->files->get(uint32_t(fd));
    return f ? 0 : -EBADF;
}

// What a resource is tagged with is told when it goes: not here.
long check_tags(caller& who, uint64_t tags, uint32_t count) {
    for (uint32_t i = 0; tags && i < count; i++) {
        uint64_t tag;
        if (long error = read_user(*who.owner->space, tag, tags + i * sizeof tag); error < 0)
            return error;
        if (tag)
            return -EINVAL;
    }
    return 0;
}

long register_files(caller& who, io_uring& ring, uint64_t fds, uint32_t count) {
    fd_table& files = *who.owner->files;
    if (ring.files.exists())
        return -EBUSY;
    if (count > max_descriptors && fds)
        return -EMFILE; // more than RLIMIT_NOFILE can be
    if (long error = ring.files.create(count); error < 0)
        return error;
    for (uint32_t i = 0; fds && i < count; i++) {
        int32_t fd;
        ref<file> f;
        long error = file_at(who, fds, i, fd, f);
        if (error == 0 && fd == IORING_REGISTER_FILES_SKIP)
            error = -EBADF;
        if (error == 0 && f)
            error = f->as_io_uring() ? -EBADF : ring.files.set(files, i, std::move(f));
        if (error < 0) {
            ring.files.end(files);
            return error;
        }
        preemption_point();
    }
    return 0;
}

// How many were, or why the first was not.
long update_files(caller& who, io_uring& ring, uint32_t offset, uint64_t fds, uint32_t count) {
    fd_table& files = *who.owner->files;
    if (!ring.files.exists())
        return -ENXIO;
    if (uint64_t(offset) + count > ring.files.size())
        return -EINVAL;
    long error = 0;
    uint32_t done = 0;
    for (; done < count; done++) {
        int32_t fd;
        ref<file> f;
        error = file_at(who, fds, done, fd, f);
        if (error == 0 && fd != IORING_REGISTER_FILES_SKIP)
            error =
                f && f->as_io_uring() ? -EBADF : ring.files.set(files, offset + done, std::move(f));
        if (error < 0)
            break;
        preemption_point();
    }
    return done ? long(done) : error;
}

// Buffers

long set_buffer(caller& who, io_uring& ring, uint32_t slot, uint64_t at) {
    struct {
        uint64_t base, size;
    } vector;
    if (long error = read_user(*who.owner->space, vector, at); error < 0)
        return error;
    if (!vector.base && vector.size)
        return -EFAULT;
    constexpr uint64_t most = 1ull << 30;
    if (vector.base && (!vector.size || vector.size > most))
        return -EFAULT;
    // It must be there, as if its pages were taken hold of.
    uint64_t end = vector.base + vector.size;
    for (uint64_t page = vector.base & ~(page_size - 1); page < end; page += page_size) {
        if (long error = who.owner->space->with_page(page, protection_read, [](void*) {});
            error < 0)
            return error == -ENOMEM ? error : -EFAULT;
        preemption_point();
    }
    return ring.buffers.set(slot, {vector.base, vector.size});
}

long register_buffers(caller& who, io_uring& ring, uint64_t vectors, uint32_t count) {
    if (ring.buffers.exists())
        return -EBUSY;
    if (long error = ring.buffers.create(count); error < 0)
        return error;
    for (uint32_t i = 0; vectors && i < count; i++)
        if (long error = set_buffer(who, ring, i, vectors + i * 16ull); error < 0) {
            ring.buffers.end();
            return error;
        }
    return 0;
}

long update_buffers(caller& who, io_uring& ring, const io_uring_rsrc_update2& u) {
    if (!ring.buffers.exists())
        return -ENXIO;
    uint32_t done = 0;
    long error = 0;
    for (; done < u.nr && error == 0; done++)
        if ((error = set_buffer(who, ring, u.offset + done, u.data + done * 16ull)) < 0)
            break;
    return done ? long(done) : error;
}

long register_resources(caller& who, io_uring& ring, uint64_t at, uint32_t size, bool are_files) {
    io_uring_rsrc_register r;
    if (size != sizeof r)
        return -EINVAL;
    if (long error = read_user(*who.owner->space, r, at); error < 0)
        return error;
    const bool sparse = r.flags & IORING_RSRC_REGISTER_SPARSE;
    if (!r.nr || r.resv2 || (r.flags & ~IORING_RSRC_REGISTER_SPARSE) || (sparse && r.data))
        return -EINVAL;
    if (!sparse && !r.data)
        return -EFAULT;
    if (long error = check_tags(who, r.tags, r.nr); error < 0)
        return error;
    return are_files ? register_files(who, ring, r.data, r.nr)
                     : register_buffers(who, ring, r.data, r.nr);
}

long update_resources(caller& who, io_uring& ring, uint64_t at, uint32_t size, bool are_files) {
    io_uring_rsrc_update2 u;
    if (size != sizeof u)
        return -EINVAL;
    if (long error = read_user(*who.owner->space, u, at); error < 0)
        return error;
    if (!u.nr || u.resv || u.resv2)
        return -EINVAL;
    if (long error = check_tags(who, u.tags, u.nr); error < 0)
        return error;
    return are_files ? update_files(who, ring, u.offset, u.data, u.nr)
                     : update_buffers(who, ring, u);
}

long update_files_1(caller& who, io_uring& ring, uint64_t at, uint32_t count) {
    struct {
        uint32_t offset, resv;
        uint64_t fds;
    } u;
    if (!count)
        return -EINVAL;
    if (long error = read_user(*who.owner->space, u, at); error < 0)
        return error;
    return u.resv ? -EINVAL : update_files(who, ring, u.offset, u.fds, count);
}

long set_file_range(caller& who, io_uring& ring, uint64_t at) {
    io_uring_file_index_range range;
    if (long error = read_user(*who.owner->space, range, at); error < 0)
        return error;
    return range.resv ? -EINVAL : ring.files.set_range(range.off, range.len);
}

long register_eventfd(caller& who, io_uring& ring, uint64_t at, uint32_t count) {
    int32_t fd;
    if (count != 1)
        return -EINVAL;
    if (long error = read_user(*who.owner->space, fd, at); error < 0)
        return error;
    ref<file> f = who.owner->files->get(uint32_t(fd));
    if (!f)
        return -EBADF;
    return f->is_eventfd() ? ring.set_eventfd(std::move(f)) : -EINVAL;
}

// Its pages are looked at here, so that the device finds them when it takes a buffer.
task<long> register_buffer_group(caller& who, io_uring& ring, uint64_t at, uint32_t count,
                                 bool ends) {
    io_uring_buf_reg r;
    if (!at || count != 1)
        co_return -EINVAL;
    if (long error = read_user(*who.owner->space, r, at); error < 0)
        co_return error;
    if (r.pad || r.resv[0] || r.resv[1] || r.resv[2])
        co_return -EINVAL;
    if (ends)
        co_return co_await ring.set_buffer_group(r.bgid, 0, 0);
    if (!r.ring_addr)
        co_return -EFAULT;
    constexpr uint32_t most = 32768;
    if (r.ring_addr & (page_size - 1) || !r.ring_entries || r.ring_entries > most ||
        (r.ring_entries & (r.ring_entries - 1)))
        co_return -EINVAL;
    uint64_t end = r.ring_addr + r.ring_entries * sizeof(io_uring_buf);
    for (uint64_t page = r.ring_addr; page < end; page += page_size) {
        if (long error = who.owner->space->with_page(page, protection_read, [](void*) {});
            error < 0)
            co_return error == -ENOMEM ? error : -EFAULT;
        preemption_point();
    }
    co_return co_await ring.set_buffer_group(r.bgid, r.ring_addr, r.ring_entries);
}

// There are no workers to be bounded or bound: what a bound was is 0.
long bound_workers(caller& who, uint64_t at, uint32_t count) {
    uint32_t counts[2];
    if (!at || count != 2)
        return -EINVAL;
    if (long error = copy_from_user(*who.owner->space, counts, at, sizeof counts); error < 0)
        return error;
    counts[0] = counts[1] = 0;
    return copy_to_user(*who.owner->space, at, counts, sizeof counts);
}

task<long> cancel(caller& who, io_uring& ring, uint64_t at) {
    sync_cancel wanted;
    nanoseconds deadline = never;
    if (long error = read_user(*who.owner->space, wanted, at); error < 0)
        co_return error;
    for (uint8_t byte : wanted.padding)
        if (byte)
            co_return -EINVAL;
    for (uint64_t word : wanted.padding2)
        if (word)
            co_return -EINVAL;
    if (wanted.seconds != -1 || wanted.nanoseconds != -1) {
        time_value time{wanted.seconds, wanted.nanoseconds};
        if (!time.valid())
            co_return -EINVAL;
        deadline = add_saturating(now(), time.total());
    }
    co_return co_await ring.cancel(who, wanted, deadline);
}

} // namespace

namespace call {

task<long> io_uring_register(caller& who, uint64_t fd, uint64_t operation, uint64_t argument,
                             uint64_t count_wanted) {
    auto count = uint32_t(count_wanted);
    ref<file> opened = who.owner->files->get(fd);
    if (!opened)
        co_return -EBADF;
    io_uring* ring = opened->as_io_uring();
    if (!ring || !ring->belongs_to(*who.owner))
        co_return -EOPNOTSUPP;
    switch (uint32_t(operation)) {
    case IORING_REGISTER_BUFFERS:
        co_return argument ? register_buffers(who, *ring, argument, count) : -EFAULT;
    case IORING_UNREGISTER_BUFFERS:
        co_return argument || count ? -EINVAL : ring->buffers.end();
    case IORING_REGISTER_FILES:
        co_return argument ? register_files(who, *ring, argument, count) : -EFAULT;
    case IORING_UNREGISTER_FILES:
        co_return argument || count ? -EINVAL : ring->files.end(*who.owner->files);
    case IORING_REGISTER_FILES_UPDATE:
        co_return update_files_1(who, *ring, argument, count);
    case IORING_REGISTER_FILES2:
    case IORING_REGISTER_BUFFERS2:
        co_return register_resources(who, *ring, argument, count,
                                     operation == IORING_REGISTER_FILES2);
    case IORING_REGISTER_FILES_UPDATE2:
    case IORING_REGISTER_BUFFERS_UPDATE:
        co_return update_resources(who, *ring, argument, count,
                                   operation == IORING_REGISTER_FILES_UPDATE2);
    case IORING_REGISTER_FILE_ALLOC_RANGE:
        co_return !argument || count ? -EINVAL : set_file_range(who, *ring, argument);
    case IORING_REGISTER_EVENTFD:
        co_return register_eventfd(who, *ring, argument, count);
    case IORING_UNREGISTER_EVENTFD:
        co_return argument || count ? -EINVAL : ring->set_eventfd({});
    case IORING_REGISTER_PBUF_RING:
    case IORING_UNREGISTER_PBUF_RING:
        co_return co_await register_buffer_group(who, *ring, argument, count,
                                                 operation == IORING_UNREGISTER_PBUF_RING);
    case IORING_REGISTER_IOWQ_MAX_WORKERS:
        co_return bound_workers(who, argument, count);
    case IORING_REGISTER_PROBE:
        co_return argument ? probe(who, argument, count) : -EINVAL;
    case IORING_REGISTER_SYNC_CANCEL:
        if (!argument || count != 1)
            co_return -EINVAL;
        co_return co_await cancel(who, *ring, argument);
    case IORING_REGISTER_ENABLE_RINGS:
        co_return argument || count ? -EINVAL : enable(who, *ring);
    default:
        co_return -EINVAL;
    }
}

} // namespace call
} // namespace kernel
