/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: ending requests before their time.
 *
 * Cancelling and completing both run under the BQL, and host work that a thread
 * has is not cancelled: whichever comes first gives the one completion.
 */
#include "qemu/osdep.h"
#include "internal.h"
#include "trace.h"

/*
 * Take a request out of whatever it waits in; false if it can't be stopped any
 * more.
 */
static bool asyscall_request_detach(AsyscallRequest *req)
{
    AsyscallState *s = req->qp->device;

    switch (req->phase) {
    case ASYSCALL_PHASE_NEED_SLOT:
        asyscall_slot_wait_remove(req);
        return true;
    case ASYSCALL_PHASE_FAULTED:
        asyscall_slot_orphan(req);
        return true;
    case ASYSCALL_PHASE_TIMER:
        asyscall_timer_remove(req);
        return true;
    case ASYSCALL_PHASE_CONSOLE:
        return asyscall_console_cancel(req);
    case ASYSCALL_PHASE_SOCKET:
        return asyscall_socket_cancel(req);
    case ASYSCALL_PHASE_WORK:
        return asyscall_work_unqueue(req);
    case ASYSCALL_PHASE_START:
        QTAILQ_REMOVE(&s->starting, req, queue);
        return true;
    case ASYSCALL_PHASE_DRAIN:
        req->qp->drain = NULL;
        return true;
    default:
        return false;
    }
}

/*
 * 0: it completes with -ECANCELED (or what it had transferred); -EALREADY: it
 * goes on.
 */
int asyscall_request_cancel(AsyscallRequest *req)
{
    trace_asyscall_cancel(req->qp->index, req->sqe.user_data, req->token,
                          req->phase);
    if (req->phase == ASYSCALL_PHASE_FORWARDED) {
        asyscall_forward_cancel(req);
        return -EALREADY;
    }
    if (!asyscall_request_detach(req)) {
        return -EALREADY;
    }
    req->qp->statistics.cancelled++;
    req->failed = true;
    asyscall_request_finish(
        req, req->transfer.done ? (int64_t)req->transfer.done : -ECANCELED);
    return 0;
}

/*
 * For DESTROY: end it without a completion; host work that runs is dropped when
 * it ends.
 */
void asyscall_request_orphan(AsyscallRequest *req)
{
    switch (req->phase) {
    case ASYSCALL_PHASE_FORWARDED:
        asyscall_forward_cancel(req);
        asyscall_slot_orphan(req);
        break;
    case ASYSCALL_PHASE_LINKED:
    case ASYSCALL_PHASE_DONE:
        break;
    default:
        if (!asyscall_request_detach(req)) {
            return;
        }
    }
    asyscall_request_drop(req);
}

/* It ends with the request that it limits. */
static bool asyscall_is_armed_link_timeout(const AsyscallRequest *req)
{
    return req->phase == ASYSCALL_PHASE_TIMER && req->head;
}

/*
 * For QUIESCE: cancel what can be, and let nothing that waits in a chain start.
 */
void asyscall_qp_cancel_all(AsyscallQueuePair *qp)
{
    AsyscallRequest *req, *next;

    qp->cancelling = true;
    asyscall_request_close_chain(qp);
    QTAILQ_FOREACH_SAFE(req, &qp->requests, entry, next) {
        if (!asyscall_is_armed_link_timeout(req) &&
            req->phase != ASYSCALL_PHASE_LINKED &&
            req->phase != ASYSCALL_PHASE_START &&
            req->phase != ASYSCALL_PHASE_DONE) {
            asyscall_request_cancel(req);
        }
    }
}

static bool asyscall_cancel_matches(const AsyscallRequest *cancel,
                                    const AsyscallRequest *req)
{
    uint32_t flags = cancel->sqe.cancel_flags;

    if (req == cancel || req->phase == ASYSCALL_PHASE_DONE ||
        req->phase == ASYSCALL_PHASE_LINKED || req->chain_broken ||
        req->ended || asyscall_is_armed_link_timeout(req)) {
        return false;
    }
    if (flags & IORING_ASYNC_CANCEL_ANY) {
        return true;
    }
    if ((flags & IORING_ASYNC_CANCEL_FD) && req->sqe.fd != cancel->sqe.fd) {
        return false;
    }
    if ((flags & IORING_ASYNC_CANCEL_OP) &&
        req->sqe.opcode != cancel->sqe.len) {
        return false;
    }
    if ((flags & IORING_ASYNC_CANCEL_USERDATA) ||
        !(flags & (IORING_ASYNC_CANCEL_FD | IORING_ASYNC_CANCEL_OP))) {
        return req->sqe.user_data == cancel->sqe.addr;
    }
    return true;
}

void asyscall_op_async_cancel(AsyscallRequest *req)
{
    const uint32_t known = IORING_ASYNC_CANCEL_ALL | IORING_ASYNC_CANCEL_FD |
                           IORING_ASYNC_CANCEL_ANY |
                           IORING_ASYNC_CANCEL_USERDATA |
                           IORING_ASYNC_CANCEL_OP;
    uint32_t flags = req->sqe.cancel_flags;
    bool many = flags & (IORING_ASYNC_CANCEL_ALL | IORING_ASYNC_CANCEL_ANY);
    AsyscallRequest *other, *next;
    int64_t result = -ENOENT;
    int64_t count = 0;

    if (req->sqe.off || req->sqe.splice_fd_in || (flags & ~known) ||
        ((flags & IORING_ASYNC_CANCEL_ANY) &&
         (flags & (IORING_ASYNC_CANCEL_FD | IORING_ASYNC_CANCEL_OP)))) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    QTAILQ_FOREACH_SAFE(other, &req->qp->requests, entry, next) {
        if (!asyscall_cancel_matches(req, other)) {
            continue;
        }
        result = asyscall_request_cancel(other);
        if (!many) {
            break;
        }
        count++;
    }
    if ((req->qp->flags & ASYSCALL_PAIR_KERNEL_CALLS) &&
        (many || result == -ENOENT)) {
        /* The kernel has calls that only it knows: the rest is its answer. */
        req->sqe.off = count;
        asyscall_forward(req);
        return;
    }
    asyscall_request_finish(req, many ? count : result);
}
