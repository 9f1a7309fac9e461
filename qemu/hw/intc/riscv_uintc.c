/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RISC-V UINTC (User-Interrupt Controller)
 *
 * After the RISC-V User-Interrupt Specification 0.1.1, with generations, a
 * wake list and refused sends added. Specification:
 * docs/specs/riscv-uintc.rst.
 *
 * Every write computes a receiver's next value and hands it to
 * riscv_uintc_update(), the one place that compares before and after. The
 * harts' lines and the wake list are therefore functions of the receivers
 * alone, whatever the order of accesses:
 *
 *   line of hart h = some receiver of h is active and has something pending
 *   on wake list   = not active, wake-enable set and something pending
 *
 * Everything here runs under the BQL, so an access is atomic to all others.
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qapi/error.h"
#include "hw/irq.h"
#include "hw/intc/intc.h"
#include "hw/intc/riscv_uintc.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "system/qtest.h"
#include "target/riscv/cpu.h"
#include "trace.h"

#define WAKE_HEAD OUROS_UINTC_RECEIVERS

QEMU_BUILD_BUG_ON(OUROS_UINTC_RECEIVERS * OUROS_UINTC_RECEIVER_SIZE !=
                  OUROS_UINTC_MAGIC);

static bool riscv_uintc_deliverable(const RISCVUINTCReceiver *r)
{
    return r->active && r->pending;
}

static bool riscv_uintc_wants_wake(const RISCVUINTCReceiver *r)
{
    return !r->active && r->wake_enable && r->pending;
}

static bool riscv_uintc_wake_list_empty(const RISCVUINTCState *s)
{
    return s->wake_next[WAKE_HEAD] == WAKE_HEAD;
}

static void riscv_uintc_wake_insert(RISCVUINTCState *s, uint16_t index)
{
    uint16_t last = s->wake_prev[WAKE_HEAD];

    s->wake_next[last] = index;
    s->wake_prev[index] = last;
    s->wake_next[index] = WAKE_HEAD;
    s->wake_prev[WAKE_HEAD] = index;
}

static void riscv_uintc_wake_remove(RISCVUINTCState *s, uint16_t index)
{
    s->wake_next[s->wake_prev[index]] = s->wake_next[index];
    s->wake_prev[s->wake_next[index]] = s->wake_prev[index];
}

static void riscv_uintc_set_line(RISCVUINTCState *s, uint16_t hart, int level)
{
    trace_riscv_uintc_line(hart, level);
    s->raised[hart] += level;
    qemu_set_irq(s->hart_irqs[hart], level);
}

/* Give receiver @index the value @next, and its consequences. Constant time. */
static void riscv_uintc_update(RISCVUINTCState *s, uint16_t index,
                               RISCVUINTCReceiver next)
{
    RISCVUINTCReceiver *r = &s->receivers[index];
    const RISCVUINTCReceiver old = *r;

    *r = next;

    /*
     * Add before taking away: a receiver that stays deliverable on the same
     * hart must not make its line fall and rise.
     */
    if (riscv_uintc_deliverable(&next) && s->deliverable[next.hart]++ == 0) {
        riscv_uintc_set_line(s, next.hart, 1);
    }
    if (riscv_uintc_deliverable(&old) && --s->deliverable[old.hart] == 0) {
        riscv_uintc_set_line(s, old.hart, 0);
    }

    if (riscv_uintc_wants_wake(&next) != riscv_uintc_wants_wake(&old)) {
        bool was_empty = riscv_uintc_wake_list_empty(s);
        bool empty;

        if (riscv_uintc_wants_wake(&next)) {
            trace_riscv_uintc_wake_queue(index);
            riscv_uintc_wake_insert(s, index);
        } else {
            riscv_uintc_wake_remove(s, index);
        }
        empty = riscv_uintc_wake_list_empty(s);
        if (empty != was_empty) {
            qemu_set_irq(s->wake_irq, !empty);
        }
    }
}

/*
 * A refused access changes nothing and is answered with an error: an access
 * fault for a load or store, a status in rd for `uipi`, a result code for a
 * device.
 */
static MemTxResult riscv_uintc_refuse(hwaddr addr, uint64_t value,
                                      const char *reason)
{
    trace_riscv_uintc_refuse(addr, value, reason);
    qemu_log_mask(LOG_GUEST_ERROR,
                  "riscv_uintc: 0x%" PRIx64 " to 0x%" HWADDR_PRIx
                  " refused: %s\n", value, addr, reason);
    return MEMTX_ERROR;
}

