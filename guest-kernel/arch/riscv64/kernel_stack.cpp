// SPDX-License-Identifier: BSD-2-Clause
#include "arch/riscv64/kernel_stack.h"

#include "arch/riscv64/hart.h"
#include "arch/riscv64/page_table.h"
#include "async/executor.h"

namespace kernel::arch {

extern "C" {
void leave_stack(uint64_t* sp, uint64_t top, void (*then)());
[[noreturn]] void return_to_stack(uint64_t sp);
}

bool make_kernel_stacks(hart& h) {
    h.work_priority = work_item::default_priority;
    constexpr unsigned each = 2 + hart::most_spare_stacks;
    unsigned number = h.index * each;
    h.stack_top = make_kernel_stack(number++);
    h.emergency_top = make_kernel_stack(number++);
    if (!h.stack_top || !h.emergency_top)
        return false;
    while (h.spare_stacks < hart::most_spare_stacks) {
        uint64_t top = make_kernel_stack(number++);
        if (!top)
            return false;
        h.spare_stack[h.spare_stacks++] = top;
    }
    return true;
}

bool has_spare_stack() {
    return this_hart().spare_stacks > 0;
}

void park_here(parked_stack& here, void (*then)()) {
    hart& self = this_hart();
    here.top = self.stack_top;
    self.stack_top = self.spare_stack[--self.spare_stacks];
    leave_stack(&here.sp, self.stack_top, then);
}

void unpark(const parked_stack& there) {
    hart& self = this_hart();
    // Still in use, but by nobody that returns: interrupts are off.
    self.spare_stack[self.spare_stacks++] = self.stack_top;
    self.stack_top = there.top;
    return_to_stack(there.sp);
}

unsigned spare_stacks() {
    unsigned sum = 0;
    for (unsigned i = 0; i < hart_count(); i++)
        sum += __atomic_load_n(&hart_at(i).spare_stacks, __ATOMIC_RELAXED);
    return sum;
}

} // namespace kernel::arch
