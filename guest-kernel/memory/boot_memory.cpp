// SPDX-License-Identifier: BSD-2-Clause
//
// Finds the free RAM: what the device tree calls memory, less the kernel, the firmware, the
// initramfs and the device tree itself.
#include "memory/boot_memory.h"

#include "device-tree/machine.h"
#include "memory/pages.h"

extern "C" char kernel_end[];

namespace kernel {

namespace {

constexpr unsigned max_holes = machine_description::max_reserved + 4;

struct hole {
    physical_address start, end;
};
hole holes[max_holes];
unsigned hole_count;

void add_hole(physical_address start, physical_address end) {
    start &= ~(page_size - 1);
    end = (end + page_size - 1) & ~(page_size - 1);
    if (start >= end)
        return;
    unsigned i = hole_count++;
    for (; i > 0 && holes[i - 1].start > start; i--)
        holes[i] = holes[i - 1];
    holes[i] = {start, end};
}

template <class F>
void each_free_range(F&& use) {
    physical_address at = machine.memory.start;
    for (unsigned i = 0; i <= hole_count; i++) {
        physical_address end = i < hole_count ? holes[i].start : machine.memory.end();
        if (end > machine.memory.end())
            end = machine.memory.end();
        if (at < end)
            use(at, end);
        if (i < hole_count && holes[i].end > at)
            at = holes[i].end;
    }
}

} // namespace

bool boot_memory_start() {
    // Below the kernel is the firmware, whether or not the device tree says so.
    add_hole(machine.memory.start, to_physical(kernel_end));
    add_hole(machine.tree.start, machine.tree.end());
    add_hole(machine.initrd.start, machine.initrd.end());
    for (unsigned i = 0; i < machine.reserved_count; i++)
        add_hole(machine.reserved[i].start, machine.reserved[i].end());

    physical_address start = to_physical(kernel_end);
    size_t tables = page_allocator_tables_size(start, machine.memory.end());
    physical_address room = 0;
    each_free_range([&](physical_address from, physical_address to) {
        if (!room && to - from >= tables)
            room = from;
    });
    if (!room)
        return false;
    add_hole(room, room + tables);
    page_allocator_start(start, machine.memory.end(), from_physical(room));
    each_free_range(page_allocator_add);
    return true;
}

} // namespace kernel
