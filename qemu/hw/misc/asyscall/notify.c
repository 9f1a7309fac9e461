/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: publishing completions, and whether their submitter is told.
 *
 *   NO_NOTIFY      no
 *   EVENT_INDEX    when cq_tail passes cq_event
 *   NOTIFY_DELAY   ... or cq_delay after the first completion that was held back
 *   otherwise      each time
 *   in any case    for an urgent entry, and when the overflow list has begun
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "hw/qdev-core.h"
#include "internal.h"
#include "trace.h"

static void asyscall_notify(AsyscallQueuePair *qp)
{
    AsyscallState *s = qp->device;
    MemTxResult result = MEMTX_OK;

    timer_del(&qp->notify_timer);
    qp->statistics.notified++;
    if (asyscall_is_control(qp)) {
        s->interrupt_status |= ASYSCALL_INTERRUPT_CONTROL;
        asyscall_update_irq(s);
    } else if (qp->notify_address) {
        address_space_stl_le(&address_space_memory, qp->notify_address,
                             qp->notify_data, MEMTXATTRS_UNSPECIFIED, &result);
    }
    trace_asyscall_notify(qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL), qp->index,
                          qp->notify_address, qp->notify_data, result);
}

/*
 * Make what was posted visible, then decide whether to notify. The full fence
 * pairs with the submitter's between storing flags/cq_event and loading cq_tail
 * again: one of the two sees the other's store, so a sleeper is notified or
 * does not go to sleep.
 */
void asyscall_publish(AsyscallQueuePair *qp)
{
    struct asyscall_ring *ring = asyscall_ring(qp);
    uint64_t features = qp->device->driver_features;
    uint32_t old = qp->cq_published, tail = qp->cq_tail, flags, event;
    bool urgent = qp->urgent;
    bool certain = qp->overflow_began;

    if (!qp->exists || qp->destroying || (old == tail && !certain)) {
        return;
    }
    qp->cq_published = tail;
    qp->overflow_began = false;
    qp->urgent = false;
    qatomic_store_release(&ring->device.cq_tail, tail);
    asyscall_ring_changed(qp, &ring->device.cq_tail, sizeof(tail));
    /* Pairs with the submitter's, between its flags and its look at cq_tail. */
    smp_mb();
    flags = qatomic_read(&ring->driver.flags);
    event = qatomic_read(&ring->driver.cq_event);
    if (urgent) {
        asyscall_notify(qp);
        return;
    }
    if (flags & ASYSCALL_RING_NO_NOTIFY) {
        qp->statistics.held_back++;
        return;
    }
    if (!certain && (flags & ASYSCALL_RING_EVENT_INDEX) &&
        (features & ASYSCALL_F_EVENT_INDEX) &&
        (uint32_t)(tail - event - 1) >= (uint32_t)(tail - old)) {
        qp->statistics.held_back++;
        if ((flags & ASYSCALL_RING_NOTIFY_DELAY) &&
            (features & ASYSCALL_F_NOTIFY_DELAY) &&
            !timer_pending(&qp->notify_timer)) {
            timer_mod(&qp->notify_timer,
                      qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                          qatomic_read(&ring->driver.cq_delay));
        }
        return;
    }
    asyscall_notify(qp);
}

/* Something has been held back for as long as the submitter allows. */
void asyscall_notify_timer(void *opaque)
{
    AsyscallQueuePair *qp = opaque;
    MemReentrancyGuard *guard = &DEVICE(qp->device)->mem_reentrancy_guard;
    bool engaged = guard->engaged_in_io;

    if (!qp->exists || qp->destroying ||
        (qatomic_read(&asyscall_ring(qp)->driver.flags) &
         ASYSCALL_RING_NO_NOTIFY)) {
        return;
    }
    /* A notification that points at our own registers must not come back in. */
    guard->engaged_in_io = true;
    asyscall_notify(qp);
    guard->engaged_in_io = engaged;
}
