/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: host work off the vCPU thread.
 *
 * A request in PHASE_WORK lives until its work has been seen finished, so a
 * worker never touches freed memory, and nothing is written to the guest after
 * a reset or DESTROY was acknowledged: both wait for what runs and take back
 * what has not begun.
 *
 *   as the host goes   any of the pool's threads; a bottom half brings the
 * results in latency=NS         one thread, first in first out: the order of
 * effects on files is that of submission; results are brought in when they are
 * due latency=0          at once, in the doorbell's store
 */
#include "qemu/osdep.h"
#include "qemu/lockable.h"
#include "qemu/main-loop.h"
#include "internal.h"
#include "trace.h"

#define ASYSCALL_WORKERS 16

void asyscall_work_init(AsyscallState *s)
{
    qemu_mutex_init(&s->work_lock);
    qemu_cond_init(&s->work_cond);
    QSIMPLEQ_INIT(&s->finished);
    s->pool = thread_pool_new();
    thread_pool_set_max_threads(s->pool,
                                asyscall_modelled(s) ? 1 : ASYSCALL_WORKERS);
}

void asyscall_work_exit(AsyscallState *s)
{
    g_clear_pointer(&s->pool, thread_pool_free);
    qemu_cond_destroy(&s->work_cond);
    qemu_mutex_destroy(&s->work_lock);
}

static int asyscall_worker(void *opaque)
{
    AsyscallWork *work = opaque;
    AsyscallState *s = work->device;

    if (qatomic_cmpxchg(&work->state, ASYSCALL_WORK_QUEUED,
                        ASYSCALL_WORK_RUNNING) == ASYSCALL_WORK_QUEUED) {
        work->result = work->func(work);
    }
    WITH_QEMU_LOCK_GUARD(&s->work_lock) {
        /*
         * A cancelled one is reported too: only now is the request free to end.
         * /
         */
        if (work->state == ASYSCALL_WORK_RUNNING) {
            qatomic_set(&work->state, ASYSCALL_WORK_FINISHED);
        }
        work->reported = true;
        QSIMPLEQ_INSERT_TAIL(&s->finished, work, entry);
        qemu_cond_broadcast(&s->work_cond);
        if (!asyscall_modelled(s)) {
            qemu_bh_schedule(s->bh);
        }
    }
    return 0;
}

void asyscall_work_submit(AsyscallRequest *req, AsyscallWorkFunc *func,
                          AsyscallWorkDone *done)
{
    AsyscallState *s = req->qp->device;
    AsyscallWork *work = &req->work;

    work->func = func;
    work->done = done;
    work->device = s;
    work->reported = false;
    req->phase = ASYSCALL_PHASE_WORK;
    trace_asyscall_work(req->qp->index, req->sqe.user_data, req->token);
    if (asyscall_modelled(s) && !s->latency) {
        work->state = ASYSCALL_WORK_FINISHED;
        work->result = func(work);
        done(req, work->result);
        return;
    }
    work->state = ASYSCALL_WORK_QUEUED;
    s->n_outstanding++;
    if (asyscall_modelled(s)) {
        asyscall_line_insert(req);
    }
    thread_pool_submit(s->pool, asyscall_worker, work, NULL);
}

/*
 * Keep work that no worker has begun from being begun. The request still waits
 * until the worker has passed over it; false if it runs, or (modelled) may run
 * by now.
 */
bool asyscall_work_claim(AsyscallRequest *req)
{
    if (asyscall_modelled(req->qp->device)) {
        return false;
    }
    return qatomic_cmpxchg(&req->work.state, ASYSCALL_WORK_QUEUED,
                           ASYSCALL_WORK_CANCELLED) == ASYSCALL_WORK_QUEUED;
}

static void asyscall_work_finished(AsyscallWork *work)
{
    AsyscallRequest *req = container_of(work, AsyscallRequest, work);

    work->device->n_outstanding--;
    if (work->state == ASYSCALL_WORK_CANCELLED) {
        work->done(req, -ECANCELED);
    } else {
        work->done(req, work->result);
    }
}

/* Bring in all results that are there. */
void asyscall_work_reap(AsyscallState *s)
{
    AsyscallWork *work;

    for (;;) {
        WITH_QEMU_LOCK_GUARD(&s->work_lock) {
            work = QSIMPLEQ_FIRST(&s->finished);
            if (work) {
                QSIMPLEQ_REMOVE_HEAD(&s->finished, entry);
            }
        }
        if (!work) {
            break;
        }
        asyscall_work_finished(work);
    }
}

/* Modelled: this request's time has come. */
void asyscall_work_wait(AsyscallRequest *req)
{
    AsyscallState *s = req->qp->device;
    AsyscallWork *work = &req->work;

    WITH_QEMU_LOCK_GUARD(&s->work_lock) {
        while (!work->reported) {
            qemu_cond_wait(&s->work_cond, &s->work_lock);
        }
        QSIMPLEQ_REMOVE(&s->finished, work, AsyscallWork, entry);
    }
    asyscall_work_finished(work);
}

/*
 * Reset: take back what has not begun, wait for the rest; no results are
 * brought in.
 */
void asyscall_work_drain(AsyscallState *s)
{
    for (uint32_t i = 0; i < s->n_queue_pairs; i++) {
        AsyscallQueuePair *qp = &s->queue_pairs[i];
        AsyscallRequest *req;

        QTAILQ_FOREACH(req, &qp->requests, entry) {
            if (req->phase == ASYSCALL_PHASE_WORK) {
                qatomic_cmpxchg(&req->work.state, ASYSCALL_WORK_QUEUED,
                                ASYSCALL_WORK_CANCELLED);
            }
        }
    }
    WITH_QEMU_LOCK_GUARD(&s->work_lock) {
        while (s->n_outstanding) {
            while (!QSIMPLEQ_EMPTY(&s->finished)) {
                QSIMPLEQ_REMOVE_HEAD(&s->finished, entry);
                s->n_outstanding--;
            }
            if (s->n_outstanding) {
                qemu_cond_wait(&s->work_cond, &s->work_lock);
            }
        }
    }
}

/* What a work owns besides memory of its request. */
void asyscall_work_clear(AsyscallWork *work)
{
    g_clear_pointer(&work->path, g_free);
    g_clear_pointer(&work->path2, g_free);
    g_clear_pointer(&work->buffer, g_free);
    if (work->opened) {
        asyscall_file_unref(work->opened);
        work->opened = NULL;
    }
    if (work->directory2) {
        asyscall_file_unref(work->directory2);
        work->directory2 = NULL;
    }
}
