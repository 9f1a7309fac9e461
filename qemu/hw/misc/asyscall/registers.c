/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: the register page, negotiation after virtio's order, and the
 * doorbell pages.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "internal.h"
#include "trace.h"

static uint32_t half(uint64_t value, hwaddr offset)
{
    return offset % 8 ? value >> 32 : value;
}

static void set_half(uint64_t *value, hwaddr offset, uint32_t data)
{
    *value = offset % 8 ? deposit64(*value, 32, 32, data)
                        : deposit64(*value, 0, 32, data);
}

static uint64_t asyscall_register_read(AsyscallState *s, hwaddr offset)
{
    switch (offset) {
    case ASYSCALL_REG_MAGIC:
        return ASYSCALL_MAGIC;
    case ASYSCALL_REG_VERSION:
        return ASYSCALL_VERSION;
    case ASYSCALL_REG_DEVICE_FEATURES:
    case ASYSCALL_REG_DEVICE_FEATURES + 4:
        return half(s->device_features, offset);
    case ASYSCALL_REG_DRIVER_FEATURES:
    case ASYSCALL_REG_DRIVER_FEATURES + 4:
        return half(s->driver_features, offset);
    case ASYSCALL_REG_STATUS:
        return s->status;
    case ASYSCALL_REG_CONFIG_GENERATION:
        return 0; /* none of the registers below changes */
    case ASYSCALL_REG_QUEUE_PAIRS:
        return s->n_queue_pairs;
    case ASYSCALL_REG_MAX_ENTRIES:
    case ASYSCALL_REG_MAX_INFLIGHT:
        return s->max_entries;
    case ASYSCALL_REG_MAX_FDS:
        return ASYSCALL_MAX_FDS_PER_QUEUE_PAIR;
    case ASYSCALL_REG_CONTROL_RING:
    case ASYSCALL_REG_CONTROL_RING + 4:
        return half(s->control_ring, offset);
    case ASYSCALL_REG_CONTROL_SQ_ENTRIES:
        return s->control_sq_entries;
    case ASYSCALL_REG_CONTROL_CQ_ENTRIES:
        return s->control_cq_entries;
    case ASYSCALL_REG_FORWARD_RING:
    case ASYSCALL_REG_FORWARD_RING + 4:
        return half(s->forward_ring, offset);
    case ASYSCALL_REG_FORWARD_ENTRIES:
        return s->forward_entries;
    case ASYSCALL_REG_INTERRUPT_STATUS:
        return s->interrupt_status;
    case ASYSCALL_REG_LATENCY:
    case ASYSCALL_REG_LATENCY + 4:
        return half(s->latency, offset);
    case ASYSCALL_REG_POLL:
        return asyscall_socket_poll(s, s->poll_handle);
    default:
        qemu_log_mask(LOG_GUEST_ERROR,
                      "asyscall: read of register 0x%" HWADDR_PRIx "\n",
                      offset);
        return 0;
    }
}

static void asyscall_write_status(AsyscallState *s, uint32_t value)
{
    const uint32_t driver_bits =
        ASYSCALL_STATUS_ACKNOWLEDGE | ASYSCALL_STATUS_DRIVER |
        ASYSCALL_STATUS_FEATURES_OK | ASYSCALL_STATUS_DRIVER_OK |
        ASYSCALL_STATUS_FAILED;
    uint32_t added = value & driver_bits & ~s->status;

    trace_asyscall_status(s->status, value);
    if (!value) {
        asyscall_reset(s);
        return;
    }
    if (s->status & driver_bits & ~value) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "asyscall: status bits can only be added\n");
        return;
    }
    if ((added & ASYSCALL_STATUS_FEATURES_OK) &&
        (s->driver_features & ~s->device_features)) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "asyscall: unknown features 0x%" PRIx64 "\n",
                      s->driver_features & ~s->device_features);
        added &= ~ASYSCALL_STATUS_FEATURES_OK;
    }
    s->status |= added & ~ASYSCALL_STATUS_DRIVER_OK;
    if (!(added & ASYSCALL_STATUS_DRIVER_OK)) {
        return;
    }
    if (s->status & ASYSCALL_STATUS_NEEDS_RESET) {
        qemu_log_mask(LOG_GUEST_ERROR, "asyscall: only a reset leads on\n");
        return;
    }
    if (!(s->status & ASYSCALL_STATUS_FEATURES_OK)) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "asyscall: DRIVER_OK before FEATURES_OK\n");
        return;
    }
    s->status |= ASYSCALL_STATUS_DRIVER_OK;
    asyscall_start(s);
}

