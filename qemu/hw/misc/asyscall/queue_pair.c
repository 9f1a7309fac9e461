/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: queue pairs and the control commands about them.
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "internal.h"
#include "trace.h"

void asyscall_qp_init(AsyscallState *s, AsyscallQueuePair *qp, unsigned index)
{
    memset(qp, 0, sizeof(*qp));
    qp->device = s;
    qp->index = index;
    QTAILQ_INIT(&qp->requests);
    QTAILQ_INIT(&qp->unused);
    QTAILQ_INIT(&qp->works);
    QSIMPLEQ_INIT(&qp->overflow);
    timer_init_ns(&qp->notify_timer, QEMU_CLOCK_VIRTUAL, asyscall_notify_timer,
                  qp);
}

/* The ring is mapped and the description filled in. */
void asyscall_qp_activate(AsyscallQueuePair *qp)
{
    qp->table = g_new0(AsyscallRequest *, qp->device->max_entries);
    if (!asyscall_is_control(qp)) {
        qp->fds = g_new0(AsyscallFdEntry, ASYSCALL_MAX_FDS_PER_QUEUE_PAIR);
    }
    qp->exists = true;
}

/* Nothing is in flight: give everything back. */
void asyscall_qp_release(AsyscallQueuePair *qp)
{
    AsyscallState *s = qp->device;

    if (!qp->exists) {
        return;
    }
    if (qp->runnable) {
        QTAILQ_REMOVE(&s->runnable, qp, runnable_entry);
    }
    if (qp->dirty) {
        QTAILQ_REMOVE(&s->dirty, qp, dirty_entry);
    }
    timer_del(&qp->notify_timer);
    asyscall_ring_unmap(qp);
    for (uint32_t i = 0; i < qp->table_used; i++) {
        g_free(qp->table[i]);
    }
    g_free(qp->table);
    for (uint32_t i = 0; qp->fds && i < ASYSCALL_MAX_FDS_PER_QUEUE_PAIR; i++) {
        if (qp->fds[i].file) {
            asyscall_file_unref(qp->fds[i].file);
        }
    }
    g_free(qp->fds);
    if (qp->groups) {
        g_hash_table_destroy(qp->groups);
    }
    asyscall_qp_init(s, qp, qp->index);
}

bool asyscall_qp_can_accept(AsyscallQueuePair *qp)
{
    AsyscallState *s = qp->device;

    return qp->exists && !qp->broken && !qp->quiesced && !qp->destroying &&
           !qp->draining && !qp->need_slot &&
           !(s->status & ASYSCALL_STATUS_NEEDS_RESET) &&
           qp->inflight + qp->n_overflow < s->max_entries;
}

/* ---- commands that wait -------------------------------------------------- */

static bool asyscall_command_ready(AsyscallRequest *req)
{
    AsyscallQueuePair *qp = &req->qp->device->queue_pairs[req->wait_queue_pair];
    AsyscallRequest *other;

    if (req->sqe.opcode != ASYSCALL_CTL_INVALIDATE) {
        return !qp->inflight;
    }
    QTAILQ_FOREACH(other, &qp->requests, entry) {
        if (asyscall_transfer_overlaps(other, req->sqe.addr, req->sqe.off)) {
            return false;
        }
    }
    return true;
}

static void asyscall_command_done(AsyscallRequest *req)
{
    if (req->sqe.opcode == ASYSCALL_CTL_DESTROY) {
        trace_asyscall_destroyed(req->wait_queue_pair);
        asyscall_qp_release(
            &req->qp->device->queue_pairs[req->wait_queue_pair]);
    }
    asyscall_request_finish(req, 0);
}

static void asyscall_command_wait(AsyscallRequest *req, AsyscallQueuePair *qp)
{
    AsyscallState *s = qp->device;

    req->wait_queue_pair = qp->index;
    if (asyscall_command_ready(req)) {
        asyscall_command_done(req);
        return;
    }
    req->phase = ASYSCALL_PHASE_COMMAND;
    QTAILQ_INSERT_TAIL(&s->commands, req, queue);
}

void asyscall_commands_recheck(AsyscallState *s)
{
    AsyscallRequest *req, *next;

    QTAILQ_FOREACH_SAFE(req, &s->commands, queue, next) {
        if (asyscall_command_ready(req)) {
            QTAILQ_REMOVE(&s->commands, req, queue);
            asyscall_command_done(req);
        }
    }
}

/* ---- commands ------------------------------------------------------------ */

/*
 * The user queue pair that the command is about; NULL: the command has been
 * answered.
 */
AsyscallQueuePair *asyscall_target(AsyscallRequest *req, bool must_exist)
{
    AsyscallState *s = req->qp->device;
    AsyscallQueuePair *qp;

    if (req->sqe.fd < 1 || req->sqe.fd >= (int64_t)s->n_queue_pairs) {
        asyscall_request_finish(req, -EINVAL);
        return NULL;
    }
    qp = &s->queue_pairs[req->sqe.fd];
    if (must_exist && (!qp->exists || qp->destroying)) {
        asyscall_request_finish(req, -ENOENT);
        return NULL;
    }
    if (!must_exist && qp->exists) {
        asyscall_request_finish(req, -EBUSY);
        return NULL;
    }
    return qp;
}

