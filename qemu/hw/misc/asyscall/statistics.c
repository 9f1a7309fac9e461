/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: what has happened and what is going on: the commands STATISTICS and
 * PROBE for the guest, the properties "statistics" and "opcodes" over QMP, and
 * `info asyscall` in the monitor.
 */
#include "qemu/osdep.h"
#include "monitor/hmp.h"
#include "monitor/monitor.h"
#include "qobject/qdict.h"
#include "qapi/visitor.h"
#include "internal.h"

static struct asyscall_statistics
asyscall_statistics_now(const AsyscallQueuePair *qp)
{
    struct asyscall_statistics statistics = qp->statistics;

    statistics.inflight = qp->inflight;
    statistics.waiting = qp->n_overflow;
    return statistics;
}

/* ---- for the guest ------------------------------------------------------- */

/* The queue pair that is asked about, 0 too; NULL: it has been answered. */
static AsyscallQueuePair *asyscall_subject(AsyscallRequest *req,
                                           uint64_t feature)
{
    AsyscallState *s = req->qp->device;
    AsyscallQueuePair *qp;

    if (!(s->driver_features & feature) || req->sqe.fd < 0 ||
        req->sqe.fd >= (int64_t)s->n_queue_pairs) {
        asyscall_request_finish(req, -EINVAL);
        return NULL;
    }
    qp = &s->queue_pairs[req->sqe.fd];
    if (!qp->exists || qp->destroying) {
        asyscall_request_finish(req, -ENOENT);
        return NULL;
    }
    return qp;
}

static void asyscall_answer(AsyscallRequest *req, const void *answer,
                            uint32_t size)
{
    AsyscallMiss miss;
    int error = asyscall_guest_write(req->qp, req->sqe.addr, answer,
                                     MIN(req->sqe.len, size), &miss);

    asyscall_request_finish(req, error ?: (int)size);
}

void asyscall_ctl_statistics(AsyscallRequest *req)
{
    AsyscallQueuePair *qp = asyscall_subject(req, ASYSCALL_F_STATISTICS);
    struct asyscall_statistics statistics;

    if (qp) {
        statistics = asyscall_statistics_now(qp);
        asyscall_answer(req, &statistics, sizeof(statistics));
    }
}

void asyscall_ctl_probe(AsyscallRequest *req)
{
    AsyscallQueuePair *qp = asyscall_subject(req, ASYSCALL_F_PROBE);
    uint8_t who[256];

    if (qp) {
        for (int opcode = 0; opcode < ARRAY_SIZE(who); opcode++) {
            who[opcode] = asyscall_who_serves(qp, opcode);
        }
        asyscall_answer(req, who, sizeof(who));
    }
}

/* ---- over QMP ------------------------------------------------------------ */

typedef struct Counter {
    const char *name;
    size_t offset;
} Counter;

#define COUNTER(name, field)                                                   \
    { name, offsetof(struct asyscall_statistics, field) }

static const Counter counters[] = {
    COUNTER("doorbells", doorbells), COUNTER("taken", taken),
    COUNTER("completed", completed), COUNTER("dropped", dropped),
    COUNTER("posted", posted),       COUNTER("overflowed", overflowed),
    COUNTER("forwarded", forwarded), COUNTER("faulted", faulted),
    COUNTER("cancelled", cancelled), COUNTER("notified", notified),
    COUNTER("held-back", held_back),
};

static uint64_t asyscall_counter(const struct asyscall_statistics *from, int i)
{
    return *(const uint64_t *)((const char *)from + counters[i].offset);
}

static bool asyscall_visit(Visitor *v, const char *name, uint64_t value,
                           Error **errp)
{
    return visit_type_uint64(v, name, &value, errp);
}

