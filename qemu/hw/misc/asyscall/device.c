/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: QOM, properties, life cycle.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "exec/replay-core.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "migration/vmstate.h"
#include "internal.h"
#include "trace.h"

#define ASYSCALL_QUEUE_PAIRS_MAX 1024
#define ASYSCALL_ENTRIES_MAX     32768
#define ASYSCALL_HANDLES_MAX     65536

void asyscall_update_irq(AsyscallState *s)
{
    qemu_set_irq(s->irq, s->interrupt_status != 0);
}

void asyscall_needs_reset(AsyscallState *s, const char *why)
{
    qemu_log_mask(LOG_GUEST_ERROR, "asyscall: needs a reset: %s\n", why);
    s->status |= ASYSCALL_STATUS_NEEDS_RESET;
    if (!s->forward_mapped) {
        /* It has not come to that. */
        s->status &= ~ASYSCALL_STATUS_DRIVER_OK;
    }
    s->interrupt_status |= ASYSCALL_INTERRUPT_CONFIG;
    asyscall_update_irq(s);
}

/* DRIVER_OK: from here on the device uses guest memory. */
bool asyscall_start(AsyscallState *s)
{
    AsyscallQueuePair *control = asyscall_control(s);

    control->ring = s->control_ring;
    control->sq_entries = s->control_sq_entries;
    control->cq_entries = s->control_cq_entries;
    if (asyscall_ring_map(control)) {
        asyscall_needs_reset(
            s, "CONTROL_RING, its alignment or numbers of entries");
        return false;
    }
    asyscall_qp_activate(control);
    if (!asyscall_forward_map(s)) {
        asyscall_needs_reset(s, "FORWARD_RING or FORWARD_ENTRIES");
        return false;
    }
    asyscall_handles_open_standard(s);
    return true;
}

static void asyscall_init_lists(AsyscallState *s)
{
    QTAILQ_INIT(&s->runnable);
    QTAILQ_INIT(&s->dirty);
    QTAILQ_INIT(&s->working);
    QTAILQ_INIT(&s->starting);
    QTAILQ_INIT(&s->commands);
    QTAILQ_INIT(&s->line);
    QTAILQ_INIT(&s->slot_waiters);
    s->recheck_commands = false;
}

/*
 * When this returns nothing is in flight, and guest memory is not written any
 * more.
 */
void asyscall_reset(AsyscallState *s)
{
    trace_asyscall_reset();
    asyscall_work_drain(s);
    for (uint32_t i = 0; i < s->n_queue_pairs; i++) {
        AsyscallQueuePair *qp = &s->queue_pairs[i];
        AsyscallRequest *req, *next;

        qp->destroying = true;
        qp->drain = NULL;
        QTAILQ_FOREACH_SAFE(req, &qp->requests, entry, next) {
            if (req->phase == ASYSCALL_PHASE_TIMER) {
                asyscall_timer_remove(req);
            } else if (req->phase == ASYSCALL_PHASE_CONSOLE) {
                asyscall_console_cancel(req);
            } else if (req->phase == ASYSCALL_PHASE_SOCKET) {
                asyscall_socket_cancel(req);
            }
            asyscall_request_drop(req);
        }
        asyscall_qp_release(qp);
        qp->destroying = false;
    }
    asyscall_init_lists(s);
    asyscall_forward_reset(s);
    asyscall_handles_close_all(s);
    timer_del(s->line_timer);
    timer_del(s->deadline_timer);
    qemu_bh_cancel(s->bh);

    s->driver_features = 0;
    s->status = 0;
    s->control_ring = 0;
    s->control_sq_entries = 0;
    s->control_cq_entries = 0;
    s->forward_ring = 0;
    s->forward_entries = 0;
    s->interrupt_status = 0;
    s->poll_handle = 0;
}

static void asyscall_reset_enter(Object *obj, ResetType type)
{
    asyscall_reset(ASYSCALL(obj));
}

