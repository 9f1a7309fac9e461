// SPDX-License-Identifier: BSD-2-Clause
#include "arch/riscv64/boot.h"

#include "arch/riscv64/csr.h"
#include "arch/riscv64/page_table.h"
#include "lib/print.h"

namespace kernel::arch {

// The first hart's place until the number of harts is known; then element 0 of it.
extern "C" {
hart boot_hart;

void kernel_start_first(uint64_t hart_id, uint64_t tree);
void kernel_start_secondary();
void kernel_trap(uint64_t cause, uint64_t pc, uint64_t value, uint64_t ra);
}

void enter_kernel_space() {
    write_csr<csr_satp>(kernel_satp());
    asm volatile("sfence.vma" ::: "memory");
}

void kernel_start_first(uint64_t hart_id, uint64_t tree) {
    extern void (*init_array_start[])() asm("init_array_start");
    extern void (*init_array_end[])() asm("init_array_end");
    for (auto* constructor = init_array_start; constructor < init_array_end; constructor++)
        (*constructor)();
    boot_hart.id = hart_id;
    kernel_main(hart_id, tree);
}

void kernel_start_secondary() {
    for (;;)
        asm volatile("wfi");
}

void kernel_trap(uint64_t cause, uint64_t pc, uint64_t value, uint64_t ra) {
    panic("trap in the kernel: cause %lu, pc 0x%lx, value 0x%lx, ra 0x%lx", cause, pc, value, ra);
}

} // namespace kernel::arch
