/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: TIMEOUT, LINK_TIMEOUT and TIMEOUT_REMOVE.
 *
 * Time is the machine's virtual clock, the one that mtime counts: an absolute
 * time is in nanoseconds since it was 0. All deadlines are in one sorted
 * sequence with one timer.
 *
 * A LINK_TIMEOUT limits the request before it in its chain, its head. The head
 * is not started before the timeout is armed; when it completes, the timeout
 * leaves the chain and completes, too:
 *
 *   asyscall_link_timeout_prepare()  the head is to start: arm first
 *   asyscall_link_timeout_end()      the head has completed
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

void asyscall_timer_add(AsyscallRequest *req, int64_t deadline)
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

static bool asyscall_is_link_timeout(const AsyscallRequest *req)
{
    return req && req->sqe.opcode == IORING_OP_LINK_TIMEOUT;
}

/* The head is cancelled; the timeout's result is whether that stops it. */
static void asyscall_link_timeout_expire(AsyscallRequest *timeout)
{
    AsyscallRequest *head = timeout->head;

    if (head->phase == ASYSCALL_PHASE_FORWARDED) {
        /* The kernel's answer will tell. */
        timeout->phase = ASYSCALL_PHASE_LINKED;
        timeout->expired = true;
        asyscall_request_cancel(head);
        return;
    }
    head->link = timeout->link;
    timeout->link = NULL;
    timeout->head = NULL;
    timeout->due = 0;
    asyscall_request_finish(timeout,
                            asyscall_request_cancel(head) ?: -ETIME);
}

/*
 * The next time is so many nanoseconds away at least, whatever the entry says:
 * an interval of 0 must not keep the machine busy.
 */
#define ASYSCALL_SHORTEST_INTERVAL 1000

/* A multishot timeout expires. False: that was the last time. */
static bool asyscall_timeout_repeats(AsyscallRequest *req, int64_t now)
{
    AsyscallQueuePair *qp = req->qp;
    int64_t interval = MIN(MAX(req->interval, ASYSCALL_SHORTEST_INTERVAL),
                           INT64_MAX / 4);
    int64_t next = req->deadline + interval;

    if (!req->multishot || (req->repeats && !--req->repeats) ||
        !asyscall_ring_has_room(qp)) {
        return false;
    }
    trace_asyscall_complete(qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL), qp->index,
                            req->sqe.user_data, req->token, -ETIME);
    asyscall_ring_post(qp, req->sqe.user_data, -ETIME, IORING_CQE_F_MORE);
    /* Those that a late host has missed are left out. */
    asyscall_timer_add(req, next > now ? next : now + interval);
    return true;
}

