// SPDX-License-Identifier: BSD-2-Clause
//
// The kernel's own address space. RAM is mapped at its physical address without execute; the
// kernel's text over it read-execute and its constants read-only; devices as asked; stacks high up
// with guard pages; the trampoline where every table has it.
#include "arch/riscv64/hart.h"
#include "arch/riscv64/page_table.h"
#include "device-tree/machine.h"
#include "lib/print.h"

extern "C" char kernel_start[], kernel_text_end[], kernel_rodata_end[], trampoline_start[];

namespace kernel::arch {

namespace {

page_table table;

// Not global, but for the trampoline: processes have something else at these addresses.
constexpr uint64_t text_bits = pte_read | pte_execute;
constexpr uint64_t constant_bits = pte_read;
constexpr uint64_t data_bits = pte_read | pte_write;

bool map_same(physical_address start, physical_address end, uint64_t bits) {
    return start >= end || table.map_range(start, start, end - start, bits);
}

} // namespace

bool make_kernel_table() {
    auto text = to_physical(kernel_start);
    auto text_end = to_physical(kernel_text_end);
    auto rodata_end = to_physical(kernel_rodata_end);
    // The firmware's RAM below the kernel is left out: the PMP forbids it anyway.
    return table.create() && map_same(text, text_end, text_bits) &&
           map_same(text_end, rodata_end, constant_bits) &&
           map_same(rodata_end, machine.memory.end(), data_bits) &&
           table.map_range(trampoline_address, to_physical(trampoline_start), page_size,
                           text_bits | pte_global);
}

uint64_t kernel_satp() {
    return table.satp(0);
}

uint64_t make_kernel_stack(unsigned number) {
    uint64_t start = kernel_stack_area + number * (kernel_stack_size + 2 * page_size) + page_size;
    void* pages = allocate_pages(order_for(kernel_stack_size));
    if (!pages || !table.map_range(start, to_physical(pages), kernel_stack_size, data_bits))
        return 0;
    return start + kernel_stack_size;
}

bool map_device(physical_address start, uint64_t size) {
    physical_address end = (start + size + page_size - 1) & ~(page_size - 1);
    start &= ~(page_size - 1);
    return map_same(start, end, data_bits);
}

} // namespace kernel::arch
