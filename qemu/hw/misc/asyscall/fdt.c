/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall's device tree node on the platform bus
 */

#include "qemu/osdep.h"
#include <libfdt.h>
#include "qapi/error.h"
#include "hw/misc/asyscall.h"
#include "standard-headers/ouros/asyscall.h"
#include "system/device_tree.h"

/* How many cells an interrupt of @node's devices takes. */
static uint32_t fdt_interrupt_cells(void *fdt, const char *node)
{
    uint32_t phandle = qemu_fdt_getprop_cell(fdt, node, "interrupt-parent",
                                             NULL, &error_fatal);
    int offset = fdt_node_offset_by_phandle(fdt, phandle);
    const fdt32_t *cells = fdt_getprop(fdt, offset, "#interrupt-cells", NULL);

    return cells ? fdt32_to_cpu(*cells) : 1;
}

void asyscall_create_fdt_node(SysBusDevice *sbdev, PlatformBusDevice *pbus,
                              void *fdt, const char *parent, int irq_start)
{
    hwaddr base = platform_bus_get_mmio_addr(pbus, sbdev, 0);
    uint64_t size = memory_region_size(sysbus_mmio_get_region(sbdev, 0));
    uint32_t irq = irq_start + platform_bus_get_irqn(pbus, sbdev, 0);
    g_autofree char *name = g_strdup_printf("%s/asyscall@%" HWADDR_PRIx,
                                            parent, base);

    qemu_fdt_add_subnode(fdt, name);
    qemu_fdt_setprop_string(fdt, name, "compatible", ASYSCALL_COMPATIBLE);
    qemu_fdt_setprop_cells(fdt, name, "reg", base, size);
    if (fdt_interrupt_cells(fdt, parent) == 1) {
        qemu_fdt_setprop_cell(fdt, name, "interrupts", irq);
    } else {
        /* An APLIC's second cell is the type, Linux's: level, high. */
        qemu_fdt_setprop_cells(fdt, name, "interrupts", irq, 0x4);
    }
}
