/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall, the asynchronous system call device
 *
 * Registers, rings and commands: include/standard-headers/ouros/asyscall.h.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, then one doorbell page per queue pair
 *  + sysbus IRQ 0: level, to the kernel
 *  + properties: docs/specs/asyscall.rst
 */

#ifndef HW_MISC_ASYSCALL_H
#define HW_MISC_ASYSCALL_H

#include "hw/platform-bus.h"
#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_ASYSCALL "asyscall"
OBJECT_DECLARE_SIMPLE_TYPE(AsyscallState, ASYSCALL)

/*
 * Create the device tree node of @sbdev, which sits on @pbus, as a child of the
 * platform bus's node @parent, whose interrupts are numbered from @irq_start.
 */
void asyscall_create_fdt_node(SysBusDevice *sbdev, PlatformBusDevice *pbus,
                              void *fdt, const char *parent, int irq_start);

#endif