static void asyscall_register_write(AsyscallState *s, hwaddr offset,
                                    uint32_t value)
{
    bool configurable = !(s->status & ASYSCALL_STATUS_DRIVER_OK);

    switch (offset) {
    case ASYSCALL_REG_STATUS:
        asyscall_write_status(s, value);
        return;
    case ASYSCALL_REG_INTERRUPT_ACK:
        s->interrupt_status &= ~value;
        asyscall_update_irq(s);
        return;
    case ASYSCALL_REG_POLL:
        s->poll_handle = value;
        return;
    case ASYSCALL_REG_DRIVER_FEATURES:
    case ASYSCALL_REG_DRIVER_FEATURES + 4:
        if (!(s->status & ASYSCALL_STATUS_FEATURES_OK)) {
            set_half(&s->driver_features, offset, value);
            return;
        }
        break;
    case ASYSCALL_REG_CONTROL_RING:
    case ASYSCALL_REG_CONTROL_RING + 4:
        if (configurable) {
            set_half(&s->control_ring, offset, value);
            return;
        }
        break;
    case ASYSCALL_REG_CONTROL_SQ_ENTRIES:
        if (configurable) {
            s->control_sq_entries = value;
            return;
        }
        break;
    case ASYSCALL_REG_CONTROL_CQ_ENTRIES:
        if (configurable) {
            s->control_cq_entries = value;
            return;
        }
        break;
    case ASYSCALL_REG_FORWARD_RING:
    case ASYSCALL_REG_FORWARD_RING + 4:
        if (configurable) {
            set_half(&s->forward_ring, offset, value);
            return;
        }
        break;
    case ASYSCALL_REG_FORWARD_ENTRIES:
        if (configurable) {
            s->forward_entries = value;
            return;
        }
        break;
    }
    qemu_log_mask(LOG_GUEST_ERROR,
                  "asyscall: write of register 0x%" HWADDR_PRIx
                  " is not possible now\n",
                  offset);
}

static uint64_t asyscall_mmio_read(void *opaque, hwaddr address, unsigned size)
{
    AsyscallState *s = opaque;
    uint64_t value = 0; /* doorbells read as 0 */

    if (address < ASYSCALL_PAGE_SIZE) {
        value = asyscall_register_read(s, address);
        trace_asyscall_register_read(address, value);
    }
    return value;
}

static void asyscall_mmio_write(void *opaque, hwaddr address, uint64_t value,
                                unsigned size)
{
    AsyscallState *s = opaque;
    uint64_t page = address / ASYSCALL_PAGE_SIZE;

    if (!page) {
        trace_asyscall_register_write(address, value);
        asyscall_register_write(s, address, value);
        return;
    }
    switch (address % ASYSCALL_PAGE_SIZE) {
    case ASYSCALL_DOORBELL_SUBMIT:
        asyscall_qp_doorbell(&s->queue_pairs[page - 1]);
        break;
    case ASYSCALL_DOORBELL_FLUSH:
        asyscall_qp_flush(&s->queue_pairs[page - 1]);
        break;
    default:
        /* The second half of an 8-byte store comes here, too. */
        break;
    }
}

const MemoryRegionOps asyscall_mmio_ops = {
    .read = asyscall_mmio_read,
    .write = asyscall_mmio_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 8 },
    .impl = { .min_access_size = 4, .max_access_size = 4 },
};
