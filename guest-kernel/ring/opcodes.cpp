// SPDX-License-Identifier: BSD-2-Clause
//
// An entry that the device forwards is a system call in another notation: most opcodes are a line
// that says which one, and which fields are its arguments. docs/system-calls.md is made from these
// lines, too.
#include "ring/opcodes.h"

#include <asm/poll.h>
#include <linux/futex.h>
#include <ouros/opcodes.h>

#include "fs/fd_table.h"
#include "fs/poll_entries.h"
#include "process/process.h"
#include "ring/request.h"
#include "syscalls/file_calls.h"
#include "syscalls/syscall.h"
#include "syscalls/time_value.h"

namespace kernel {

namespace {

struct as_call {
    unsigned number;
    uint64_t arguments[6];
};

// OPERATION(IORING_OP_ name, system call, arguments...), NEWER for those of <ouros/opcodes.h>
#define OPERATION(opcode, name, ...)                                                               \
    case IORING_OP_##opcode:                                                                       \
        out = {__NR_##name, {__VA_ARGS__}};                                                        \
        return 0;
#define NEWER(opcode, name, ...)                                                                   \
    case OUROS_OP_##opcode:                                                                        \
        out = {__NR_##name, {__VA_ARGS__}};                                                        \
        return 0;

// -ENOSYS: no such opcode. -EINVAL: a field that it does not have is not 0.
long call_for(const io_uring_sqe& e, as_call& out) {
    // As a register has them.
    const uint64_t fd = uint64_t(int64_t(e.fd)), len = uint64_t(int64_t(int32_t(e.len)));
    const uint64_t flags = uint32_t(e.rw_flags), none = 0;
    switch (e.opcode) {
        OPERATION(CLOSE, close, fd)
        OPERATION(OPENAT, openat, fd, e.addr, flags, e.len)
        OPERATION(STATX, statx, fd, e.addr, flags, e.len, e.off)
        OPERATION(MKDIRAT, mkdirat, fd, e.addr, e.len)
        OPERATION(UNLINKAT, unlinkat, fd, e.addr, flags)
        OPERATION(RENAMEAT, renameat2, fd, e.addr, len, e.addr2, flags)
        OPERATION(LINKAT, linkat, fd, e.addr, len, e.addr2, flags)
        OPERATION(SYMLINKAT, symlinkat, e.addr, fd, e.addr2)
        OPERATION(FALLOCATE, fallocate, fd, e.len, e.off, e.addr)
        OPERATION(FADVISE, fadvise64, fd, e.off, e.len, flags)
        OPERATION(MADVISE, madvise, e.addr, e.len, flags)
        OPERATION(SYNC_FILE_RANGE, sync_file_range, fd, e.off, e.len, flags)
        OPERATION(EPOLL_CTL, epoll_ctl, fd, e.len, e.off, e.addr)
        OPERATION(SENDMSG, sendmsg, fd, e.addr, flags)
        OPERATION(RECVMSG, recvmsg, fd, e.addr, flags)
        OPERATION(SEND, sendto, fd, e.addr, e.len, flags, e.addr2, e.addr_len)
        OPERATION(RECV, recvfrom, fd, e.addr, e.len, flags)
        OPERATION(SHUTDOWN, shutdown, fd, e.len)
        OPERATION(SOCKET, socket, fd, e.off, e.len)
        OPERATION(CONNECT, connect, fd, e.addr, e.off)
        OPERATION(ACCEPT, accept4, fd, e.addr, e.addr2, flags)
        NEWER(BIND, bind, fd, e.addr, e.off)
        NEWER(LISTEN, listen, fd, e.len)
        NEWER(FTRUNCATE, ftruncate, fd, e.off)
        NEWER(PIPE, pipe2, e.addr, flags)
        NEWER(EPOLL_WAIT, epoll_pwait, fd, e.addr, len, ~none)
        NEWER(WAITID, waitid, e.len, fd, e.off, e.file_index)
    case IORING_OP_FSYNC:
        if (flags & ~uint64_t(IORING_FSYNC_DATASYNC))
            return -EINVAL;
        out = {unsigned(flags ? __NR_fdatasync : __NR_fsync), {fd}};
        return 0;
    case OUROS_OP_FUTEX_WAIT:
    case OUROS_OP_FUTEX_WAKE: {
        bool wakes = e.opcode == OUROS_OP_FUTEX_WAKE;
        if ((fd & ~uint64_t(OUROS_FUTEX_PRIVATE)) != OUROS_FUTEX_U32 || e.len || flags ||
            e.off > ~0u || e.addr3 > ~0u)
            return -EINVAL;
        uint64_t operation = wakes ? FUTEX_WAKE_BITSET : FUTEX_WAIT_BITSET;
        if (fd & OUROS_FUTEX_PRIVATE)
            operation |= FUTEX_PRIVATE_FLAG;
        out = {__NR_futex, {e.addr, operation, e.off, 0, 0, e.addr3}};
        return 0;
    }
    default:
        return -ENOSYS;
    }
}

long begin_transfer(ring_request& who, const io_uring_sqe& e, task<long>& later) {
    if (e.rw_flags)
        return -EOPNOTSUPP; // as preadv2: what RWF_ flags promise is not there
    bool is_vector = e.opcode == IORING_OP_READV || e.opcode == IORING_OP_WRITEV;
    bool is_write = e.opcode == IORING_OP_WRITE || e.opcode == IORING_OP_WRITEV;
    call::transfer transfer{uint64_t(int64_t(e.fd)), e.addr,    e.len,
                            int64_t(e.off),          is_vector, is_write};
    long value = call::move_data(who, transfer);
    if (value == must_wait)
        later = call::move_data_later(who, transfer);
    return value;
}

task<long> sleep(caller& who, nanoseconds deadline) {
    long outcome = co_await sleep_until(who, deadline);
    co_return outcome == -ETIMEDOUT ? -ETIME : outcome;
}

long begin_timeout(ring_request& who, const io_uring_sqe& e, task<long>& later) {
    time_value wanted;
    if (e.len != 1)
        return -EINVAL;
    if (long error = read_user(*who.owner->space, wanted, e.addr); error < 0)
        return error;
    if (!wanted.valid())
        return -EINVAL;
    bool absolute = e.timeout_flags & IORING_TIMEOUT_ABS;
    later = sleep(who, absolute ? wanted.total() : add_saturating(now(), wanted.total()));
    return must_wait;
}

} // namespace

static uint32_t found_of(file& f, uint32_t events) {
    return f.poll() & (events | POLLERR | POLLHUP);
}

task<long> poll_later(caller& who, ref<file> f, uint32_t events) {
    struct {
        file* f;
        uint32_t events;
    } question{f.get(), events};
    for (;;) {
        if (uint32_t found = found_of(*f, events))
            co_return found;
        poll_entries entries(*f);
        long error = co_await wait_any(
            who, entries.all(), never,
            [](void* context) {
                auto& asked = *static_cast<decltype(question)*>(context);
                return found_of(*asked.f, asked.events) != 0;
            },
            &question);
        if (error < 0)
            co_return error;
    }
}

namespace {

long begin_poll(ring_request& who, const io_uring_sqe& e, task<long>& later) {
    if (e.len || e.off || e.addr)
        return -EINVAL; // multishot and updates are not there
    ref<file> f = who.owner->files->get(uint64_t(int64_t(e.fd)));
    if (!f)
        return -EBADF;
    if (uint32_t found = found_of(*f, e.poll32_events))
        return found;
    later = poll_later(who, std::move(f), e.poll32_events);
    return must_wait;
}

long begin_call(ring_request& who, const syscall_entry* call, const uint64_t* arguments,
                task<long>& later) {
    if (!call || !(call->begin || call->later))
        return -EINVAL;
    long value = call->begin ? call->begin(who, arguments) : must_wait;
    if (value == must_wait) [[unlikely]]
        later = call->later(who, arguments);
    return value;
}

long begin_any_call(ring_request& who, const io_uring_sqe& e, task<long>& later) {
    if (e.off || e.rw_flags || e.ioprio || e.addr3)
        return -EINVAL;
    uint64_t arguments[6];
    if (long error = read_user(*who.owner->space, arguments, e.addr); error < 0)
        return error;
    const syscall_entry* call = find_syscall(e.len);
    if (!call) [[unlikely]]
        return unknown_syscall(*who.owner, e.len);
    return begin_call(who, call, arguments, later);
}

} // namespace

bool operation_exists(uint8_t opcode) {
    switch (opcode) {
    case IORING_OP_NOP:
    case IORING_OP_READ:
    case IORING_OP_WRITE:
    case IORING_OP_READV:
    case IORING_OP_WRITEV:
    case IORING_OP_TIMEOUT:
    case IORING_OP_POLL_ADD:
    case IORING_OP_POLL_REMOVE:
    case IORING_OP_ASYNC_CANCEL:
    case OUROS_OP_CALL:
        return true;
    }
    io_uring_sqe e{};
    e.opcode = opcode;
    as_call found;
    long error = call_for(e, found);
    if (error < 0)
        return error != -ENOSYS;
    const syscall_entry* call = find_syscall(found.number);
    return call && (call->begin || call->later);
}

long begin_operation(ring_request& who, const io_uring_sqe& e, task<long>& later) {
    switch (e.opcode) {
    case IORING_OP_NOP:
        return 0;
    case IORING_OP_READ:
    case IORING_OP_WRITE:
    case IORING_OP_READV:
    case IORING_OP_WRITEV:
        return begin_transfer(who, e, later);
    case IORING_OP_TIMEOUT:
        return begin_timeout(who, e, later);
    case IORING_OP_POLL_ADD:
        return begin_poll(who, e, later);
    case IORING_OP_POLL_REMOVE:
        return remove_poll(who, e);
    case IORING_OP_ASYNC_CANCEL:
        return cancel_requests(who, e);
    case OUROS_OP_CALL:
        return begin_any_call(who, e, later);
    }
    as_call wanted;
    if (long error = call_for(e, wanted); error < 0)
        return error == -ENOSYS ? -EINVAL : error;
    return begin_call(who, find_syscall(wanted.number), wanted.arguments, later);
}

} // namespace kernel
