// SPDX-License-Identifier: BSD-2-Clause
//
// maps, statm, cmdline and environ. A zombie has no memory: they are empty.
#include "fs/proc/proc.h"

namespace kernel::proc {

namespace {

void print_area(text& to, const area_view& area, const address_layout& layout) {
    auto holds = [&](user_address at) { return at >= area.start && at < area.end; };
    constexpr unsigned name_column = 73;
    size_t line_start = to.size();
    to.print("%08lx-%08lx %c%c%c%c %08lx 00:%02x %u ", area.start, area.end,
             area.protection & protection_read ? 'r' : '-',
             area.protection & protection_write ? 'w' : '-',
             area.protection & protection_execute ? 'x' : '-', area.shared ? 's' : 'p', area.offset,
             area.name ? 1u : 0u, 0u);
    std::string_view name;
    if (area.name)
        name = area.name->text();
    else if (area.fixed)
        name = holds(layout.scheduler_image) ? "[vdso]" : "[ouros]";
    else if (area.start < layout.break_end && area.end > layout.break_start)
        name = "[heap]";
    else if (layout.stack_bottom && holds(layout.stack_bottom))
        name = "[stack]";
    else if (area.shared)
        name = "/dev/zero (deleted)";
    if (!name.empty()) {
        while (to.error() == 0 && to.size() - line_start < name_column)
            to.add(" ", 1);
        to.add_escaped(name);
    }
    to.add("\n", 1);
}

} // namespace

// Some areas at a time, so that nobody waits long for the address space; what changes between is
// shown as it was before or after.
long write_maps(const subject& s, text& to) {
    memory_of memory(s);
    if (!memory.process)
        return -ESRCH;
    if (!memory.space)
        return 0;
    address_layout layout = memory.space->layout();
    area_view areas[16];
    user_address from = 0;
    while (unsigned count = memory.space->view_areas(from, areas, 16)) {
        for (unsigned i = 0; i < count; i++)
            print_area(to, areas[i], layout);
        from = areas[count - 1].end;
        if (to.error() < 0)
            return to.error();
    }
    return 0;
}

long write_memory_size(const subject& s, text& to) {
    memory_of memory(s);
    if (!memory.process)
        return -ESRCH;
    if (!memory.space) {
        to.print("0 0 0 0 0 0 0\n");
        return 0;
    }
    area_sums sums = memory.space->sum_areas();
    to.print("%zu %zu %zu %zu 0 %zu 0\n", memory.space->mapped_bytes() / page_size,
             memory.space->resident_pages(), sums.shared / page_size, sums.code / page_size,
             (sums.data + sums.stack) / page_size);
    return 0;
}

namespace {

// What execve has written there and the program may have overwritten; as much as is mapped.
long write_strings(const subject& s, text& to, bool environment) {
    memory_of memory(s);
    if (!memory.process)
        return -ESRCH;
    if (!memory.space)
        return 0;
    address_layout layout = memory.space->layout();
    user_address start = environment ? layout.environment : layout.arguments;
    user_address end = environment ? layout.environment_end : layout.arguments_end;
    if (end > start)
        (void)to.add_user(*memory.space, start, end - start);
    return 0;
}

} // namespace

long write_arguments(const subject& s, text& to) {
    return write_strings(s, to, false);
}
long write_environment(const subject& s, text& to) {
    return write_strings(s, to, true);
}

} // namespace kernel::proc
