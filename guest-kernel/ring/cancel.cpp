// SPDX-License-Identifier: BSD-2-Clause
//
// Cancelling calls by token. ASYNC_CANCEL first looks at the entries that the device has, those
// which it has forwarded included; what comes here is the rest: calls that only the kernel knows,
// by user_data (the token) and by descriptor.
#include <asm/unistd.h>

#include "ring/opcodes.h"
#include "ring/request.h"
#include "ring/ring.h"
#include "syscalls/syscall.h"

namespace kernel {

namespace {

// Calls that can wait and whose first argument is the descriptor that they wait for.
bool waits_for_descriptor(unsigned number) {
    switch (number) {
    case __NR_read:
    case __NR_write:
    case __NR_readv:
    case __NR_writev:
    case __NR_pread64:
    case __NR_pwrite64:
    case __NR_preadv:
    case __NR_pwritev:
    case __NR_preadv2:
    case __NR_pwritev2:
    case __NR_fsync:
    case __NR_fdatasync:
    case __NR_ftruncate:
    case __NR_fallocate:
    case __NR_getdents64:
    case __NR_fstat:
    case __NR_lseek:
    case __NR_sendfile:
    case __NR_sendto:
    case __NR_recvfrom:
    case __NR_sendmsg:
    case __NR_recvmsg:
    case __NR_epoll_pwait:
    case __NR_epoll_pwait2:
        return true;
    default:
        return false;
    }
}

bool matches(const ring_request& q, const io_uring_sqe& e) {
    if (q.kind != ring_request::kind_of::call)
        return false;
    uint32_t flags = e.cancel_flags;
    if (flags & IORING_ASYNC_CANCEL_ANY)
        return true;
    if (flags & IORING_ASYNC_CANCEL_FD) {
        if (!q.call.what || !waits_for_descriptor(q.call.what->number) ||
            int32_t(q.call.arguments[0]) != e.fd)
            return false;
    }
    constexpr uint32_t by_operation = 1u << 5, by_user_data = 1u << 4; // IORING_ASYNC_CANCEL_
    if (flags & by_operation)
        return false; // a call has no opcode
    if ((flags & by_user_data) || !(flags & IORING_ASYNC_CANCEL_FD))
        return q.token == e.addr;
    return true;
}

} // namespace

// As the device answers for what it has forwarded: 0 if it had not begun, -EALREADY if its end is
// still to come, with -ECANCELED or what it had come to.
long cancel_requests(ring_request& who, const io_uring_sqe& e) {
    constexpr uint32_t many = IORING_ASYNC_CANCEL_ALL | IORING_ASYNC_CANCEL_ANY;
    ring& r = *who.of;
    long found = -ENOENT, count = long(e.off);
    lock_guard guard(r.lock);
    bool begun = true;
    for (ring_request& q : r.requests) {
        if (&q == r.first_queued)
            begun = false;
        if (!matches(q, e))
            continue;
        if (begun)
            q.interrupt();
        else
            q.kill();
        found = begun ? -EALREADY : 0;
        count++;
        if (!(e.cancel_flags & many))
            break;
    }
    return e.cancel_flags & many ? count : found;
}

// Ends a POLL_ADD, by its user_data.
long remove_poll(ring_request& who, const io_uring_sqe& e) {
    if (e.len || e.off || e.rw_flags)
        return -EINVAL;
    ring& r = *who.of;
    lock_guard guard(r.lock);
    for (ring_request& q : r.requests) {
        if (q.kind != ring_request::kind_of::entry || q.slot->sqe.opcode != IORING_OP_POLL_ADD ||
            q.slot->sqe.user_data != e.addr)
            continue;
        q.interrupt();
        return 0;
    }
    return -ENOENT;
}

} // namespace kernel
