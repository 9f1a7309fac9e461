/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: host work off the vCPU thread.
 *
 *   as the host goes: a few threads. Each queue pair has a queue of its own and
 *       they take turns, so that one with a thousand requests does not keep
 *       the others, or the kernel, waiting. A bottom half brings results in.
 *   latency=NS: one thread, first in first out, so that files change in the
 *       order of submission. Results are brought in when they are due.
 *   latency=0: at once, in the doorbell's store.
 *
 * A request in PHASE_WORK that has been handed to a thread lives until that is
 * seen finished. So no thread touches freed memory, and nothing is written to
 * the guest after a reset or DESTROY was acknowledged: they take back what has
 * not begun, and wait for the rest.
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

    work->result = qatomic_read(&s->discard_work) ? -ECANCELED
                                                  : work->func(work);
    WITH_QEMU_LOCK_GUARD(&s->work_lock) {
        work->reported = true;
        QSIMPLEQ_INSERT_TAIL(&s->finished, work, entry);
        qemu_cond_broadcast(&s->work_cond);
        if (!asyscall_modelled(s)) {
            qemu_bh_schedule(s->bh);
        }
    }
    return 0;
}

static void asyscall_work_hand_over(AsyscallState *s, AsyscallWork *work)
{
    s->n_outstanding++;
    thread_pool_submit(s->pool, asyscall_worker, work, NULL);
}

/* Keep the threads busy, one request of each queue pair in turn. */
static void asyscall_work_dispatch(AsyscallState *s)
{
    AsyscallQueuePair *qp;

    while (s->n_outstanding < ASYSCALL_WORKERS &&
           (qp = QTAILQ_FIRST(&s->working))) {
        AsyscallRequest *req = QTAILQ_FIRST(&qp->works);

        asyscall_work_unqueue(req);
        if (!QTAILQ_EMPTY(&qp->works)) {
            QTAILQ_REMOVE(&s->working, qp, working_entry);
            QTAILQ_INSERT_TAIL(&s->working, qp, working_entry);
        }
        asyscall_work_hand_over(s, &req->work);
    }
}

void asyscall_work_submit(AsyscallRequest *req, AsyscallWorkFunc *func,
                          AsyscallWorkDone *done)
{
    AsyscallQueuePair *qp = req->qp;
    AsyscallState *s = qp->device;
    AsyscallWork *work = &req->work;

    work->func = func;
    work->done = done;
    work->device = s;
    work->reported = false;
    req->phase = ASYSCALL_PHASE_WORK;
    trace_asyscall_work(qp->index, req->sqe.user_data, req->token);
    if (!asyscall_modelled(s)) {
        if (QTAILQ_EMPTY(&qp->works)) {
            QTAILQ_INSERT_TAIL(&s->working, qp, working_entry);
        }
        QTAILQ_INSERT_TAIL(&qp->works, req, queue);
        work->queued = true;
        asyscall_work_dispatch(s);
    } else if (s->latency) {
        asyscall_line_insert(req);
        asyscall_work_hand_over(s, work);
    } else {
        done(req, func(work));
    }
}

/*
 * Take a request back that no thread has; false if one does. With a modelled
 * latency that is always so, and does not depend on how fast the host is.
 */
bool asyscall_work_unqueue(AsyscallRequest *req)
{
    AsyscallQueuePair *qp = req->qp;

    if (!req->work.queued) {
        return false;
    }
    req->work.queued = false;
    QTAILQ_REMOVE(&qp->works, req, queue);
    if (QTAILQ_EMPTY(&qp->works)) {
        QTAILQ_REMOVE(&qp->device->working, qp, working_entry);
    }
    return true;
}

static void asyscall_work_finished(AsyscallWork *work)
{
    AsyscallRequest *req = container_of(work, AsyscallRequest, work);

    work->device->n_outstanding--;
    work->done(req, work->result);
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
    asyscall_work_dispatch(s);
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

/* Reset: wait for what has begun; no results are brought in. */
void asyscall_work_drain(AsyscallState *s)
{
    qatomic_set(&s->discard_work, true);
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
    qatomic_set(&s->discard_work, false);
}

/*
 * The machine has stopped: bring in what has been begun and what waits for a
 * thread. Modelled, the results are in, and show when they are due.
 */
void asyscall_work_settle(AsyscallState *s)
{
    AsyscallRequest *req;

    if (asyscall_modelled(s)) {
        QTAILQ_FOREACH(req, &s->line, line) {
            if (req->phase == ASYSCALL_PHASE_WORK) {
                asyscall_work_wait(req);
                return;
            }
        }
        return;
    }
    WITH_QEMU_LOCK_GUARD(&s->work_lock) {
        while (s->n_outstanding && QSIMPLEQ_EMPTY(&s->finished)) {
            qemu_cond_wait(&s->work_cond, &s->work_lock);
        }
    }
    asyscall_work_reap(s);
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