/* Read and check the description; false: the command has been answered. */
static bool asyscall_read_description(AsyscallRequest *req,
                                      struct asyscall_queue_pair *d)
{
    AsyscallState *s = req->qp->device;
    uint32_t flags =
        s->driver_features & ASYSCALL_F_POST ? ASYSCALL_PAIR_KERNEL_CALLS : 0;
    AsyscallMiss miss;
    int error =
        asyscall_guest_read(req->qp, req->sqe.addr, d, sizeof(*d), &miss);

    if (!error &&
        ((d->flags & ~flags) || !buffer_is_zero(d->reserved, sizeof(d->reserved)) ||
         d->notify_address % 4 || !asyscall_satp_valid(d->satp) ||
         (d->satp && !(s->driver_features & ASYSCALL_F_SV39)))) {
        error = -EINVAL;
    }
    if (error) {
        asyscall_request_finish(req, error);
        return false;
    }
    return true;
}

static void asyscall_apply_description(AsyscallQueuePair *qp,
                                       const struct asyscall_queue_pair *d)
{
    qp->satp = d->satp;
    qp->notify_address = d->notify_address;
    qp->notify_data = d->notify_data;
    qp->flags = d->flags;
    memcpy(qp->opcodes, d->opcodes, sizeof(qp->opcodes));
}

void asyscall_ctl_create(AsyscallRequest *req)
{
    AsyscallQueuePair *qp = asyscall_target(req, false);
    struct asyscall_queue_pair d;
    int error;

    if (!qp || !asyscall_read_description(req, &d)) {
        return;
    }
    qp->ring = d.ring;
    qp->sq_entries = d.sq_entries;
    qp->cq_entries = d.cq_entries;
    error = asyscall_ring_map(qp);
    if (!error) {
        asyscall_apply_description(qp, &d);
        asyscall_qp_activate(qp);
        trace_asyscall_create(qp->index, d.ring, d.sq_entries, d.cq_entries,
                              d.satp);
    }
    asyscall_request_finish(req, error);
}

void asyscall_ctl_modify(AsyscallRequest *req)
{
    AsyscallQueuePair *qp = asyscall_target(req, true);
    struct asyscall_queue_pair d;

    if (qp && asyscall_read_description(req, &d)) {
        asyscall_apply_description(qp, &d);
        asyscall_request_finish(req, 0);
    }
}

void asyscall_ctl_destroy(AsyscallRequest *req)
{
    AsyscallQueuePair *qp = asyscall_target(req, true);
    AsyscallRequest *other, *next;

    if (!qp) {
        return;
    }
    trace_asyscall_destroy(qp->index, qp->inflight);
    qp->destroying = true;
    qp->chain_head = NULL;
    qp->drain = NULL;
    QTAILQ_FOREACH_SAFE(other, &qp->requests, entry, next) {
        asyscall_request_orphan(other);
    }
    asyscall_command_wait(req, qp);
}

void asyscall_ctl_set_fd(AsyscallRequest *req)
{
    AsyscallQueuePair *qp = asyscall_target(req, true);
    AsyscallFile *file = NULL;
    AsyscallFdEntry *entry;

    if (!qp) {
        return;
    }
    if (req->sqe.off >= ASYSCALL_MAX_FDS_PER_QUEUE_PAIR ||
        (req->sqe.len & ~(ASYSCALL_RIGHT_READ | ASYSCALL_RIGHT_WRITE))) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    if (req->sqe.addr != ASYSCALL_NO_HANDLE) {
        file = asyscall_handle_file(qp->device, req->sqe.addr);
        if (!file) {
            asyscall_request_finish(req, -EBADF);
            return;
        }
        asyscall_file_ref(file);
    }
    entry = &qp->fds[req->sqe.off];
    if (entry->file) {
        asyscall_file_unref(entry->file);
    }
    entry->file = file;
    entry->rights = req->sqe.len;
    asyscall_request_finish(req, 0);
}

void asyscall_ctl_invalidate(AsyscallRequest *req)
{
    AsyscallQueuePair *qp = asyscall_target(req, true);
    AsyscallRequest *other, *next;

    if (!qp) {
        return;
    }
    if (req->sqe.len == 1) {
        QTAILQ_FOREACH_SAFE(other, &qp->requests, entry, next) {
            if (other->phase == ASYSCALL_PHASE_WORK &&
                asyscall_transfer_overlaps(other, req->sqe.addr,
                                           req->sqe.off)) {
                asyscall_request_cancel(other);
            }
        }
    }
    asyscall_command_wait(req, qp);
}

void asyscall_ctl_quiesce(AsyscallRequest *req)
{
    AsyscallQueuePair *qp = asyscall_target(req, true);

    if (!qp) {
        return;
    }
    trace_asyscall_quiesce(qp->index, qp->inflight, req->sqe.len);
    qp->quiesced = true;
    asyscall_request_close_chain(qp);
    if (req->sqe.len == 1) {
        asyscall_qp_cancel_all(qp);
    }
    asyscall_command_wait(req, qp);
}

void asyscall_ctl_continue(AsyscallRequest *req)
{
    AsyscallQueuePair *qp = asyscall_target(req, true);
    int error = 0;

    if (!qp) {
        return;
    }
    if (qp->broken) {
        error = asyscall_ring_revive(qp);
    }
    if (!error) {
        qp->quiesced = false;
        qp->cancelling = false;
        /*
         * What was submitted meanwhile had its doorbell; look once on its
         * behalf.
         */
        if (asyscall_ring_read_tail(qp)) {
            asyscall_qp_wake(qp);
        }
    }
    asyscall_request_finish(req, error);
}
