/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The UINTC of the RISC-V virt machine: -M virt,uintc=on
 */

#ifndef HW_RISCV_VIRT_UINTC_H
#define HW_RISCV_VIRT_UINTC_H

#include "hw/riscv/virt.h"

/* Source of the wake list's interrupt at the first PLIC or APLIC. */
#define VIRT_UINTC_IRQ 12

void virt_uintc_class_init(ObjectClass *oc);
void virt_uintc_create(RISCVVirtState *s, DeviceState *irqchip);
void virt_uintc_create_fdt(RISCVVirtState *s, uint32_t irqchip_phandle);

#endif