void asyscall_deadline_timer(void *opaque)
{
    AsyscallState *s = opaque;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    AsyscallRequest *req;

    asyscall_line_expire(s);
    while ((req = asyscall_deadline_first(s)) && req->deadline <= now) {
        asyscall_timer_remove(req);
        if (req->head) {
            asyscall_link_timeout_expire(req);
            continue;
        }
        if (asyscall_timeout_repeats(req, now)) {
            continue;
        }
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

/* What is wrong with the entry, as io_uring sees it, or 0. */
static int asyscall_timeout_check(const struct io_uring_sqe *sqe)
{
    const uint32_t known = IORING_TIMEOUT_ABS | IORING_TIMEOUT_CLOCK_MASK |
                           IORING_TIMEOUT_ETIME_SUCCESS |
                           IORING_TIMEOUT_MULTISHOT;
    uint32_t flags = sqe->timeout_flags;
    bool link = sqe->opcode == IORING_OP_LINK_TIMEOUT;

    if (sqe->buf_index || sqe->len != 1 || sqe->splice_fd_in ||
        (flags & ~known) || ctpop32(flags & IORING_TIMEOUT_CLOCK_MASK) > 1 ||
        ((flags & IORING_TIMEOUT_MULTISHOT) &&
         (link || (flags & IORING_TIMEOUT_ABS))) ||
        (link && sqe->off)) {
        return -EINVAL;
    }
    return 0;
}

/* Only the kernel knows how the guest sets its wall clock. */
static bool asyscall_timeout_on_wall_clock(const struct io_uring_sqe *sqe)
{
    return (sqe->timeout_flags & IORING_TIMEOUT_ABS) &&
           (sqe->timeout_flags & IORING_TIMEOUT_REALTIME);
}

/* False: the request has ended or waits for the kernel. */
static bool asyscall_timeout_deadline(AsyscallRequest *req, int64_t *deadline)
{
    int64_t ns;

    if (!req->accepted) {
        req->accepted = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    }
    if (asyscall_read_timespec(req, req->sqe.addr, &ns)) {
        return false;
    }
    if (!(req->sqe.timeout_flags & IORING_TIMEOUT_ABS)) {
        req->interval = ns;
        ns = ns > INT64_MAX - req->accepted ? INT64_MAX : ns + req->accepted;
    }
    *deadline = ns;
    return true;
}

void asyscall_op_timeout(AsyscallRequest *req)
{
    const struct io_uring_sqe *sqe = &req->sqe;
    int64_t deadline;

    if (req->count_reached) {
        req->due = 0;
        asyscall_request_finish(req, 0);
        return;
    }
    if (asyscall_timeout_check(sqe)) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    if (asyscall_timeout_on_wall_clock(sqe)) {
        if (asyscall_is_control(req->qp)) {
            asyscall_request_finish(req, -EINVAL);
        } else {
            asyscall_forward(req);
        }
        return;
    }
    if (!asyscall_timeout_deadline(req, &deadline)) {
        return;
    }
    if (sqe->timeout_flags & IORING_TIMEOUT_MULTISHOT) {
        req->multishot = true;
        req->repeats = sqe->off;
    } else if (sqe->off) {
        req->count_target = req->qp->completions + (uint32_t)sqe->off;
    }
    trace_asyscall_timeout(req->qp->index, sqe->user_data, deadline, sqe->off);
    asyscall_timer_add(req, MAX(deadline, MAX(qemu_clock_get_ns(
                                                  QEMU_CLOCK_VIRTUAL),
                                              req->due)));
}

/*
 * The request is about to start. If a LINK_TIMEOUT follows that is not armed
 * yet, that comes first: true, and the request will be started again.
 */
bool asyscall_link_timeout_prepare(AsyscallRequest *head)
{
    AsyscallRequest *timeout = head->link;

    if (!asyscall_is_link_timeout(timeout) || timeout->head ||
        asyscall_is_link_timeout(head)) {
        return false;
    }
    head->phase = ASYSCALL_PHASE_LINKED;
    timeout->head = head;
    asyscall_request_start(timeout);
    return true;
}

/* To be armed, or through; with nothing to limit it is a mistake. */
void asyscall_op_link_timeout(AsyscallRequest *req)
{
    AsyscallRequest *head = req->head;
    int64_t deadline;

    if (req->ended) {
        req->due = 0;
        req->keeps_chain = true; /* whatever came of it, it has done its work */
        asyscall_request_finish(req, req->result);
        return;
    }
    if (!head || asyscall_timeout_check(&req->sqe) ||
        asyscall_timeout_on_wall_clock(&req->sqe)) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    if (!asyscall_timeout_deadline(req, &deadline)) {
        return;
    }
    trace_asyscall_timeout(req->qp->index, req->sqe.user_data, deadline, 0);
    asyscall_timer_add(req, MAX(deadline,
                                qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL)));
    asyscall_request_queue_start(head);
}

/*
 * The timeout itself ends while its head has yet to start: nothing of the chain
 * will run.
 */
void asyscall_link_timeout_failed(AsyscallRequest *timeout)
{
    AsyscallRequest *head = timeout->head;

    head->link = timeout->link;
    timeout->link = NULL;
    timeout->head = NULL;
    asyscall_request_break_chain(head, false);
    asyscall_request_queue_start(head);
}

/*
 * The head completes: what follows the timeout in the chain is next. The
 * timeout's own completion comes after the head's, from the loop: whoever ends
 * the head may be walking through the list of requests.
 */
void asyscall_link_timeout_end(AsyscallRequest *head)
{
    AsyscallRequest *timeout = head->link;

    if (!asyscall_is_link_timeout(timeout) || timeout->head != head) {
        return;
    }
    head->link = timeout->link;
    timeout->link = NULL;
    if (timeout->phase == ASYSCALL_PHASE_TIMER) {
        asyscall_timer_remove(timeout);
    }
    timeout->head = NULL;
    timeout->ended = true;
    timeout->result = !timeout->expired              ? -ECANCELED
                      : head->result == -ECANCELED ? -ETIME
                                                   : -EALREADY;
    asyscall_request_queue_start(timeout);
}

void asyscall_op_timeout_remove(AsyscallRequest *req)
{
    const uint32_t update =
        IORING_TIMEOUT_UPDATE | IORING_LINK_TIMEOUT_UPDATE;
    const uint32_t known =
        update | IORING_TIMEOUT_ABS | IORING_TIMEOUT_CLOCK_MASK;
    const struct io_uring_sqe *sqe = &req->sqe;
    uint32_t flags = sqe->timeout_flags;
    AsyscallRequest *target;
    int64_t deadline = 0;

    if (sqe->buf_index || sqe->len || sqe->splice_fd_in || (flags & ~known) ||
        (!(flags & update) && flags) || (flags & update) == update ||
        ctpop32(flags & IORING_TIMEOUT_CLOCK_MASK) > 1 ||
        ((flags & IORING_TIMEOUT_ABS) && (flags & IORING_TIMEOUT_REALTIME))) {
        asyscall_request_finish(req, -EINVAL);
        return;
    }
    if ((flags & update) &&
        asyscall_read_timespec(req, sqe->off, &deadline)) {
        return;
    }
    QTAILQ_FOREACH(target, &req->qp->requests, entry) {
        if (target->phase == ASYSCALL_PHASE_TIMER &&
            target->sqe.user_data == sqe->addr &&
            !target->head == !(flags & IORING_LINK_TIMEOUT_UPDATE)) {
            break;
        }
    }
    if (!target) {
        asyscall_request_finish(req, -ENOENT);
        return;
    }
    asyscall_timer_remove(target);
    if (flags & update) {
        int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

        if (!(flags & IORING_TIMEOUT_ABS)) {
            target->interval = deadline;
            deadline = deadline > INT64_MAX - now ? INT64_MAX : deadline + now;
        }
        asyscall_timer_add(target, MAX(deadline, now));
    }
    asyscall_request_finish(req, 0); /* before its target, as io_uring */
    if (!(flags & update)) {
        asyscall_request_finish(target, -ECANCELED);
    }
}