static MemTxResult riscv_uintc_send(RISCVUINTCState *s, uint16_t index,
                                    hwaddr addr, uint64_t value)
{
    RISCVUINTCReceiver next = s->receivers[index];
    uint16_t vector = value & OUROS_UINTC_SEND_VECTOR_MASK;
    uint16_t generation = value >> OUROS_UINTC_SEND_GENERATION_SHIFT;

    if (vector >= OUROS_UINTC_VECTORS) {
        return riscv_uintc_refuse(addr, value, "vector out of range");
    }
    /* A former sender of a slot that has a new owner: nobody's fault. */
    if (generation && generation != next.generation) {
        trace_riscv_uintc_stale(index, generation, next.generation);
        return MEMTX_ERROR;
    }

    trace_riscv_uintc_send(index, vector);
    next.pending |= 1ull << vector;
    riscv_uintc_update(s, index, next);
    return MEMTX_OK;
}

static uint64_t riscv_uintc_low(const RISCVUINTCReceiver *r)
{
    return (r->active ? OUROS_UINTC_LOW_ACTIVE : 0) |
           (r->mode64 ? OUROS_UINTC_LOW_MODE64 : 0) |
           (r->wake_enable ? OUROS_UINTC_LOW_WAKE_ENABLE : 0) |
           (uint64_t)r->hart << OUROS_UINTC_LOW_HART_SHIFT |
           (uint64_t)r->generation << OUROS_UINTC_LOW_GENERATION_SHIFT;
}

static MemTxResult riscv_uintc_write_low(RISCVUINTCState *s, uint16_t index,
                                         hwaddr addr, uint64_t value)
{
    RISCVUINTCReceiver next = {
        .pending = s->receivers[index].pending,
        .active = value & OUROS_UINTC_LOW_ACTIVE,
        .mode64 = value & OUROS_UINTC_LOW_MODE64,
        .wake_enable = value & OUROS_UINTC_LOW_WAKE_ENABLE,
        .hart = value >> OUROS_UINTC_LOW_HART_SHIFT,
        .generation = value >> OUROS_UINTC_LOW_GENERATION_SHIFT,
    };

    if (next.hart >= s->num_harts) {
        return riscv_uintc_refuse(addr, value, "no such hart");
    }
    if (next.generation != s->receivers[index].generation &&
        !(value & OUROS_UINTC_LOW_KEEP)) {
        next.pending = 0;
    }

    trace_riscv_uintc_write_low(index, value);
    riscv_uintc_update(s, index, next);
    return MEMTX_OK;
}

/*
 * The list is the guest's only way to learn who is to be woken, so taking a
 * receiver off it also disarms that receiver: it is not seen again before the
 * kernel asks for it.
 */
static uint32_t riscv_uintc_take_wake(RISCVUINTCState *s)
{
    uint16_t index = s->wake_next[WAKE_HEAD];
    RISCVUINTCReceiver next;

    if (index == WAKE_HEAD) {
        return 0;
    }
    next = s->receivers[index];
    next.wake_enable = false;
    riscv_uintc_update(s, index, next);
    trace_riscv_uintc_wake_take(index);
    return OUROS_UINTC_WAKE_VALID | index;
}

static uint64_t riscv_uintc_read_global(RISCVUINTCState *s, hwaddr addr,
                                        bool debug)
{
    switch (addr) {
    case OUROS_UINTC_MAGIC:
        return OUROS_UINTC_MAGIC_VALUE;
    case OUROS_UINTC_VERSION:
        return 1;
    case OUROS_UINTC_CAPACITY:
        return s->num_receivers;
    case OUROS_UINTC_WAKE:
        return debug ? 0 : riscv_uintc_take_wake(s);
    default:
        qemu_log_mask(LOG_GUEST_ERROR,
                      "riscv_uintc: read of reserved register 0x%"
                      HWADDR_PRIx "\n", addr);
        return 0;
    }
}

/* Which bits of a 64-bit register an access is to: RV32 has half at a time. */
static uint64_t riscv_uintc_bits(hwaddr addr, unsigned size)
{
    return size == 8 ? UINT64_MAX : (uint64_t)UINT32_MAX << (addr & 4) * 8;
}

