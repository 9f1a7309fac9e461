/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: what the kernel serves. A forwarded entry or a fault takes a slot
 * in the forward ring; the slot is the kernel's until it answers, also when the
 * request is gone by then, because the kernel may not have looked at it yet.
 * Without a free slot the request waits, first come first served, and its queue
 * pair takes no further entries.
 */
#include "qemu/osdep.h"
#include "internal.h"
#include "trace.h"

bool asyscall_forward_map(AsyscallState *s)
{
    uint32_t n = s->forward_entries;

    if (!n || n > ASYSCALL_MAX_SLOTS ||
        s->forward_ring % sizeof(union asyscall_forward) ||
        !asyscall_map_ram(&s->forward_memory, s->forward_ring,
                          n * sizeof(union asyscall_forward))) {
        return false;
    }
    s->forward_mapped = true;
    s->slots = g_new0(AsyscallSlot, n);
    s->free_slots = g_new(uint16_t, n);
    s->n_free_slots = n;
    for (uint32_t i = 0; i < n; i++) {
        s->free_slots[i] = n - 1 - i;
    }
    return true;
}

void asyscall_forward_reset(AsyscallState *s)
{
    if (s->forward_mapped) {
        address_space_cache_destroy(&s->forward_memory);
        s->forward_mapped = false;
    }
    g_clear_pointer(&s->slots, g_free);
    g_clear_pointer(&s->free_slots, g_free);
    s->n_free_slots = 0;
    g_hash_table_remove_all(s->orphans);
    QTAILQ_INIT(&s->slot_waiters);
}

/*
 * Every event has a slot or is at most one per request or queue pair: bounded.
 */
void asyscall_event(AsyscallState *s, AsyscallQueuePair *qp,
                    enum asyscall_event kind, uint64_t token, int32_t result)
{
    AsyscallQueuePair *control = asyscall_control(s);

    trace_asyscall_event(qp->index, token, kind, result);
    if (control->exists && !control->broken) {
        asyscall_ring_post(control, token, result,
                           ASYSCALL_CQE_EVENT | kind << 8);
    }
}

static void asyscall_slot_take(AsyscallRequest *req)
{
    AsyscallState *s = req->qp->device;
    uint16_t slot = s->free_slots[--s->n_free_slots];
    union asyscall_forward *at =
        (union asyscall_forward *)s->forward_memory.ptr + slot;
    union asyscall_forward entry = { .sqe = req->sqe };

    if (req->needs_fault_slot) {
        memset(&entry, 0, sizeof(entry));
        entry.fault.address = req->miss.address;
        entry.fault.access = req->miss.access;
    }
    memcpy(at, &entry, sizeof(entry));
    address_space_cache_invalidate(&s->forward_memory, slot * sizeof(entry),
                                   sizeof(entry));

    s->slots[slot].used = true;
    s->slots[slot].token = req->token;
    req->slot = slot;
    if (req->needs_fault_slot) {
        req->qp->statistics.faulted++;
        trace_asyscall_fault(req->qp->index, req->sqe.user_data, req->token,
                             req->miss.address, req->miss.access);
        req->phase = ASYSCALL_PHASE_FAULTED;
        asyscall_event(s, req->qp, ASYSCALL_EVENT_FAULT, req->token, slot);
    } else {
        req->qp->statistics.forwarded++;
        trace_asyscall_forward(req->qp->index, req->sqe.user_data, req->token,
                               slot);
        req->phase = ASYSCALL_PHASE_FORWARDED;
        asyscall_event(s, req->qp, ASYSCALL_EVENT_FORWARD, req->token, slot);
    }
}

static void asyscall_slot_request(AsyscallRequest *req)
{
    AsyscallState *s = req->qp->device;

    if (req->in_line) {
        asyscall_line_remove(req);
    }
    if (s->n_free_slots && QTAILQ_EMPTY(&s->slot_waiters)) {
        asyscall_slot_take(req);
        return;
    }
    trace_asyscall_need_slot(req->qp->index, req->sqe.user_data, req->token);
    req->phase = ASYSCALL_PHASE_NEED_SLOT;
    req->qp->need_slot++;
    QTAILQ_INSERT_TAIL(&s->slot_waiters, req, queue);
}

void asyscall_slot_wait_remove(AsyscallRequest *req)
{
    QTAILQ_REMOVE(&req->qp->device->slot_waiters, req, queue);
    req->qp->need_slot--;
    asyscall_qp_wake(req->qp);
}