static bool asyscall_visit_pair(Visitor *v, const AsyscallQueuePair *qp,
                                Error **errp)
{
    struct asyscall_statistics now = asyscall_statistics_now(qp);
    bool good;

    if (!visit_start_struct(v, NULL, NULL, 0, errp)) {
        return false;
    }
    good = asyscall_visit(v, "queue-pair", qp->index, errp);
    for (int i = 0; good && i < ARRAY_SIZE(counters); i++) {
        good = asyscall_visit(v, counters[i].name, asyscall_counter(&now, i),
                              errp);
    }
    good = good && asyscall_visit(v, "inflight", now.inflight, errp) &&
           asyscall_visit(v, "waiting", now.waiting, errp) &&
           visit_check_struct(v, errp);
    visit_end_struct(v, NULL);
    return good;
}

static bool asyscall_visit_pairs(Visitor *v, AsyscallState *s, Error **errp)
{
    bool good = true;

    if (!visit_start_list(v, "queue-pairs", NULL, 0, errp)) {
        return false;
    }
    for (uint32_t i = 0; good && s->queue_pairs && i < s->n_queue_pairs; i++) {
        if (s->queue_pairs[i].exists) {
            good = asyscall_visit_pair(v, &s->queue_pairs[i], errp);
        }
    }
    visit_end_list(v, NULL);
    return good;
}

static void asyscall_get_statistics(Object *obj, Visitor *v, const char *name,
                                    void *opaque, Error **errp)
{
    AsyscallState *s = ASYSCALL(obj);

    if (!visit_start_struct(v, name, NULL, 0, errp)) {
        return;
    }
    if (asyscall_visit(v, "handles", s->n_open, errp) &&
        asyscall_visit(v, "sockets", s->n_sockets, errp) &&
        asyscall_visit(v, "free-slots", s->n_free_slots, errp) &&
        asyscall_visit_pairs(v, s, errp)) {
        visit_check_struct(v, errp);
    }
    visit_end_struct(v, NULL);
}

static bool asyscall_visit_op(Visitor *v, uint8_t opcode, Error **errp)
{
    const AsyscallOp *op = asyscall_op_of(opcode);
    bool user = op->flags & (ASYSCALL_OP_USER | ASYSCALL_OP_HERE);
    bool control = op->flags & ASYSCALL_OP_CONTROL;
    char *name = (char *)op->name;
    bool good;

    if (!visit_start_struct(v, NULL, NULL, 0, errp)) {
        return false;
    }
    good = asyscall_visit(v, "opcode", opcode, errp) &&
           visit_type_str(v, "name", &name, errp) &&
           visit_type_bool(v, "user", &user, errp) &&
           visit_type_bool(v, "control", &control, errp) &&
           visit_check_struct(v, errp);
    visit_end_struct(v, NULL);
    return good;
}

static void asyscall_get_opcodes(Object *obj, Visitor *v, const char *name,
                                 void *opaque, Error **errp)
{
    if (!visit_start_list(v, name, NULL, 0, errp)) {
        return;
    }
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        if (asyscall_op_of(opcode)->name &&
            !asyscall_visit_op(v, opcode, errp)) {
            break;
        }
    }
    visit_end_list(v, NULL);
}

void asyscall_class_init_statistics(ObjectClass *klass)
{
    object_class_property_add(klass, "statistics", "AsyscallStatistics",
                              asyscall_get_statistics, NULL, NULL, NULL);
    object_class_property_set_description(
        klass, "statistics", "What has happened on the queue pairs");
    object_class_property_add(klass, "opcodes", "AsyscallOpcodes",
                              asyscall_get_opcodes, NULL, NULL, NULL);
    object_class_property_set_description(
        klass, "opcodes", "What the device serves, and for whom");
}

/* ---- for the monitor ----------------------------------------------------- */

