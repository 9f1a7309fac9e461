/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: ring memory. Nothing read here is believed beyond its own queue
 * pair: an index is compared with the device's own, an entry is copied once,
 * and what the device wrote it never reads back.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "qemu/rcu.h"
#include "internal.h"
#include "trace.h"

struct asyscall_ring *asyscall_ring(AsyscallQueuePair *qp)
{
    return (struct asyscall_ring *)qp->memory.ptr;
}

/*
 * The guest's memory was changed at @field of the ring: migration and TCG want
 * to know.
 */
void asyscall_ring_changed(AsyscallQueuePair *qp, const void *field,
                           size_t length)
{
    address_space_cache_invalidate(
        &qp->memory, (const char *)field - (char *)qp->memory.ptr, length);
}

/*
 * Map all of a block of guest RAM that the device may write; false if it is not
 * that.
 */
bool asyscall_map_ram(MemoryRegionCache *cache, hwaddr address, uint64_t size)
{
    hwaddr length = size, offset;
    MemoryRegion *mr;

    if (!size || address + size < address) {
        return false;
    }
    RCU_READ_LOCK_GUARD();
    mr = address_space_translate(&address_space_memory, address, &offset,
                                 &length, true, MEMTXATTRS_UNSPECIFIED);
    if (!memory_region_is_ram(mr) || memory_region_is_rom(mr) ||
        memory_region_is_ram_device(mr) || memory_region_is_romd(mr)) {
        return false;
    }
    if (address_space_cache_init(cache, &address_space_memory, address, size,
                                 true) < (int64_t)size ||
        !cache->ptr) {
        address_space_cache_destroy(cache);
        return false;
    }
    return true;
}

bool asyscall_ring_entries_valid(AsyscallState *s, uint32_t sq, uint32_t cq)
{
    return is_power_of_2(sq) && is_power_of_2(cq) && sq <= s->max_entries &&
           cq <= s->max_entries;
}

/* The ring is as it was left. */
int asyscall_ring_attach(AsyscallQueuePair *qp)
{
    if (qp->ring % ASYSCALL_PAGE_SIZE ||
        !asyscall_ring_entries_valid(qp->device, qp->sq_entries,
                                     qp->cq_entries)) {
        return -EINVAL;
    }
    if (!asyscall_map_ram(&qp->memory, qp->ring,
                          asyscall_ring_size(qp->sq_entries, qp->cq_entries))) {
        return -EFAULT;
    }
    qp->sq_offset = asyscall_sq_offset(qp->cq_entries);
    return 0;
}

int asyscall_ring_map(AsyscallQueuePair *qp)
{
    int error = asyscall_ring_attach(qp);

    if (error) {
        return error;
    }
    memset(&asyscall_ring(qp)->device, 0, sizeof(struct asyscall_ring_device));
    asyscall_ring_changed(qp, &asyscall_ring(qp)->device,
                          sizeof(struct asyscall_ring_device));
    return 0;
}

void asyscall_ring_unmap(AsyscallQueuePair *qp)
{
    AsyscallOverflow *late;

    while ((late = QSIMPLEQ_FIRST(&qp->overflow))) {
        QSIMPLEQ_REMOVE_HEAD(&qp->overflow, entry);
        g_free(late);
    }
    qp->n_overflow = 0;
    address_space_cache_destroy(&qp->memory);
}

/* ---- submission ---------------------------------------------------------- */

bool asyscall_ring_read_tail(AsyscallQueuePair *qp)
{
    uint32_t tail = qatomic_load_acquire(&asyscall_ring(qp)->driver.sq_tail);

    if (tail - qp->sq_head > qp->sq_entries) {
        asyscall_ring_broken(qp, -EINVAL, "sq_tail is out of range");
        return false;
    }
    qp->sq_tail = tail;
    return true;
}

void asyscall_ring_take(AsyscallQueuePair *qp, struct io_uring_sqe *sqe)
{
    const char *entries = (const char *)qp->memory.ptr + qp->sq_offset;

    memcpy(sqe, entries + (qp->sq_head & (qp->sq_entries - 1)) * sizeof(*sqe),
           sizeof(*sqe));
    /* From here on the compiler may not look at the ring again. */
    barrier();
    qp->sq_head++;
}

void asyscall_ring_store_head(AsyscallQueuePair *qp)
{
    uint32_t *head = &asyscall_ring(qp)->device.sq_head;

    qatomic_store_release(head, qp->sq_head);
    asyscall_ring_changed(qp, head, sizeof(*head));
}

/* ---- completion ---------------------------------------------------------- */

static void asyscall_ring_store_status(AsyscallQueuePair *qp)
{
    struct asyscall_ring_device *device = &asyscall_ring(qp)->device;

    qatomic_set(&device->overflowed, qp->overflowed);
    qatomic_store_release(&device->flags, qp->status);
    asyscall_ring_changed(qp, device, sizeof(*device));
}

