/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For targets that have a platform bus but no asyscall device
 */

#include "qemu/osdep.h"
#include "hw/misc/asyscall.h"

void asyscall_create_fdt_node(SysBusDevice *sbdev, PlatformBusDevice *pbus,
                              void *fdt, const char *parent, int irq_start)
{
    g_assert_not_reached();
}
