/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: modelled delay. With `latency=NS` a completion appears exactly NS
 * of virtual time after its request was started: requests stand in a line
 * ordered by (due time, order of acceptance), and host work that is not
 * finished when its time comes is waited for. The guest therefore sees the same
 * order at the same instruction in every run.
 */
#include "qemu/osdep.h"
#include "internal.h"
#include "trace.h"

static void asyscall_line_arm(AsyscallState *s)
{
    AsyscallRequest *first = QTAILQ_FIRST(&s->line);

    if (first) {
        timer_mod(s->line_timer, first->due);
    } else {
        timer_del(s->line_timer);
    }
}

void asyscall_line_insert(AsyscallRequest *req)
{
    AsyscallState *s = req->qp->device;
    AsyscallRequest *before = QTAILQ_LAST(&s->line);

    if (req->in_line) {
        return;
    }
    req->in_line = true;
    /*
     * Nearly always the end: only what waited elsewhere comes with an older
     * time.
     */
    while (before &&
           (before->due > req->due ||
            (before->due == req->due && before->sequence > req->sequence))) {
        before = QTAILQ_PREV(before, line);
    }
    if (before) {
        QTAILQ_INSERT_AFTER(&s->line, before, req, line);
    } else {
        QTAILQ_INSERT_HEAD(&s->line, req, line);
        asyscall_line_arm(s);
    }
}

void asyscall_line_remove(AsyscallRequest *req)
{
    AsyscallState *s = req->qp->device;
    bool first = QTAILQ_FIRST(&s->line) == req;

    QTAILQ_REMOVE(&s->line, req, line);
    req->in_line = false;
    if (first) {
        asyscall_line_arm(s);
    }
}

/* Complete everything whose time has come. */
void asyscall_line_expire(AsyscallState *s)
{
    AsyscallRequest *req;
    int64_t now;

    if (QTAILQ_EMPTY(&s->line)) {
        return;
    }
    now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    while ((req = QTAILQ_FIRST(&s->line)) && req->due <= now) {
        if (req->phase == ASYSCALL_PHASE_WORK) {
            /*
             * Leads to DONE and out of the line, to the next chunk, or to a
             * fault.
             */
            asyscall_work_wait(req);
        } else {
            asyscall_request_post(req);
        }
    }
}

void asyscall_line_timer(void *opaque)
{
    AsyscallState *s = opaque;

    asyscall_line_expire(s);
    asyscall_run(s);
}
