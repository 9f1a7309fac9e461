// SPDX-License-Identifier: BSD-2-Clause
#include "arch/riscv64/boot.h"

#include <utility>

#include "arch/riscv64/csr.h"
#include "arch/riscv64/kernel_stack.h"
#include "arch/riscv64/page_table.h"
#include "arch/riscv64/sbi.h"
#include "arch/riscv64/stretch.h"
#include "device-tree/machine.h"
#include "lib/print.h"

namespace kernel::arch {

extern "C" {
hart harts[max_harts];

void kernel_start_first(uint64_t hart_id, uint64_t tree);
void kernel_start_secondary();
[[noreturn]] void switch_stack(uint64_t top, void (*function)());
extern char secondary_start[], user_trap[], trampoline_start[], trampoline_leave_syscall[];
extern char trap_in_kernel_entry[], kernel_global_pointer[];
}

unsigned harts_used = 1;

namespace {

uint64_t in_trampoline(const char* label) {
    return trampoline_address + uint64_t(label - trampoline_start);
}

} // namespace

void enter_kernel_space() {
    write_csr<csr_satp>(kernel_satp());
    asm volatile("sfence.vma" ::: "memory");
    asids_start();
}

bool make_harts() {
    // The boot hart takes index 0: the device tree's order is kept for the others.
    for (unsigned i = 1; i < machine.harts; i++)
        if (machine.hart_ids[i] == harts[0].id) {
            std::swap(machine.hart_ids[0], machine.hart_ids[i]);
            std::swap(machine.plic_context[0], machine.plic_context[i]);
            std::swap(machine.plic_user_context[0], machine.plic_user_context[i]);
        }
    harts_used = machine.harts;
    for (unsigned i = 0; i < harts_used; i++) {
        hart& h = harts[i];
        h.id = machine.hart_ids[i];
        h.index = i;
        h.kernel_satp = kernel_satp();
        h.leave = in_trampoline(trampoline_leave_syscall);
        h.global_pointer = reinterpret_cast<uint64_t>(kernel_global_pointer);
        h.trap_in_kernel = reinterpret_cast<uint64_t>(trap_in_kernel_entry);
        if (!make_kernel_stacks(h))
            return false;
    }
    stretches_start();
    return true;
}

void use_own_stack(void (*function)()) {
    switch_stack(this_hart().stack_top, function);
}

void start_traps() {
    write_csr<csr_sscratch>(0);
    write_csr<csr_stvec>(in_trampoline(user_trap));
    write_csr<csr_scounteren>(7); // programs may read cycle, time and instret
    // A user thread finds floating point off; its first use turns it on.
    clear_csr<csr_sstatus>(sstatus_fs | sstatus_uie);
}

void start_other_harts() {
    for (unsigned i = 1; i < harts_used; i++) {
        long error = sbi::hart_start(harts[i].id, reinterpret_cast<uint64_t>(secondary_start),
                                     reinterpret_cast<uint64_t>(&harts[i]));
        if (error)
            print("ouros: hart %lu did not start: %ld\n", harts[i].id, error);
    }
}

void kernel_start_first(uint64_t hart_id, uint64_t tree) {
    extern void (*init_array_start[])() asm("init_array_start");
    extern void (*init_array_end[])() asm("init_array_end");
    for (auto* constructor = init_array_start; constructor < init_array_end; constructor++)
        (*constructor)();
    harts[0].id = hart_id;
    kernel_main(hart_id, tree);
}

void kernel_start_secondary() {
    kernel_main_secondary();
}

} // namespace kernel::arch
