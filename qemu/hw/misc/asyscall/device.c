/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall, the asynchronous system call device: identity, properties and reset
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qapi/error.h"
#include "hw/irq.h"
#include "hw/misc/asyscall.h"
#include "hw/qdev-properties.h"
#include "standard-headers/ouros/asyscall.h"
#include "trace.h"

/* Bounded by what the platform bus's window of 32 MiB can hold. */
#define ASYSCALL_QUEUE_PAIRS_MAX 4096

static uint64_t asyscall_read(void *opaque, hwaddr addr, unsigned size)
{
    AsyscallState *s = opaque;

    switch (addr) {
    case ASYSCALL_REG_MAGIC:
        return ASYSCALL_MAGIC;
    case ASYSCALL_REG_VERSION:
        return ASYSCALL_VERSION;
    case ASYSCALL_REG_QUEUE_PAIRS:
        return s->queue_pairs;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "asyscall: read of 0x%" HWADDR_PRIx "\n",
                      addr);
        return 0;
    }
}

static void asyscall_write(void *opaque, hwaddr addr, uint64_t value,
                           unsigned size)
{
    qemu_log_mask(LOG_GUEST_ERROR, "asyscall: write of 0x%" PRIx64 " to 0x%"
                  HWADDR_PRIx "\n", value, addr);
}

static const MemoryRegionOps asyscall_ops = {
    .read = asyscall_read,
    .write = asyscall_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 8,
    .impl.min_access_size = 4,
    .impl.max_access_size = 8,
};

static void asyscall_reset_hold(Object *obj, ResetType type)
{
    trace_asyscall_reset();
    qemu_set_irq(ASYSCALL(obj)->irq, 0);
}

static void asyscall_realize(DeviceState *dev, Error **errp)
{
    AsyscallState *s = ASYSCALL(dev);
    SysBusDevice *sbd = SYS_BUS_DEVICE(dev);

    if (s->queue_pairs < 2 || s->queue_pairs > ASYSCALL_QUEUE_PAIRS_MAX) {
        error_setg(errp, "queue-pairs must be 2 .. %u",
                   ASYSCALL_QUEUE_PAIRS_MAX);
        return;
    }
    memory_region_init_io(&s->mmio, OBJECT(dev), &asyscall_ops, s,
                          TYPE_ASYSCALL,
                          (s->queue_pairs + 1ull) * ASYSCALL_PAGE_SIZE);
    sysbus_init_mmio(sbd, &s->mmio);
    sysbus_init_irq(sbd, &s->irq);
}

static const Property asyscall_properties[] = {
    DEFINE_PROP_UINT32("queue-pairs", AsyscallState, queue_pairs, 64),
};

static void asyscall_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "asynchronous system call device";
    dc->realize = asyscall_realize;
    device_class_set_props(dc, asyscall_properties);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    rc->phases.hold = asyscall_reset_hold;
}

static const TypeInfo asyscall_info = {
    .name = TYPE_ASYSCALL,
    .parent = TYPE_DYNAMIC_SYS_BUS_DEVICE,
    .instance_size = sizeof(AsyscallState),
    .class_init = asyscall_class_init,
};

static void asyscall_register_types(void)
{
    type_register_static(&asyscall_info);
}

type_init(asyscall_register_types)
