/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The UINTC of the RISC-V virt machine: -M virt,uintc=on
 *
 * With uintc=off, the default, nothing here changes the machine, its device
 * tree or its migration stream.
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qapi/error.h"
#include "hw/irq.h"
#include "hw/intc/riscv_uintc.h"
#include "hw/riscv/virt-uintc.h"
#include "system/device_tree.h"
#include "system/qtest.h"
#include "system/tcg.h"

static bool virt_get_uintc(Object *obj, Error **errp)
{
    return RISCV_VIRT_MACHINE(obj)->have_uintc;
}

static void virt_set_uintc(Object *obj, bool value, Error **errp)
{
    RISCV_VIRT_MACHINE(obj)->have_uintc = value;
}

void virt_uintc_class_init(ObjectClass *oc)
{
    object_class_property_add_bool(oc, "uintc", virt_get_uintc,
                                   virt_set_uintc);
    object_class_property_set_description(oc, "uintc",
                                          "(TCG only) Set on/off to "
                                          "enable/disable the user-interrupt "
                                          "controller (UINTC)");
}

void virt_uintc_create(RISCVVirtState *s, DeviceState *irqchip)
{
    if (!s->have_uintc) {
        return;
    }
    if (!tcg_enabled() && !qtest_enabled()) {
        error_report("'uintc' is only available with TCG acceleration");
        exit(1);
    }
    riscv_uintc_create(OUROS_UINTC_BASE, MACHINE(s)->smp.cpus,
                       qdev_get_gpio_in(irqchip, VIRT_UINTC_IRQ),
                       &error_fatal);
}

void virt_uintc_create_fdt(RISCVVirtState *s, uint32_t irqchip_phandle)
{
    void *fdt = MACHINE(s)->fdt;
    g_autofree char *name = NULL;
    Object *uintc;

    if (!s->have_uintc) {
        return;
    }

    name = g_strdup_printf("/soc/uintc@%x", OUROS_UINTC_BASE);
    qemu_fdt_add_subnode(fdt, name);
    qemu_fdt_setprop_string(fdt, name, "compatible", OUROS_UINTC_COMPATIBLE);
    qemu_fdt_setprop_cells(fdt, name, "reg",
                           0x0, OUROS_UINTC_BASE, 0x0, OUROS_UINTC_SIZE);
    qemu_fdt_setprop_cell(fdt, name, "interrupt-parent", irqchip_phandle);
    if (s->aia_type == VIRT_AIA_TYPE_NONE) {
        qemu_fdt_setprop_cell(fdt, name, "interrupts", VIRT_UINTC_IRQ);
    } else {
        /* An APLIC's second cell is the type, Linux's: level, high. */
        qemu_fdt_setprop_cells(fdt, name, "interrupts", VIRT_UINTC_IRQ, 0x4);
    }
    uintc = object_property_get_link(OBJECT(s), "uintc-device", &error_abort);
    qemu_fdt_setprop_cell(fdt, name, "ouros,receivers",
                          object_property_get_uint(uintc, "receivers",
                                                   &error_abort));
}
