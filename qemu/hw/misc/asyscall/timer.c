/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: TIMEOUT and TIMEOUT_REMOVE.
 *
 * Time is the machine's virtual clock, the one that mtime counts: an absolute
 * time is in nanoseconds since it was 0. All deadlines are in one sorted
 * sequence with one timer.
 */
#include "qemu/osdep.h"
#include "internal.h"
#include "trace.h"

static gint asyscall_deadline_compare(gconstpointer a, gconstpointer b,
                                      gpointer unused)
{
    const AsyscallRequest *x = a, *y = b;

    if (x->deadline != y->deadline) {
        return x->deadline < y->deadline ? -1 : 1;
    }
    return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

static AsyscallRequest *asyscall_deadline_first(AsyscallState *s)
{
    GSequenceIter *first = g_sequence_get_begin_iter(s->deadlines);

    return g_sequence_iter_is_end(first) ? NULL : g_sequence_get(first);
}

static void asyscall_deadline_arm(AsyscallState *s)
{
    AsyscallRequest *first = asyscall_deadline_first(s);

    if (first) {
        timer_mod(s->deadline_timer, first->deadline);
    } else {
        timer_del(s->deadline_timer);
    }
}

static void asyscall_timer_add(AsyscallRequest *req, int64_t deadline)
{
    AsyscallState *s = req->qp->device;

    req->phase = ASYSCALL_PHASE_TIMER;
    req->deadline = deadline;
    req->timer = g_sequence_insert_sorted(s->deadlines, req,
                                          asyscall_deadline_compare, NULL);
    if (req->count_target) {
        req->qp->counted_timeouts++;
    }
    asyscall_deadline_arm(s);
}

void asyscall_timer_remove(AsyscallRequest *req)
{
    g_sequence_remove(req->timer);
    req->timer = NULL;
    if (req->count_target) {
        req->qp->counted_timeouts--;
    }
    asyscall_deadline_arm(req->qp->device);
}

void asyscall_deadline_timer(void *opaque)
{
    AsyscallState *s = opaque;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    AsyscallRequest *req;

    asyscall_line_expire(s);
    while ((req = asyscall_deadline_first(s)) && req->deadline <= now) {
        asyscall_timer_remove(req);
        req->due = 0; /* the deadline is the modelled time */
        req->keeps_chain =
            req->sqe.timeout_flags & IORING_TIMEOUT_ETIME_SUCCESS;
        asyscall_request_finish(req, -ETIME);
    }
    asyscall_deadline_arm(s);
    asyscall_run(s);
}

/*
 * Other requests have completed: timeouts that were to count them may be
 * through.
 */
void asyscall_timer_count(AsyscallQueuePair *qp)
{
    AsyscallRequest *req;

    QTAILQ_FOREACH(req, &qp->requests, entry) {
        if (req->phase == ASYSCALL_PHASE_TIMER && req->count_target &&
            req->count_target <= qp->completions) {
            asyscall_timer_remove(req);
            req->count_reached = true;
            asyscall_request_queue_start(req);
        }
    }
}

/* Nanoseconds of a guest timespec; saturates, as Linux's ktime does. */
static int asyscall_read_timespec(AsyscallRequest *req, uint64_t address,
                                  int64_t *ns)
{
    struct __kernel_timespec ts;
    AsyscallMiss miss;
    int error = asyscall_guest_read(req->qp, address, &ts, sizeof(ts), &miss);

    if (!asyscall_access_ok(req, error, &miss)) {
        return -1;
    }
    if (ts.tv_sec < 0 || ts.tv_nsec < 0) {
        asyscall_request_finish(req, -EINVAL);
        return -1;
    }
    if (ts.tv_sec >= INT64_MAX / NANOSECONDS_PER_SECOND - 1 ||
        ts.tv_nsec >= INT64_MAX / 2) {
        *ns = INT64_MAX;
    } else {
        *ns = ts.tv_sec * NANOSECONDS_PER_SECOND;
        *ns = ts.tv_nsec > INT64_MAX - *ns ? INT64_MAX : *ns + ts.tv_nsec;
    }
    return 0;
}

void asyscall_op_timeout(AsyscallRequest *req)
{
    const uint32_t known = IORING_TIMEOUT_ABS | IORING_TIMEOUT_CLOCK_MASK |
                           IORING_TIMEOUT_ETIME_SUCCESS;
    const struct io_uring_sqe *sqe = &req->sqe;
    uint32_t flags = sqe->timeout_flags;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    int64_t deadline;

    if (req->count_reached) {
        req->due = 0;
        asyscall_request_finish(req, 0);
        return;
    }
    if (sqe->buf_index || sqe->len != 1 || sqe->splice_fd_in ||
        (flags & ~known) || ctpop32(flags & IORING_TIMEOUT_CLOCK_MASK) > 1) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    if ((flags & IORING_TIMEOUT_ABS) && (flags & IORING_TIMEOUT_REALTIME)) {
        /* Only the kernel knows how the guest sets its wall clock. */
        if (asyscall_is_control(req->qp)) {
            asyscall_request_finish(req, -EINVAL);
        } else {
            asyscall_forward(req);
        }
        return;
    }
    if (!req->accepted) {
        req->accepted = now;
    }
    if (asyscall_read_timespec(req, sqe->addr, &deadline)) {
        return;
    }
    if (!(flags & IORING_TIMEOUT_ABS)) {
        deadline = deadline > INT64_MAX - req->accepted
                       ? INT64_MAX
                       : deadline + req->accepted;
    }
    if (sqe->off) {
        req->count_target = req->qp->completions + (uint32_t)sqe->off;
    }
    trace_asyscall_timeout(req->qp->index, sqe->user_data, deadline, sqe->off);
    asyscall_timer_add(req, MAX(deadline, MAX(now, req->due)));
}

void asyscall_op_timeout_remove(AsyscallRequest *req)
{
    const uint32_t known =
        IORING_TIMEOUT_UPDATE | IORING_TIMEOUT_ABS | IORING_TIMEOUT_CLOCK_MASK;
    const struct io_uring_sqe *sqe = &req->sqe;
    uint32_t flags = sqe->timeout_flags;
    AsyscallRequest *target;
    int64_t deadline = 0;

    if (sqe->buf_index || sqe->len || sqe->splice_fd_in || (flags & ~known) ||
        (!(flags & IORING_TIMEOUT_UPDATE) && flags) ||
        ctpop32(flags & IORING_TIMEOUT_CLOCK_MASK) > 1 ||
        ((flags & IORING_TIMEOUT_ABS) && (flags & IORING_TIMEOUT_REALTIME))) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    if ((flags & IORING_TIMEOUT_UPDATE) &&
        asyscall_read_timespec(req, sqe->off, &deadline)) {
        return;
    }
    QTAILQ_FOREACH(target, &req->qp->requests, entry) {
        if (target->phase == ASYSCALL_PHASE_TIMER &&
            target->sqe.user_data == sqe->addr) {
            break;
        }
    }
    if (!target) {
        asyscall_request_finish(req, -ENOENT);
        return;
    }
    asyscall_timer_remove(target);
    if (flags & IORING_TIMEOUT_UPDATE) {
        int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

        if (!(flags & IORING_TIMEOUT_ABS)) {
            deadline = deadline > INT64_MAX - now ? INT64_MAX : deadline + now;
        }
        asyscall_timer_add(target, MAX(deadline, now));
    } else {
        asyscall_request_finish(target, -ECANCELED);
    }
    asyscall_request_finish(req, 0);
}
