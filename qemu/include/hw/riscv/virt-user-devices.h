/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What user-level drivers need of the RISC-V virt machine:
 * -M virt,plic-user=on,second-uart=on. See docs/specs/riscv-user-devices.rst.
 */

#ifndef HW_RISCV_VIRT_USER_DEVICES_H
#define HW_RISCV_VIRT_USER_DEVICES_H

#include "hw/riscv/virt.h"

/*
 * The second UART: behind the virtio transports, alone in its page so that the
 * page can be given to a process. Its source at the first PLIC or APLIC.
 */
#define VIRT_UART1_BASE 0x10009000
#define VIRT_UART1_SIZE 0x100
#define VIRT_UART1_IRQ  13

void virt_user_devices_class_init(ObjectClass *oc);

/* Before there are harts. */
void virt_plic_user_check(RISCVVirtState *s, Error **errp);
/* Takes hart_config and returns what sifive_plic_create() is to be given. */
char *virt_plic_user_config(char *hart_config, int base_hartid, int hart_count,
                            uint64_t plic_size, Error **errp);
void virt_plic_user_extend_fdt(RISCVVirtState *s, const char *plic_name,
                               int socket, const uint32_t *intc_phandles);

void virt_second_uart_create(RISCVVirtState *s, DeviceState *irqchip);
void virt_second_uart_create_fdt(RISCVVirtState *s, uint32_t irqchip_phandle);

#endif
