/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RISC-V UINTC (User-Interrupt Controller)
 *
 * Registers: include/standard-headers/ouros/uintc.h. Flow:
 * docs/specs/riscv-uintc.rst.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the receivers and, behind them, the global registers
 *  + sysbus IRQ 0: level, the wake list is not empty
 *  + unnamed GPIO outputs, one per hart: level, its user software interrupt
 *  + property "num-harts": harts 0 .. num-harts - 1 can be named in a receiver
 *  + property "receivers": how many there are
 */

#ifndef HW_INTC_RISCV_UINTC_H
#define HW_INTC_RISCV_UINTC_H

#include "hw/sysbus.h"
#include "qom/object.h"
#include "standard-headers/ouros/uintc.h"

#define TYPE_RISCV_UINTC "riscv.uintc"
OBJECT_DECLARE_SIMPLE_TYPE(RISCVUINTCState, RISCV_UINTC)

typedef struct RISCVUINTCReceiver {
    uint64_t pending;
    uint16_t generation;
    uint16_t hart;
    bool active;
    bool mode64;
    bool wake_enable;
} RISCVUINTCReceiver;

struct RISCVUINTCState {
    /*< private >*/
    SysBusDevice parent_obj;

    /*< public >*/
    MemoryRegion mmio;
    qemu_irq wake_irq;
    qemu_irq *hart_irqs;
    uint32_t num_harts;
    uint32_t num_receivers;

    RISCVUINTCReceiver receivers[OUROS_UINTC_RECEIVERS];

    /*
     * Derived from the receivers: how many of each hart's are active with
     * something pending. The hart's line is high while this is not zero, so a
     * send costs the same however many receivers there are.
     */
    uint32_t *deliverable;
    uint64_t *raised;           /* rising edges per hart, for "info irq" */

    /*
     * The wake list in order of arrival, linked both ways so that a receiver
     * which is activated or freed leaves it at once. Index
     * OUROS_UINTC_RECEIVERS is the list's head.
     */
    uint16_t wake_next[OUROS_UINTC_RECEIVERS + 1];
    uint16_t wake_prev[OUROS_UINTC_RECEIVERS + 1];

    /* The list as migrated: first to last. */
    uint16_t wake_order[OUROS_UINTC_RECEIVERS];
    uint16_t wake_count;
};

/*
 * Create a UINTC at @addr and connect the user software interrupt of the harts
 * with ids 0 .. @num_harts - 1, which must have the N extension. Returns NULL
 * with @errp set if they do not.
 */
DeviceState *riscv_uintc_create(hwaddr addr, uint32_t num_harts,
                                qemu_irq wake_irq, Error **errp);

#endif