static MemTxResult riscv_uintc_read(void *opaque, hwaddr addr, uint64_t *data,
                                    unsigned size, MemTxAttrs attrs)
{
    RISCVUINTCState *s = opaque;
    uint16_t index = addr / OUROS_UINTC_RECEIVER_SIZE;
    uint64_t bits = riscv_uintc_bits(addr, size);
    RISCVUINTCReceiver next;

    if (index >= OUROS_UINTC_RECEIVERS) {
        *data = riscv_uintc_read_global(s, addr, attrs.debug);
        return MEMTX_OK;
    }
    if (index >= s->num_receivers) {
        *data = 0;
        return MEMTX_OK;
    }

    next = s->receivers[index];
    switch (addr % OUROS_UINTC_RECEIVER_SIZE & ~7) {
    case OUROS_UINTC_SEND:
        *data = 0;
        break;
    case OUROS_UINTC_LOW:
        *data = riscv_uintc_low(&next);
        break;
    case OUROS_UINTC_HIGH:
        *data = next.pending;
        /* A debugger that looks must not take the guest's interrupts. */
        if (!attrs.debug) {
            trace_riscv_uintc_take(index, next.pending & bits);
            next.pending &= ~bits;
            riscv_uintc_update(s, index, next);
        }
        break;
    case OUROS_UINTC_ACTIVE:
        *data = next.active;
        break;
    default:
        g_assert_not_reached();
    }
    *data = (*data & bits) >> ctz64(bits);
    return MEMTX_OK;
}

static MemTxResult riscv_uintc_write(void *opaque, hwaddr addr, uint64_t value,
                                     unsigned size, MemTxAttrs attrs)
{
    RISCVUINTCState *s = opaque;
    uint16_t index = addr / OUROS_UINTC_RECEIVER_SIZE;
    uint64_t bits = riscv_uintc_bits(addr, size);
    RISCVUINTCReceiver next;

    if (index >= s->num_receivers) {
        /*
         * Also where a send to a receiver beyond the last one arrives: it must
         * not look as if it had been delivered.
         */
        return riscv_uintc_refuse(addr, value, "register is not writable");
    }

    next = s->receivers[index];
    value <<= ctz64(bits);
    switch (addr % OUROS_UINTC_RECEIVER_SIZE & ~7) {
    case OUROS_UINTC_SEND:
        return riscv_uintc_send(s, index, addr, value);
    case OUROS_UINTC_LOW:
        value |= riscv_uintc_low(&next) & ~bits;
        /* The generation by itself: keep, which is in the other half, is set. */
        if (!(bits & OUROS_UINTC_LOW_KEEP)) {
            value |= OUROS_UINTC_LOW_KEEP;
        }
        return riscv_uintc_write_low(s, index, addr, value);
    case OUROS_UINTC_HIGH:
        trace_riscv_uintc_write_high(index, value);
        next.pending = value ? next.pending | value : next.pending & ~bits;
        break;
    case OUROS_UINTC_ACTIVE:
        next.active = (bits & 1) ? value & 1 : next.active;
        trace_riscv_uintc_active(index, next.active);
        break;
    default:
        g_assert_not_reached();
    }
    riscv_uintc_update(s, index, next);
    return MEMTX_OK;
}

static bool riscv_uintc_accepts(void *opaque, hwaddr addr, unsigned size,
                                bool is_write, MemTxAttrs attrs)
{
    if (addr >= OUROS_UINTC_MAGIC) {
        return size == 4;
    }
    /* The upper half of SEND would say nothing. */
    return !(is_write && size == 4 &&
             addr % OUROS_UINTC_RECEIVER_SIZE == OUROS_UINTC_SEND + 4);
}

static const MemoryRegionOps riscv_uintc_ops = {
    .read_with_attrs = riscv_uintc_read,
    .write_with_attrs = riscv_uintc_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {
        .min_access_size = 4,
        .max_access_size = 8,
        .accepts = riscv_uintc_accepts,
    },
    .impl = {
        .min_access_size = 4,
        .max_access_size = 8,
    },
};

static bool riscv_uintc_get_statistics(InterruptStatsProvider *obj,
                                       uint64_t **irq_counts,
                                       unsigned int *nb_irqs)
{
    RISCVUINTCState *s = RISCV_UINTC(obj);

    *irq_counts = s->raised;
    *nb_irqs = s->num_harts;
    return true;
}

