/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: buffers that a process has put into rings, for entries with
 * IOSQE_BUFFER_SELECT (io_uring's IORING_REGISTER_PBUF_RING).
 *
 * A group's ring is in the process's memory: the process writes entries and the
 * tail, the head is the device's. Both are read when a buffer is needed and
 * believed as far as any address in an entry is: what is there translates, or
 * the request fails. Nothing of it stays pinned.
 *
 * What has to wait for its data looks at the next buffer without taking it, and
 * looks again when it goes on: whoever has data first takes it.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/host-utils.h"
#include "internal.h"
#include "trace.h"

/* Linux has no limit but that of the group's number. */
#define ASYSCALL_MAX_GROUPS       256
#define ASYSCALL_MAX_GROUP_BUFFERS 32768u

QEMU_BUILD_BUG_ON(sizeof(struct io_uring_buf) != 16);

AsyscallBufferGroup *asyscall_buffer_group(AsyscallQueuePair *qp, uint32_t id)
{
    return qp->groups ? g_hash_table_lookup(qp->groups, GUINT_TO_POINTER(id))
                      : NULL;
}

/* False: it is not one that BUFFERS could have made. */
bool asyscall_buffer_group_add(AsyscallQueuePair *qp, uint32_t id,
                               const AsyscallBufferGroup *group)
{
    if (id > UINT16_MAX || !is_power_of_2(group->entries) ||
        group->entries > ASYSCALL_MAX_GROUP_BUFFERS ||
        group->address % ASYSCALL_PAGE_SIZE) {
        return false;
    }
    if (!qp->groups) {
        qp->groups = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    }
    g_hash_table_insert(qp->groups, GUINT_TO_POINTER(id),
                        g_memdup2(group, sizeof(*group)));
    return true;
}

void asyscall_ctl_buffers(AsyscallRequest *req)
{
    AsyscallQueuePair *qp = asyscall_target(req, true);
    AsyscallBufferGroup group = { .address = req->sqe.addr,
                                  .entries = req->sqe.len };
    bool exists;
    int error = 0;

    if (!qp) {
        return;
    }
    exists = asyscall_buffer_group(qp, req->sqe.off);
    if (!(qp->device->driver_features & ASYSCALL_F_BUFFERS) ||
        req->sqe.off > UINT16_MAX) {
        error = -EINVAL;
    } else if (!group.entries) {
        error = exists ? 0 : -ENOENT;
        if (exists) {
            g_hash_table_remove(qp->groups, GUINT_TO_POINTER(req->sqe.off));
        }
    } else if (exists) {
        error = -EEXIST;
    } else if (qp->groups &&
               g_hash_table_size(qp->groups) >= ASYSCALL_MAX_GROUPS) {
        error = -ENOMEM;
    } else if (!asyscall_buffer_group_add(qp, req->sqe.off, &group)) {
        error = -EINVAL;
    }
    trace_asyscall_buffers(qp->index, req->sqe.off, group.address,
                           group.entries, error);
    asyscall_request_finish(req, error);
}

/* The next buffer of the group, which stays there. -errno or MISS. */
static int asyscall_buffer_peek(AsyscallQueuePair *qp, uint32_t id,
                                struct io_uring_buf *buffer, AsyscallMiss *miss)
{
    const AsyscallBufferGroup *group = asyscall_buffer_group(qp, id);
    uint64_t length = sizeof(uint16_t);
    uint16_t *host, tail;
    int error;

    if (!group) {
        return -ENOBUFS;
    }
    /* The tail overlays what the first entry does not use. */
    host = asyscall_pin(qp,
                        group->address + offsetof(struct io_uring_buf, resv),
                        &length, ASYSCALL_RIGHT_READ, &error, miss);
    if (!host) {
        return error;
    }
    tail = qatomic_load_acquire(host);
    asyscall_unpin(host, length, false, 0);
    if (tail == group->head) {
        return -ENOBUFS;
    }
    return asyscall_guest_read(
        qp,
        group->address +
            (group->head & (group->entries - 1)) * sizeof(*buffer),
        buffer, sizeof(*buffer), miss);
}

static void asyscall_buffer_taken(AsyscallQueuePair *qp, uint32_t id,
                                  uint16_t buffer)
{
    AsyscallBufferGroup *group = asyscall_buffer_group(qp, id);

    trace_asyscall_buffer(qp->index, id, buffer);
    if (group) {
        group->head++;
    }
}

/*
 * Where the request's data goes, if a buffer of a group is asked for and the
 * request has none yet. False: it has ended or waits for the kernel.
 */
bool asyscall_buffer_select(AsyscallRequest *req)
{
    struct io_uring_buf buffer;
    AsyscallMiss miss;
    int error;

    if (req->cqe_flags & IORING_CQE_F_BUFFER) {
        return true;
    }
    asyscall_transfer_reset(req); /* what it looked at before it waited */
    error = asyscall_buffer_peek(req->qp, req->sqe.buf_group, &buffer, &miss);
    if (!error) {
        uint32_t length = req->sqe.len ? MIN(req->sqe.len, buffer.len)
                                       : buffer.len;

        req->buffer = buffer.bid;
        error = asyscall_transfer_single(req, true, buffer.addr, length);
    }
    return asyscall_access_ok(req, error, &miss);
}

/* There is something for it: the buffer is the request's, for good. */
void asyscall_buffer_take(AsyscallRequest *req)
{
    if ((req->sqe.flags & IOSQE_BUFFER_SELECT) &&
        !(req->cqe_flags & IORING_CQE_F_BUFFER)) {
        asyscall_buffer_taken(req->qp, req->sqe.buf_group, req->buffer);
        req->cqe_flags =
            IORING_CQE_F_BUFFER | req->buffer << IORING_CQE_BUFFER_SHIFT;
    }
}

/* For what the kernel serves. */
void asyscall_ctl_take_buffer(AsyscallRequest *req)
{
    AsyscallQueuePair *qp = asyscall_target(req, true);
    struct io_uring_buf buffer;
    AsyscallMiss miss;
    int error = -EINVAL;

    if (!qp) {
        return;
    }
    if ((qp->device->driver_features & ASYSCALL_F_BUFFERS) &&
        req->sqe.off <= UINT16_MAX) {
        error = asyscall_buffer_peek(qp, req->sqe.off, &buffer, &miss);
    }
    if (!error) {
        error = asyscall_guest_write(req->qp, req->sqe.addr, &buffer,
                                     sizeof(buffer), &miss);
    }
    if (!error) {
        asyscall_buffer_taken(qp, req->sqe.off, buffer.bid);
    }
    asyscall_request_finish(req, error == ASYSCALL_MISS ? -EFAULT : error);
}