static void asyscall_reset_hold(Object *obj, ResetType type)
{
    asyscall_update_irq(ASYSCALL(obj));
}

static bool asyscall_check_properties(AsyscallState *s, Error **errp)
{
    if (HOST_BIG_ENDIAN) {
        error_setg(errp, "asyscall needs a little-endian host");
    } else if (s->n_queue_pairs < 2 ||
               s->n_queue_pairs > ASYSCALL_QUEUE_PAIRS_MAX) {
        error_setg(
            errp,
            "queue-pairs=%u: must be from 2 (one for the kernel, one for a "
            "process) to %u",
            s->n_queue_pairs, ASYSCALL_QUEUE_PAIRS_MAX);
    } else if (!is_power_of_2(s->max_entries) || s->max_entries < 2 ||
               s->max_entries > ASYSCALL_ENTRIES_MAX) {
        error_setg(errp, "max-entries=%u: must be a power of two from 2 to %u",
                   s->max_entries, ASYSCALL_ENTRIES_MAX);
    } else if (s->max_handles < 8 || s->max_handles > ASYSCALL_HANDLES_MAX) {
        error_setg(errp, "max-handles=%u: must be from 8 to %u", s->max_handles,
                   ASYSCALL_HANDLES_MAX);
    } else if (asyscall_modelled(s) && s->latency > NANOSECONDS_PER_SECOND) {
        error_setg(errp,
                   "latency=%" PRIu64
                   ": is in nanoseconds, at most %u (one second)",
                   s->latency, (unsigned)NANOSECONDS_PER_SECOND);
    } else if (s->readonly && !s->export) {
        error_setg(errp, "readonly=on needs export=DIR");
    } else {
        return asyscall_net_init(s, errp);
    }
    return false;
}

static void asyscall_realize(DeviceState *dev, Error **errp)
{
    AsyscallState *s = ASYSCALL(dev);
    SysBusDevice *sbd = SYS_BUS_DEVICE(dev);

    if (!asyscall_check_properties(s, errp) ||
        (s->export && !asyscall_export_open(s, errp))) {
        return;
    }
    if (!asyscall_console_init(s, errp)) {
        if (s->export_fd >= 0) {
            close(s->export_fd);
        }
        return;
    }
    s->device_features =
        ASYSCALL_F_EVENT_INDEX | ASYSCALL_F_SV39 | ASYSCALL_F_NOTIFY_DELAY |
        ASYSCALL_F_URGENT | ASYSCALL_F_POST | ASYSCALL_F_STATISTICS |
        ASYSCALL_F_PROBE | ASYSCALL_F_BUFFERS | ASYSCALL_F_MULTISHOT |
        ASYSCALL_F_SET_FLAGS |
        (qemu_chr_fe_backend_connected(&s->console.chr) ? ASYSCALL_F_CONSOLE
                                                        : 0) |
        (s->export ? ASYSCALL_F_EXPORT : 0) |
        (s->readonly ? ASYSCALL_F_EXPORT_READONLY : 0) |
        (asyscall_modelled(s) ? ASYSCALL_F_LATENCY : 0) |
        (s->net ? ASYSCALL_F_SOCKETS : 0);

    asyscall_init_lists(s);
    s->queue_pairs = g_new0(AsyscallQueuePair, s->n_queue_pairs);
    for (uint32_t i = 0; i < s->n_queue_pairs; i++) {
        asyscall_qp_init(s, &s->queue_pairs[i], i);
    }
    asyscall_handles_init(s);
    asyscall_work_init(s);
    s->orphans =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    s->deadlines = g_sequence_new(NULL);
    s->bh = qemu_bh_new_guarded(asyscall_run_bh, s, &dev->mem_reentrancy_guard);
    s->line_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, asyscall_line_timer, s);
    s->deadline_timer =
        timer_new_ns(QEMU_CLOCK_VIRTUAL, asyscall_deadline_timer, s);
    s->vm_change = qdev_add_vm_change_state_handler(
        dev, asyscall_vm_state_changed, s);
    replay_add_blocker("asyscall: host files and the console are not recorded");

    memory_region_init_io(
        &s->mmio, OBJECT(s), &asyscall_mmio_ops, s, TYPE_ASYSCALL,
        (uint64_t)ASYSCALL_PAGE_SIZE * (s->n_queue_pairs + 1));
    sysbus_init_mmio(sbd, &s->mmio);
    sysbus_init_irq(sbd, &s->irq);
}