static const char *asyscall_phase_name(AsyscallPhase phase)
{
    static const char *const names[] = {
        [ASYSCALL_PHASE_START] = "starts",
        [ASYSCALL_PHASE_LINKED] = "waits in its chain",
        [ASYSCALL_PHASE_DRAIN] = "waits for what is before it",
        [ASYSCALL_PHASE_NEED_SLOT] = "waits for a slot",
        [ASYSCALL_PHASE_FORWARDED] = "is with the kernel",
        [ASYSCALL_PHASE_FAULTED] = "waits for memory",
        [ASYSCALL_PHASE_WORK] = "is with the host",
        [ASYSCALL_PHASE_CONSOLE] = "waits for the console",
        [ASYSCALL_PHASE_TIMER] = "waits for its time",
        [ASYSCALL_PHASE_COMMAND] = "waits for requests in flight",
        [ASYSCALL_PHASE_DONE] = "completes at its time",
        [ASYSCALL_PHASE_SOCKET] = "waits for its socket",
    };

    return names[phase];
}

static void asyscall_print_requests(Monitor *mon, const AsyscallQueuePair *qp)
{
    AsyscallRequest *req;

    QTAILQ_FOREACH(req, &qp->requests, entry) {
        const char *name = asyscall_op_of(req->sqe.opcode)->name;

        monitor_printf(mon,
                       "    %s (%u) fd %d user_data 0x%" PRIx64
                       " token 0x%" PRIx64 " %s\n",
                       name ?: "opcode", req->sqe.opcode, req->sqe.fd,
                       (uint64_t)req->sqe.user_data, req->token,
                       asyscall_phase_name(req->phase));
    }
}

static void asyscall_print_pair(Monitor *mon, const AsyscallQueuePair *qp,
                                bool requests)
{
    struct asyscall_statistics now = asyscall_statistics_now(qp);

    monitor_printf(mon, "  queue pair %u:%s%s%s\n", qp->index,
                   qp->broken ? " broken" : "", qp->quiesced ? " quiesced" : "",
                   qp->destroying ? " being destroyed" : "");
    monitor_printf(mon,
                   "    sq %u to %u of %u, cq %u to %u of %u, %u in flight, "
                   "%u wait for room\n",
                   qp->sq_head, qp->sq_tail, qp->sq_entries, qp->cq_head,
                   qp->cq_tail, qp->cq_entries, now.inflight, now.waiting);
    monitor_printf(mon, "   ");
    for (int i = 0; i < ARRAY_SIZE(counters); i++) {
        monitor_printf(mon, " %s %" PRIu64, counters[i].name,
                       asyscall_counter(&now, i));
    }
    monitor_printf(mon, "\n");
    if (requests) {
        asyscall_print_requests(mon, qp);
    }
}

typedef struct Printing {
    Monitor *mon;
    bool requests;
    bool found;
} Printing;

static int asyscall_print(Object *obj, void *opaque)
{
    AsyscallState *s =
        (AsyscallState *)object_dynamic_cast(obj, TYPE_ASYSCALL);
    Printing *printing = opaque;
    g_autofree char *path = NULL;

    if (!s || !s->queue_pairs) {
        return 0;
    }
    path = object_get_canonical_path(obj);
    printing->found = true;
    monitor_printf(printing->mon,
                   "%s: status 0x%x, %u handles, %u sockets, %u of %u slots "
                   "free\n",
                   path, s->status, s->n_open, s->n_sockets, s->n_free_slots,
                   s->forward_entries);
    for (uint32_t i = 0; i < s->n_queue_pairs; i++) {
        if (s->queue_pairs[i].exists) {
            asyscall_print_pair(printing->mon, &s->queue_pairs[i],
                                printing->requests);
        }
    }
    return 0;
}

static void hmp_info_asyscall(Monitor *mon, const QDict *qdict)
{
    Printing printing = {
        .mon = mon,
        .requests = qdict_get_try_bool(qdict, "requests", false),
    };

    object_child_foreach_recursive(object_get_root(), asyscall_print,
                                   &printing);
    if (!printing.found) {
        monitor_printf(mon, "There is no asyscall device\n");
    }
}

/* The commands are listed where QEMU is built (hmp-commands-info.hx). */
void asyscall_register_monitor(void)
{
    monitor_register_hmp("asyscall", true, hmp_info_asyscall);
}
