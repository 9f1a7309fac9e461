/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What user-level drivers need of the RISC-V virt machine:
 *
 *   -M virt,plic-user=on    a context for U mode per hart in the PLIC
 *   -M virt,second-uart=on  an ns16550a with a page of its own
 *
 * With both off, the default, nothing here changes the machine, its device
 * tree or its migration stream.
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qapi/error.h"
#include "exec/address-spaces.h"
#include "hw/char/serial-mm.h"
#include "hw/irq.h"
#include "hw/riscv/virt-user-devices.h"
#include "system/device_tree.h"
#include "system/qtest.h"
#include "system/system.h"
#include "system/tcg.h"
#include "target/riscv/cpu.h"

static bool virt_get_plic_user(Object *obj, Error **errp)
{
    return RISCV_VIRT_MACHINE(obj)->plic_user;
}

static void virt_set_plic_user(Object *obj, bool value, Error **errp)
{
    RISCV_VIRT_MACHINE(obj)->plic_user = value;
}

static bool virt_get_second_uart(Object *obj, Error **errp)
{
    return RISCV_VIRT_MACHINE(obj)->second_uart;
}

static void virt_set_second_uart(Object *obj, bool value, Error **errp)
{
    RISCV_VIRT_MACHINE(obj)->second_uart = value;
}

void virt_user_devices_class_init(ObjectClass *oc)
{
    object_class_property_add_bool(oc, "plic-user", virt_get_plic_user,
                                   virt_set_plic_user);
    object_class_property_set_description(oc, "plic-user",
                                          "(TCG only) Set on/off to "
                                          "enable/disable the PLIC's contexts "
                                          "for U mode");
    object_class_property_add_bool(oc, "second-uart", virt_get_second_uart,
                                   virt_set_second_uart);
    object_class_property_set_description(oc, "second-uart",
                                          "Set on/off to enable/disable a "
                                          "second ns16550a, for the second "
                                          "-serial");
}

void virt_plic_user_check(RISCVVirtState *s, Error **errp)
{
    if (!s->plic_user) {
        return;
    }
    if (!tcg_enabled() && !qtest_enabled()) {
        error_setg(errp, "'plic-user' is only available with TCG acceleration");
    } else if (s->aia_type != VIRT_AIA_TYPE_NONE) {
        error_setg(errp, "'plic-user' needs a PLIC: add aia=none to -machine");
    }
}

/*
 * "MS,MS;U,U": the contexts for U mode come last, so that those for M and S mode
 * keep their numbers. Harts without S mode have a context for it too: the device
 * tree lists it, and has the right numbers for what follows.
 *
 * The harts of the socket exist by now.
 */
char *virt_plic_user_config(char *hart_config, int base_hartid, int hart_count,
                            uint64_t plic_size, Error **errp)
{
    GString *config;

    if (!RISCV_VIRT_MACHINE(qdev_get_machine())->plic_user) {
        return hart_config;
    }
    if (VIRT_PLIC_SIZE(hart_count * 3) > plic_size) {
        error_setg(errp, "'plic-user' has room for %u harts per socket",
                   (unsigned)((plic_size - VIRT_PLIC_CONTEXT_BASE) /
                              (3 * VIRT_PLIC_CONTEXT_STRIDE)));
        return hart_config;
    }
    for (int i = 0; i < hart_count; i++) {
        Object *cpu = OBJECT(cpu_by_arch_id(base_hartid + i));

        /* CPU features have no properties under the qtest accelerator. */
        if (!qtest_enabled() && !object_property_get_bool(cpu, "n", NULL)) {
            error_setg(errp, "'plic-user' needs harts with user interrupts: "
                       "add n=on to -cpu");
            return hart_config;
        }
    }

    g_free(hart_config);
    config = g_string_new("MS");
    for (int i = 1; i < hart_count; i++) {
        g_string_append(config, ",MS");
    }
    for (int i = 0; i < hart_count; i++) {
        g_string_append(config, i ? ",U" : ";U");
    }
    return g_string_free(config, false);
}

/* The PLIC's node lists M and S contexts so far, in the order of the numbers. */
void virt_plic_user_extend_fdt(RISCVVirtState *s, const char *plic_name,
                               int socket, const uint32_t *intc_phandles)
{
    void *fdt = MACHINE(s)->fdt;
    unsigned harts = s->soc[socket].num_harts;
    g_autofree uint32_t *cells = NULL;
    const void *present;
    int size;

    if (!s->plic_user) {
        return;
    }
    present = qemu_fdt_getprop(fdt, plic_name, "interrupts-extended", &size,
                               &error_fatal);
    cells = g_malloc(size + harts * 2 * sizeof(uint32_t));
    memcpy(cells, present, size);
    for (unsigned i = 0; i < harts; i++) {
        uint32_t *entry = cells + size / sizeof(uint32_t) + 2 * i;

        entry[0] = cpu_to_be32(intc_phandles[i]);
        entry[1] = cpu_to_be32(IRQ_U_EXT);
    }
    qemu_fdt_setprop(fdt, plic_name, "interrupts-extended", cells,
                     size + harts * 2 * sizeof(uint32_t));
}

void virt_second_uart_create(RISCVVirtState *s, DeviceState *irqchip)
{
    if (s->second_uart) {
        /* Clocked as the first one is. */
        serial_mm_init(get_system_memory(), VIRT_UART1_BASE, 0,
                       qdev_get_gpio_in(irqchip, VIRT_UART1_IRQ), 399193,
                       serial_hd(1), DEVICE_LITTLE_ENDIAN);
    }
}

/*
 * To be called before the node of the first one is made: libfdt puts a new node
 * in front, and the first UART in the tree is the console's to simple readers.
 */
void virt_second_uart_create_fdt(RISCVVirtState *s, uint32_t irqchip_phandle)
{
    void *fdt = MACHINE(s)->fdt;
    g_autofree char *name = NULL;

    if (!s->second_uart) {
        return;
    }
    name = g_strdup_printf("/soc/serial@%x", VIRT_UART1_BASE);
    qemu_fdt_add_subnode(fdt, name);
    qemu_fdt_setprop_string(fdt, name, "compatible", "ns16550a");
    qemu_fdt_setprop_cells(fdt, name, "reg",
                           0x0, VIRT_UART1_BASE, 0x0, VIRT_UART1_SIZE);
    qemu_fdt_setprop_cell(fdt, name, "clock-frequency", 3686400);
    qemu_fdt_setprop_cell(fdt, name, "interrupt-parent", irqchip_phandle);
    if (s->aia_type == VIRT_AIA_TYPE_NONE) {
        qemu_fdt_setprop_cell(fdt, name, "interrupts", VIRT_UART1_IRQ);
    } else {
        /* An APLIC's second cell is the type, Linux's: level, high. */
        qemu_fdt_setprop_cells(fdt, name, "interrupts", VIRT_UART1_IRQ, 0x4);
    }
    qemu_fdt_setprop_string(fdt, "/aliases", "serial1", name);
}
