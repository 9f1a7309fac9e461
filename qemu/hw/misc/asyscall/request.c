/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: a request from its acceptance to its one final completion.
 */
#include "qemu/osdep.h"
#include "internal.h"
#include "trace.h"

#define ASYSCALL_CHAINED (IOSQE_IO_LINK | IOSQE_IO_HARDLINK)

/* A token is { queue pair:16, generation:32, index:16 }: a stale one misses. */
AsyscallRequest *asyscall_request_find(AsyscallState *s, uint64_t token)
{
    uint32_t pair = ASYSCALL_TOKEN_QUEUE_PAIR(token);
    uint16_t index = token;
    AsyscallQueuePair *qp;
    AsyscallRequest *req;

    if (pair >= s->n_queue_pairs) {
        return NULL;
    }
    qp = &s->queue_pairs[pair];
    if (!qp->exists || index >= qp->table_used) {
        return NULL;
    }
    req = qp->table[index];
    return req->token == token ? req : NULL;
}

AsyscallRequest *asyscall_request_new(AsyscallQueuePair *qp)
{
    AsyscallState *s = qp->device;
    AsyscallRequest *req = QTAILQ_FIRST(&qp->unused);
    uint16_t index;

    if (req) {
        QTAILQ_REMOVE(&qp->unused, req, entry);
        index = req->index;
    } else {
        index = qp->table_used++;
        req = g_new(AsyscallRequest, 1);
        qp->table[index] = req;
    }
    memset(req, 0, sizeof(*req));
    req->qp = qp;
    req->index = index;
    req->slot = -1;
    req->sequence = s->sequence++;
    req->token =
        (uint64_t)qp->index << 48 | (uint64_t)s->generation++ << 16 | index;
    QTAILQ_INSERT_TAIL(&qp->requests, req, entry);
    qp->inflight++;
    return req;
}

static void asyscall_request_free(AsyscallRequest *req)
{
    AsyscallQueuePair *qp = req->qp;
    AsyscallState *s = qp->device;

    asyscall_transfer_reset(req);
    asyscall_work_clear(&req->work);
    if (req->file) {
        asyscall_file_unref(req->file);
        req->file = NULL;
    }
    req->token = UINT64_MAX;
    QTAILQ_REMOVE(&qp->requests, req, entry);
    QTAILQ_INSERT_HEAD(&qp->unused, req, entry);
    qp->inflight--;

    if (qp->drain && qp->inflight == qp->drain_length) {
        AsyscallRequest *drained = qp->drain;

        qp->drain = NULL;
        asyscall_request_queue_start(drained);
    }
    if (!qp->inflight) {
        qp->draining = false;
    }
    s->recheck_commands |= !QTAILQ_EMPTY(&s->commands);
    asyscall_qp_wake(qp);
}

void asyscall_request_queue_start(AsyscallRequest *req)
{
    req->phase = ASYSCALL_PHASE_START;
    QTAILQ_INSERT_TAIL(&req->qp->device->starting, req, queue);
}

void asyscall_request_start(AsyscallRequest *req)
{
    AsyscallState *s = req->qp->device;

    req->phase = ASYSCALL_PHASE_START;
    if (asyscall_modelled(s)) {
        int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

        req->due = now + s->latency;
        if (!req->accepted) {
            req->accepted = now;
        }
    }
    if (req->chain_broken || req->qp->cancelling) {
        asyscall_request_finish(req, -ECANCELED);
    } else if (!asyscall_link_timeout_prepare(req)) {
        asyscall_route(req);
    }
}

/*
 * Take a request in: alone, or as the next of a chain. A chain is started when
 * it is complete, so that its members are known before the first can fail.
 */
void asyscall_request_accept(AsyscallRequest *req)
{
    AsyscallQueuePair *qp = req->qp;
    uint8_t flags = req->sqe.flags;

    trace_asyscall_accept(qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL), qp->index,
                          req->sqe.user_data, req->token, req->sqe.opcode,
                          req->sqe.fd);
    if (!qp->chain_head && !(flags & (ASYSCALL_CHAINED | IOSQE_IO_DRAIN))) {
        asyscall_request_start(req);
        return;
    }
    req->phase = ASYSCALL_PHASE_LINKED;
    if (qp->chain_head) {
        qp->chain_tail->link = req;
    } else {
        qp->chain_head = req;
    }
    qp->chain_tail = req;
    qp->chain_length++;
    if (flags & IOSQE_IO_DRAIN) {
        qp->chain_drains = true;
    }
    if (!(flags & ASYSCALL_CHAINED)) {
        asyscall_request_close_chain(qp);
    }
}