static void riscv_uintc_print_info(InterruptStatsProvider *obj, GString *buf)
{
    RISCVUINTCState *s = RISCV_UINTC(obj);
    unsigned i;

    for (i = 0; i < s->num_harts; i++) {
        g_string_append_printf(buf, "hart %u: line %s, raised %" PRIu64 "\n", i,
                               s->deliverable[i] ? "high" : "low",
                               s->raised[i]);
    }
    for (i = 0; i < OUROS_UINTC_RECEIVERS; i++) {
        const RISCVUINTCReceiver *r = &s->receivers[i];

        if (riscv_uintc_low(r) || r->pending) {
            g_string_append_printf(buf, "receiver %u: generation %u hart %u%s%s"
                                   " pending 0x%016" PRIx64 "\n", i,
                                   r->generation, r->hart,
                                   r->active ? " active" : "",
                                   r->wake_enable ? " wake-enable" : "",
                                   r->pending);
        }
    }
    g_string_append(buf, "wake list:");
    for (i = s->wake_next[WAKE_HEAD]; i != WAKE_HEAD; i = s->wake_next[i]) {
        g_string_append_printf(buf, " %u", i);
    }
    g_string_append_c(buf, '\n');
}

static void riscv_uintc_clear_wake_list(RISCVUINTCState *s)
{
    s->wake_next[WAKE_HEAD] = WAKE_HEAD;
    s->wake_prev[WAKE_HEAD] = WAKE_HEAD;
}

static void riscv_uintc_reset_enter(Object *obj, ResetType type)
{
    RISCVUINTCState *s = RISCV_UINTC(obj);

    memset(s->receivers, 0, sizeof(s->receivers));
    memset(s->deliverable, 0, s->num_harts * sizeof(*s->deliverable));
    memset(s->raised, 0, s->num_harts * sizeof(*s->raised));
    riscv_uintc_clear_wake_list(s);
}

static void riscv_uintc_reset_hold(Object *obj, ResetType type)
{
    RISCVUINTCState *s = RISCV_UINTC(obj);
    unsigned i;

    for (i = 0; i < s->num_harts; i++) {
        qemu_set_irq(s->hart_irqs[i], 0);
    }
    qemu_set_irq(s->wake_irq, 0);
}

static int riscv_uintc_pre_save(void *opaque)
{
    RISCVUINTCState *s = opaque;
    uint16_t i;

    s->wake_count = 0;
    for (i = s->wake_next[WAKE_HEAD]; i != WAKE_HEAD; i = s->wake_next[i]) {
        s->wake_order[s->wake_count++] = i;
    }
    return 0;
}

/*
 * The stream is not trusted: it must describe a state that the device can be
 * in. The lines themselves are in the state of the harts and of the interrupt
 * controller.
 */
static int riscv_uintc_post_load(void *opaque, int version_id)
{
    RISCVUINTCState *s = opaque;
    unsigned i, waiting = 0;

    memset(s->deliverable, 0, s->num_harts * sizeof(*s->deliverable));
    for (i = 0; i < OUROS_UINTC_RECEIVERS; i++) {
        const RISCVUINTCReceiver *r = &s->receivers[i];

        if (r->hart >= s->num_harts) {
            return -EINVAL;
        }
        if (i >= s->num_receivers && (riscv_uintc_low(r) || r->pending)) {
            return -EINVAL;
        }
        s->deliverable[r->hart] += riscv_uintc_deliverable(r);
        waiting += riscv_uintc_wants_wake(r);
    }

    if (s->wake_count != waiting) {
        return -EINVAL;
    }
    riscv_uintc_clear_wake_list(s);
    for (i = 0; i < s->wake_count; i++) {
        uint16_t index = s->wake_order[i];
        unsigned j;

        if (index >= OUROS_UINTC_RECEIVERS ||
            !riscv_uintc_wants_wake(&s->receivers[index])) {
            return -EINVAL;
        }
        for (j = 0; j < i; j++) {
            if (s->wake_order[j] == index) {
                return -EINVAL;
            }
        }
        riscv_uintc_wake_insert(s, index);
    }
    return 0;
}

static const VMStateDescription vmstate_riscv_uintc_receiver = {
    .name = "riscv_uintc/receiver",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(pending, RISCVUINTCReceiver),
        VMSTATE_UINT16(generation, RISCVUINTCReceiver),
        VMSTATE_UINT16(hart, RISCVUINTCReceiver),
        VMSTATE_BOOL(active, RISCVUINTCReceiver),
        VMSTATE_BOOL(mode64, RISCVUINTCReceiver),
        VMSTATE_BOOL(wake_enable, RISCVUINTCReceiver),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_riscv_uintc = {
    .name = "riscv_uintc",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = riscv_uintc_pre_save,
    .post_load = riscv_uintc_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_ARRAY(receivers, RISCVUINTCState, OUROS_UINTC_RECEIVERS,
                             1, vmstate_riscv_uintc_receiver,
                             RISCVUINTCReceiver),
        VMSTATE_UINT16(wake_count, RISCVUINTCState),
        VMSTATE_UINT16_ARRAY(wake_order, RISCVUINTCState,
                             OUROS_UINTC_RECEIVERS),
        VMSTATE_END_OF_LIST()
    }
};