static bool asyscall_cq_has_room(AsyscallQueuePair *qp)
{
    uint32_t head;

    if (qp->cq_tail - qp->cq_head < qp->cq_entries) {
        return true;
    }
    if (qp->broken) {
        return false;
    }
    head = qatomic_load_acquire(&asyscall_ring(qp)->driver.cq_head);
    if (qp->cq_tail - head > qp->cq_entries) {
        asyscall_ring_broken(qp, -EINVAL, "cq_head is out of range");
        return false;
    }
    qp->cq_head = head;
    return qp->cq_tail - head < qp->cq_entries;
}

static void asyscall_cq_write(AsyscallQueuePair *qp,
                              const struct io_uring_cqe *cqe)
{
    char *entry = (char *)qp->memory.ptr + ASYSCALL_CQ_OFFSET +
                  (qp->cq_tail & (qp->cq_entries - 1)) * sizeof(*cqe);

    memcpy(entry, cqe, sizeof(*cqe));
    asyscall_ring_changed(qp, entry, sizeof(*cqe));
    qp->cq_tail++;
}

bool asyscall_ring_has_room(AsyscallQueuePair *qp)
{
    return !qp->n_overflow && asyscall_cq_has_room(qp);
}

void asyscall_ring_drain_overflow(AsyscallQueuePair *qp)
{
    AsyscallOverflow *late;
    bool moved = false;

    while ((late = QSIMPLEQ_FIRST(&qp->overflow)) && asyscall_cq_has_room(qp)) {
        QSIMPLEQ_REMOVE_HEAD(&qp->overflow, entry);
        qp->n_overflow--;
        asyscall_cq_write(qp, &late->cqe);
        g_free(late);
        moved = true;
    }
    if (moved) {
        if (!qp->n_overflow) {
            qp->status &= ~ASYSCALL_RING_STATUS_OVERFLOW;
            asyscall_ring_store_status(qp);
        }
        asyscall_qp_dirty(qp);
    }
}

void asyscall_ring_overflow(AsyscallQueuePair *qp,
                            const struct io_uring_cqe *cqe)
{
    AsyscallOverflow *late = g_new(AsyscallOverflow, 1);

    late->cqe = *cqe;
    QSIMPLEQ_INSERT_TAIL(&qp->overflow, late, entry);
    qp->n_overflow++;
}

/*
 * One completion. The CQ is never overwritten: what does not fit waits in the
 * device, in order, bounded by what may be in flight, until the submitter has
 * made room.
 */
void asyscall_ring_post(AsyscallQueuePair *qp, uint64_t user_data,
                        int32_t result, uint32_t flags)
{
    struct io_uring_cqe cqe = { .user_data = user_data,
                                .res = result,
                                .flags = flags };

    qp->statistics.posted++;
    asyscall_qp_dirty(qp);
    if (qp->n_overflow) {
        asyscall_ring_drain_overflow(qp);
    }
    if (asyscall_ring_has_room(qp)) {
        asyscall_cq_write(qp, &cqe);
        return;
    }
    asyscall_ring_overflow(qp, &cqe);
    qp->overflowed++;
    qp->statistics.overflowed++;
    trace_asyscall_overflow(qp->index, user_data, qp->n_overflow);
    if (!(qp->status & ASYSCALL_RING_STATUS_OVERFLOW)) {
        qp->status |= ASYSCALL_RING_STATUS_OVERFLOW;
        qp->overflow_began = true;
    }
    asyscall_ring_store_status(qp);
}

/* ---- failure ------------------------------------------------------------- */

void asyscall_ring_broken(AsyscallQueuePair *qp, int error, const char *why)
{
    AsyscallState *s = qp->device;

    if (qp->broken) {
        return;
    }
    qemu_log_mask(LOG_GUEST_ERROR, "asyscall: queue pair %u: %s\n", qp->index,
                  why);
    trace_asyscall_broken(qp->index, error);
    qp->broken = true;
    qp->status |= ASYSCALL_RING_STATUS_BROKEN;
    asyscall_ring_store_status(qp);
    if (asyscall_is_control(qp)) {
        asyscall_needs_reset(s, why);
    } else {
        asyscall_event(s, qp, ASYSCALL_EVENT_BROKEN, (uint64_t)qp->index << 48,
                       error);
    }
}

/*
 * CONTINUE on a broken ring: the device's indices are the ones that count from
 * now on.
 */
int asyscall_ring_revive(AsyscallQueuePair *qp)
{
    struct asyscall_ring *ring = asyscall_ring(qp);
    uint32_t sq_tail = qatomic_load_acquire(&ring->driver.sq_tail);
    uint32_t cq_head = qatomic_load_acquire(&ring->driver.cq_head);

    if (sq_tail - qp->sq_head > qp->sq_entries ||
        qp->cq_tail - cq_head > qp->cq_entries) {
        return -EINVAL;
    }
    qp->broken = false;
    qp->status &= ~ASYSCALL_RING_STATUS_BROKEN;
    qp->cq_head = cq_head;
    asyscall_ring_store_head(qp);
    asyscall_ring_store_status(qp);
    asyscall_ring_drain_overflow(qp);
    return 0;
}