static void asyscall_slot_release(AsyscallState *s, uint16_t slot)
{
    AsyscallRequest *waiter;

    s->slots[slot].used = false;
    s->free_slots[s->n_free_slots++] = slot;
    waiter = QTAILQ_FIRST(&s->slot_waiters);
    if (waiter) {
        asyscall_slot_wait_remove(waiter);
        asyscall_slot_take(waiter);
    }
}

/* The request ends, its slot stays the kernel's. */
void asyscall_slot_orphan(AsyscallRequest *req)
{
    AsyscallState *s = req->qp->device;

    g_hash_table_insert(s->orphans, g_memdup2(&req->token, sizeof(req->token)),
                        GUINT_TO_POINTER(req->slot));
    req->slot = -1;
}

/* An answer for a request that is gone: only its slot comes back. */
static int asyscall_answer_stale(AsyscallState *s, uint64_t token)
{
    gpointer slot;

    if (g_hash_table_lookup_extended(s->orphans, &token, NULL, &slot)) {
        g_hash_table_remove(s->orphans, &token);
        asyscall_slot_release(s, GPOINTER_TO_UINT(slot));
    }
    return -ENOENT;
}

void asyscall_forward(AsyscallRequest *req)
{
    req->needs_fault_slot = false;
    asyscall_slot_request(req);
}

void asyscall_fault(AsyscallRequest *req, const AsyscallMiss *miss)
{
    req->miss = *miss;
    req->needs_fault_slot = true;
    asyscall_slot_request(req);
}

/* Ask the kernel, once, to end what it serves; its COMPLETE is still owed. */
void asyscall_forward_cancel(AsyscallRequest *req)
{
    if (!req->cancel_sent) {
        req->cancel_sent = true;
        req->qp->statistics.cancelled++;
        asyscall_event(req->qp->device, req->qp, ASYSCALL_EVENT_CANCEL,
                       req->token, 0);
    }
}

void asyscall_ctl_complete(AsyscallRequest *req)
{
    AsyscallState *s = req->qp->device;
    AsyscallRequest *target = asyscall_request_find(s, req->sqe.off);
    int32_t result = req->sqe.len;
    uint32_t flags = req->sqe.rw_flags;

    if (!target || target->phase != ASYSCALL_PHASE_FORWARDED) {
        asyscall_request_finish(req, asyscall_answer_stale(s, req->sqe.off));
        return;
    }
    if (flags & IORING_CQE_F_MORE) {
        /*
         * One of several completions: the request and its slot stay with the
         * kernel.
         */
        if (target->qp->n_overflow >= s->max_entries) {
            asyscall_request_finish(req, -EBUSY);
            return;
        }
        asyscall_ring_post(target->qp, target->sqe.user_data, result, flags);
        asyscall_request_finish(req, 0);
        return;
    }
    asyscall_slot_release(s, target->slot);
    target->slot = -1;
    target->cqe_flags = flags;
    target->due = 0; /* the kernel's work has taken its own time */
    asyscall_request_finish(target, result);
    asyscall_request_finish(req, 0);
}

void asyscall_ctl_resume(AsyscallRequest *req)
{
    AsyscallState *s = req->qp->device;
    AsyscallRequest *target = asyscall_request_find(s, req->sqe.off);
    int32_t error = req->sqe.len;

    if (!target || target->phase != ASYSCALL_PHASE_FAULTED) {
        asyscall_request_finish(req, asyscall_answer_stale(s, req->sqe.off));
        return;
    }
    if (error > 0 || error < -4095) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    asyscall_slot_release(s, target->slot);
    target->slot = -1;
    if (!error) {
        asyscall_request_queue_start(target);
    } else {
        /* As Linux: what was transferred before the bad address counts. */
        target->failed = true;
        asyscall_request_finish(target, target->transfer.done
                                            ? (int64_t)target->transfer.done
                                            : error);
    }
    asyscall_request_finish(req, 0);
}

/*
 * A completion for something that did not come in as an entry: a call that the
 * kernel was asked for otherwise. Nothing of it is in flight here, so nothing
 * but the length of the overflow list bounds it; that leaves room for what is
 * in flight, and for as many posted ones.
 */
void asyscall_ctl_post(AsyscallRequest *req)
{
    AsyscallQueuePair *qp = asyscall_target(req, true);
    int32_t result = req->sqe.len;

    if (!qp) {
        return;
    }
    if (!(qp->device->driver_features & ASYSCALL_F_POST)) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    if (qp->n_overflow >= 2 * qp->device->max_entries) {
        asyscall_request_finish(req, -EBUSY);
        return;
    }
    trace_asyscall_post(qp->index, req->sqe.addr, result);
    asyscall_ring_post(qp, req->sqe.addr, result, req->sqe.rw_flags);
    asyscall_request_count(qp);
    asyscall_request_finish(req, 0);
}