static void riscv_uintc_realize(DeviceState *dev, Error **errp)
{
    RISCVUINTCState *s = RISCV_UINTC(dev);
    SysBusDevice *sbd = SYS_BUS_DEVICE(dev);

    /* A receiver's hart field has 16 bits. */
    if (s->num_harts == 0 || s->num_harts > UINT16_MAX) {
        error_setg(errp, "num-harts must be 1 .. %u", UINT16_MAX);
        return;
    }
    if (s->num_receivers == 0 || s->num_receivers > OUROS_UINTC_RECEIVERS) {
        error_setg(errp, "receivers must be 1 .. %u", OUROS_UINTC_RECEIVERS);
        return;
    }

    memory_region_init_io(&s->mmio, OBJECT(dev), &riscv_uintc_ops, s,
                          TYPE_RISCV_UINTC, OUROS_UINTC_SIZE);
    sysbus_init_mmio(sbd, &s->mmio);
    sysbus_init_irq(sbd, &s->wake_irq);

    s->hart_irqs = g_new0(qemu_irq, s->num_harts);
    s->deliverable = g_new0(uint32_t, s->num_harts);
    s->raised = g_new0(uint64_t, s->num_harts);
    qdev_init_gpio_out(dev, s->hart_irqs, s->num_harts);
    riscv_uintc_clear_wake_list(s);
}

static const Property riscv_uintc_properties[] = {
    DEFINE_PROP_UINT32("num-harts", RISCVUINTCState, num_harts, 1),
    DEFINE_PROP_UINT32("receivers", RISCVUINTCState, num_receivers,
                       OUROS_UINTC_RECEIVERS),
};

static void riscv_uintc_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    InterruptStatsProviderClass *ic = INTERRUPT_STATS_PROVIDER_CLASS(klass);

    dc->desc = "RISC-V user-interrupt controller";
    dc->realize = riscv_uintc_realize;
    dc->vmsd = &vmstate_riscv_uintc;
    device_class_set_props(dc, riscv_uintc_properties);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    rc->phases.enter = riscv_uintc_reset_enter;
    rc->phases.hold = riscv_uintc_reset_hold;
    ic->get_statistics = riscv_uintc_get_statistics;
    ic->print_info = riscv_uintc_print_info;
}

static const TypeInfo riscv_uintc_info = {
    .name = TYPE_RISCV_UINTC,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(RISCVUINTCState),
    .class_init = riscv_uintc_class_init,
    .interfaces = (InterfaceInfo[]) {
        { TYPE_INTERRUPT_STATS_PROVIDER },
        { }
    },
};

static void riscv_uintc_register_types(void)
{
    type_register_static(&riscv_uintc_info);
}

type_init(riscv_uintc_register_types)

DeviceState *riscv_uintc_create(hwaddr addr, uint32_t num_harts,
                                qemu_irq wake_irq, Error **errp)
{
    DeviceState *dev;
    uint32_t i;

    for (i = 0; i < num_harts; i++) {
        /* CPU features have no properties under the qtest accelerator. */
        if (!qtest_enabled() &&
            !object_property_get_bool(OBJECT(cpu_by_arch_id(i)), "n", NULL)) {
            error_setg(errp, "UINTC needs harts with user interrupts: "
                       "add n=on to -cpu");
            return NULL;
        }
    }

    dev = qdev_new(TYPE_RISCV_UINTC);
    object_property_add_child(qdev_get_machine(), "uintc-device",
                              OBJECT(dev));
    qdev_prop_set_uint32(dev, "num-harts", num_harts);
    if (!sysbus_realize_and_unref(SYS_BUS_DEVICE(dev), errp)) {
        return NULL;
    }
    sysbus_mmio_map(SYS_BUS_DEVICE(dev), 0, addr);
    sysbus_connect_irq(SYS_BUS_DEVICE(dev), 0, wake_irq);
    for (i = 0; i < num_harts; i++) {
        qdev_connect_gpio_out(dev, i,
                              qdev_get_gpio_in(DEVICE(cpu_by_arch_id(i)),
                                               IRQ_U_SOFT));
    }
    return dev;
}