void asyscall_request_close_chain(AsyscallQueuePair *qp)
{
    AsyscallRequest *head = qp->chain_head;
    uint32_t length = qp->chain_length;
    bool drains = qp->chain_drains;

    if (!head) {
        return;
    }
    qp->chain_head = NULL;
    qp->chain_tail = NULL;
    qp->chain_length = 0;
    qp->chain_drains = false;
    if (drains) {
        qp->draining = true;
        if (qp->inflight > length) {
            head->phase = ASYSCALL_PHASE_DRAIN;
            qp->drain = head;
            qp->drain_length = length;
            return;
        }
    }
    asyscall_request_queue_start(head);
}

/* One completion other than a timeout's: for those that TIMEOUT counts. */
void asyscall_request_count(AsyscallQueuePair *qp)
{
    qp->completions++;
    if (qp->counted_timeouts) {
        asyscall_timer_count(qp);
    }
}

/*
 * Nothing of what follows in the chain runs. Whether it says so is up to who
 * broke the chain, as with io_uring.
 */
void asyscall_request_break_chain(AsyscallRequest *next, bool silently)
{
    next->chain_broken = true;
    next->sqe.flags &= ~IOSQE_CQE_SKIP_SUCCESS;
    if (silently) {
        next->sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
    }
}

/* The final completion, and what it sets free. */
void asyscall_request_post(AsyscallRequest *req)
{
    AsyscallQueuePair *qp = req->qp;
    AsyscallState *s = qp->device;
    AsyscallRequest *next;
    bool timeout = req->op && (req->op->flags & ASYSCALL_OP_TIMER);
    bool skips = req->sqe.flags & IOSQE_CQE_SKIP_SUCCESS;

    if (req->in_line) {
        asyscall_line_remove(req);
    }
    trace_asyscall_complete(qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL), qp->index,
                            req->sqe.user_data, req->token, req->result);
    qp->statistics.completed++;
    if (!skips || (req->failed && !req->chain_broken)) {
        qp->urgent |= asyscall_ioprio_is_urgent(req->sqe.ioprio) &&
                      (s->driver_features & ASYSCALL_F_URGENT);
        asyscall_ring_post(qp, req->sqe.user_data, req->result, req->cqe_flags);
    }
    if (req->head && req->head->phase == ASYSCALL_PHASE_LINKED) {
        asyscall_link_timeout_failed(req);
    }
    asyscall_link_timeout_end(req);
    next = req->link;
    if (next) {
        if (req->chain_broken ||
            (req->failed && !(req->sqe.flags & IOSQE_IO_HARDLINK))) {
            asyscall_request_break_chain(next, skips);
        }
        asyscall_request_queue_start(next);
    }
    asyscall_request_free(req);
    if (!timeout) {
        asyscall_request_count(qp);
    }
}

/*
 * One of several completions of a request that goes on. False: there is no room
 * in the CQ; this one should be its last, so that what overflows stays bounded.
 */
bool asyscall_request_post_more(AsyscallRequest *req, int32_t result)
{
    AsyscallQueuePair *qp = req->qp;

    if (!asyscall_ring_has_room(qp)) {
        return false;
    }
    trace_asyscall_more(qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL), qp->index,
                        req->sqe.user_data, req->token, result);
    qp->urgent |= asyscall_ioprio_is_urgent(req->sqe.ioprio) &&
                  (qp->device->driver_features & ASYSCALL_F_URGENT);
    asyscall_ring_post(qp, req->sqe.user_data, result,
                       req->cqe_flags | IORING_CQE_F_MORE);
    asyscall_request_count(qp);
    return true;
}

/* The result is known; it shows when its modelled time has come. */
void asyscall_request_finish(AsyscallRequest *req, int64_t result)
{
    AsyscallQueuePair *qp = req->qp;
    AsyscallState *s = qp->device;

    req->result = result;
    if (result < 0 && !req->keeps_chain) {
        req->failed = true;
    }
    req->phase = ASYSCALL_PHASE_DONE;
    asyscall_transfer_unpin(req);
    if (qp->destroying) {
        asyscall_request_drop(req);
        return;
    }
    if (asyscall_modelled(s) &&
        req->due > qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL)) {
        asyscall_line_insert(req);
        return;
    }
    asyscall_request_post(req);
}

/* End a request without a completion: its queue pair is being destroyed. */
void asyscall_request_drop(AsyscallRequest *req)
{
    req->qp->statistics.dropped++;
    trace_asyscall_drop(req->qp->index, req->sqe.user_data, req->token);
    if (req->in_line) {
        asyscall_line_remove(req);
    }
    asyscall_request_free(req);
}