static void asyscall_unrealize(DeviceState *dev)
{
    AsyscallState *s = ASYSCALL(dev);

    qemu_del_vm_change_state_handler(s->vm_change);
    asyscall_saved_free(s);
    asyscall_reset(s);
    asyscall_work_exit(s);
    asyscall_console_exit(s);
    timer_free(s->line_timer);
    timer_free(s->deadline_timer);
    qemu_bh_delete(s->bh);
    g_sequence_free(s->deadlines);
    g_hash_table_destroy(s->orphans);
    g_free(s->handles);
    g_free(s->queue_pairs);
    if (s->export_fd >= 0) {
        close(s->export_fd);
    }
}

static void asyscall_instance_init(Object *obj)
{
    ASYSCALL(obj)->export_fd = -1;
}

static const VMStateDescription asyscall_vmstate = {
    .name = TYPE_ASYSCALL,
    .version_id = 2,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(driver_features, AsyscallState),
        VMSTATE_UINT32(status, AsyscallState),
        VMSTATE_UINT64(control_ring, AsyscallState),
        VMSTATE_UINT32(control_sq_entries, AsyscallState),
        VMSTATE_UINT32(control_cq_entries, AsyscallState),
        VMSTATE_UINT64(forward_ring, AsyscallState),
        VMSTATE_UINT32(forward_entries, AsyscallState),
        VMSTATE_UINT32(interrupt_status, AsyscallState),
        VMSTATE_UINT32_V(poll_handle, AsyscallState, 2),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription * const []) {
        &asyscall_vmstate_running,
        NULL
    }
};

static const Property asyscall_properties[] = {
    DEFINE_PROP_UINT32("queue-pairs", AsyscallState, n_queue_pairs, 64),
    DEFINE_PROP_UINT32("max-entries", AsyscallState, max_entries, 4096),
    DEFINE_PROP_UINT32("max-handles", AsyscallState, max_handles, 1024),
    DEFINE_PROP_STRING("export", AsyscallState, export),
    DEFINE_PROP_BOOL("readonly", AsyscallState, readonly, false),
    DEFINE_PROP_STRING("net", AsyscallState, net_mode),
    DEFINE_PROP_UINT32("max-sockets", AsyscallState, max_sockets, 1024),
    DEFINE_PROP_CHR("console", AsyscallState, console.chr),
    DEFINE_PROP_CHR("console-error", AsyscallState, console_error.chr),
    DEFINE_PROP_UINT64("latency", AsyscallState, latency, ASYSCALL_LATENCY_UNSET),
};

static void asyscall_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "asynchronous system call device";
    dc->realize = asyscall_realize;
    dc->unrealize = asyscall_unrealize;
    dc->vmsd = &asyscall_vmstate;
    dc->user_creatable = true; /* on a board with a platform bus */
    dc->hotpluggable = false;
    rc->phases.enter = asyscall_reset_enter;
    rc->phases.hold = asyscall_reset_hold;
    device_class_set_props(dc, asyscall_properties);
    asyscall_class_init_statistics(klass);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
}

static const TypeInfo asyscall_info = {
    .name = TYPE_ASYSCALL,
    .parent = TYPE_DYNAMIC_SYS_BUS_DEVICE,
    .instance_size = sizeof(AsyscallState),
    .instance_init = asyscall_instance_init,
    .class_init = asyscall_class_init,
};

static void asyscall_register_types(void)
{
    type_register_static(&asyscall_info);
    asyscall_register_monitor();
}

type_init(asyscall_register_types)
