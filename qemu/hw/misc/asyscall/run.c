/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: the loop that takes entries in and publishes completions.
 *
 * Every entry point (doorbell, finished host work, timer, console) changes
 * state and then calls asyscall_run(), which is not re-entered: what a step
 * causes is queued and done by the loop, so that no chain of completions,
 * however long, nests.
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "hw/qdev-core.h"
#include "internal.h"
#include "trace.h"

/* Entries of one queue pair before the next one has its turn. */
#define ASYSCALL_QUANTUM 64
/* Entries before the vCPU goes on and the rest is left to the main loop. */
#define ASYSCALL_BUDGET  1024

void asyscall_qp_wake(AsyscallQueuePair *qp)
{
    AsyscallState *s = qp->device;

    if (!qp->runnable && qp->sq_head != qp->sq_tail &&
        asyscall_qp_can_accept(qp)) {
        qp->runnable = true;
        QTAILQ_INSERT_TAIL(&s->runnable, qp, runnable_entry);
    }
}

void asyscall_qp_dirty(AsyscallQueuePair *qp)
{
    if (!qp->dirty) {
        qp->dirty = true;
        QTAILQ_INSERT_TAIL(&qp->device->dirty, qp, dirty_entry);
    }
}

static uint32_t asyscall_consume(AsyscallQueuePair *qp, uint32_t limit)
{
    uint32_t n = 0;

    while (n < limit && qp->sq_head != qp->sq_tail) {
        AsyscallRequest *req;

        if (!asyscall_qp_can_accept(qp)) {
            /*
             * A chain longer than what may be in flight would wait for itself.
             */
            if (qp->chain_head && qp->inflight == qp->chain_length) {
                asyscall_request_close_chain(qp);
            }
            break;
        }
        req = asyscall_request_new(qp);
        asyscall_ring_take(qp, &req->sqe);
        asyscall_request_accept(req);
        n++;
    }
    if (qp->sq_head == qp->sq_tail) {
        /* As in io_uring, a chain ends with the batch it was submitted in. */
        asyscall_request_close_chain(qp);
    }
    if (n) {
        qp->statistics.taken += n;
        asyscall_ring_store_head(qp);
    }
    return n;
}

static void asyscall_publish_all(AsyscallState *s)
{
    AsyscallQueuePair *qp;

    while ((qp = QTAILQ_FIRST(&s->dirty))) {
        QTAILQ_REMOVE(&s->dirty, qp, dirty_entry);
        qp->dirty = false;
        asyscall_publish(qp);
    }
}

void asyscall_run(AsyscallState *s)
{
    MemReentrancyGuard *guard = &DEVICE(s)->mem_reentrancy_guard;
    bool engaged = guard->engaged_in_io;
    /*
     * Modelled time has no main loop in it: all is done where the guest can
     * count it.
     */
    uint32_t budget = asyscall_modelled(s) ? UINT32_MAX : ASYSCALL_BUDGET;

    if (s->running) {
        return;
    }
    s->running = true;
    /* A notification that points at our own registers must not come back in. */
    guard->engaged_in_io = true;
    for (;;) {
        AsyscallRequest *req = QTAILQ_FIRST(&s->starting);
        AsyscallQueuePair *qp;

        if (req) {
            QTAILQ_REMOVE(&s->starting, req, queue);
            asyscall_request_start(req);
            continue;
        }
        if (s->recheck_commands) {
            s->recheck_commands = false;
            asyscall_commands_recheck(s);
            continue;
        }
        qp = QTAILQ_FIRST(&s->runnable);
        if (!qp || !budget) {
            break;
        }
        QTAILQ_REMOVE(&s->runnable, qp, runnable_entry);
        qp->runnable = false;
        budget -= asyscall_consume(qp, MIN(budget, ASYSCALL_QUANTUM));
        asyscall_qp_wake(qp);
    }
    asyscall_publish_all(s);
    guard->engaged_in_io = engaged;
    s->running = false;
    if (!QTAILQ_EMPTY(&s->runnable)) {
        qemu_bh_schedule(s->bh);
    }
}

void asyscall_run_bh(void *opaque)
{
    AsyscallState *s = opaque;

    asyscall_work_reap(s);
    asyscall_run(s);
}

void asyscall_qp_doorbell(AsyscallQueuePair *qp)
{
    AsyscallState *s = qp->device;

    qp->statistics.doorbells++;
    trace_asyscall_doorbell(qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL), qp->index);
    if (!qp->exists || qp->broken || qp->destroying) {
        return;
    }
    asyscall_line_expire(s);
    if (asyscall_ring_read_tail(qp)) {
        asyscall_qp_wake(qp);
    }
    asyscall_run(s);
}

void asyscall_qp_flush(AsyscallQueuePair *qp)
{
    AsyscallState *s = qp->device;

    trace_asyscall_flush(qp->index, qp->n_overflow);
    if (!qp->exists || qp->destroying) {
        return;
    }
    asyscall_line_expire(s);
    asyscall_ring_drain_overflow(qp);
    asyscall_qp_wake(qp);
    asyscall_run(s);
}
