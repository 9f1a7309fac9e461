// SPDX-License-Identifier: BSD-2-Clause
//
// IORING_REGISTER_SYNC_CANCEL. What the device holds by itself (timeouts, transfers of sockets,
// what waits in a chain) is not found; IORING_OP_ASYNC_CANCEL finds it.
#include <linux/io_uring.h>

#include "io_uring/io_uring.h"
#include "ring/request.h"
#include "syscalls/time_value.h"

namespace kernel {

namespace {

bool matches(const io_uring_sqe& e, const sync_cancel& wanted) {
    if (wanted.flags & IORING_ASYNC_CANCEL_ANY)
        return true;
    if (wanted.flags & IORING_ASYNC_CANCEL_FD) {
        uint32_t fd = uint32_t(wanted.fd);
        if (wanted.flags & IORING_ASYNC_CANCEL_FD_FIXED)
            fd |= fixed_file_mark;
        if (uint32_t(e.fd) != fd)
            return false;
    }
    if ((wanted.flags & cancel_by_operation) && e.opcode != wanted.opcode)
        return false;
    constexpr uint32_t others = IORING_ASYNC_CANCEL_FD | cancel_by_operation;
    if ((wanted.flags & cancel_by_user_data) || !(wanted.flags & others))
        return e.user_data == wanted.user_data;
    return true;
}

bool names_many(const sync_cancel& wanted) {
    return wanted.flags & (IORING_ASYNC_CANCEL_ALL | IORING_ASYNC_CANCEL_ANY);
}

} // namespace

// How many there were; `last` is one of them.
long io_uring::interrupt_matching(const sync_cancel& wanted, cancelled& last) {
    lock_guard guard(lock_);
    if (!ring_)
        return 0;
    lock_guard ring_guard(ring_->lock);
    long found = 0;
    bool begun = true;
    for (ring_request& q : ring_->requests) {
        if (&q == ring_->first_queued)
            begun = false;
        if (q.kind != ring_request::kind_of::entry || !matches(q.slot->sqe, wanted))
            continue;
        last = {q.token, q.slot->sqe.opcode};
        if (begun)
            q.interrupt();
        else
            q.kill();
        found++;
        if (!names_many(wanted))
            break;
    }
    return found;
}

bool io_uring::has_request(uint64_t token) {
    lock_guard guard(lock_);
    if (!ring_)
        return false;
    lock_guard ring_guard(ring_->lock);
    for (ring_request& q : ring_->requests)
        if (q.kind == ring_request::kind_of::entry && q.token == token)
            return true;
    return false;
}

task<long> io_uring::cancel(caller& who, const sync_cancel& asked, nanoseconds deadline) {
    constexpr uint32_t known_flags = IORING_ASYNC_CANCEL_ALL | IORING_ASYNC_CANCEL_FD |
                                     IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_FD_FIXED |
                                     cancel_by_user_data | cancel_by_operation;
    constexpr nanoseconds between_looks = 1'000'000, moment = 1'000'000'000;
    const sync_cancel wanted = asked;
    cancelled last{}, ignored;
    if (wanted.flags & ~known_flags)
        co_return -EINVAL;
    const long found = interrupt_matching(wanted, last);
    if (!found)
        co_return -ENOENT;
    // Those that were waiting end in a moment, which is not what is asked about; one that is in the
    // middle of something, when it comes to where it can.
    if (nanoseconds soon = add_saturating(now(), moment); deadline < soon)
        deadline = soon;
    while (names_many(wanted) ? interrupt_matching(wanted, ignored) != 0
                              : has_request(last.token)) {
        if (now() >= deadline)
            co_return -ETIME;
        nanoseconds next = add_saturating(now(), between_looks);
        if (long error = co_await sleep_until(who, next < deadline ? next : deadline);
            error != -ETIMEDOUT)
            co_return error;
    }
    // Of these Linux tells that it was one.
    const bool counted = last.opcode == OUROS_OP_FUTEX_WAIT || last.opcode == OUROS_OP_WAITID;
    co_return names_many(wanted) || counted ? found : 0;
}

} // namespace kernel
