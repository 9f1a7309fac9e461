// SPDX-License-Identifier: BSD-2-Clause
#include "memory/failing.h"

#ifdef KERNEL_CHECKS

#include <asm/errno.h>
#include <atomic>
#include <ouros/kernel.h>

#include "arch/riscv64/hart.h"
#include "process/process.h"

namespace kernel {

namespace {

std::atomic<int> failing_process{0}; // id; 0: nothing fails
std::atomic<int64_t> to_come{0};     // until one fails
std::atomic<uint64_t> failing_flags{0};
bool in_fault[arch::max_harts];

} // namespace

bool allocation_fails() {
    int id = failing_process.load(std::memory_order_relaxed);
    if (!id) [[likely]]
        return false;
    const arch::hart& self = arch::this_hart();
    if (self.current && self.current_process->id != id)
        return false;
    uint64_t flags = failing_flags.load(std::memory_order_relaxed);
    if (in_fault[self.index] && !(flags & OUROS_FAIL_FAULTS))
        return false;
    int64_t left = to_come.fetch_sub(1, std::memory_order_relaxed) - 1;
    return left == 0 || (left < 0 && (flags & OUROS_FAIL_ALL));
}

void allocations_at_end(const process& p) {
    if (failing_flags.load(std::memory_order_relaxed) & OUROS_FAIL_ALL)
        allocations_forget(p);
}

void allocations_forget(const process& p) {
    int id = p.id;
    failing_process.compare_exchange_strong(id, 0, std::memory_order_relaxed);
}

fault_allocations::fault_allocations() {
    in_fault[arch::this_hart().index] = true;
}

fault_allocations::~fault_allocations() {
    in_fault[arch::this_hart().index] = false;
}

long fail_allocation(process& p, uint64_t n, uint64_t flags) {
    if (n > INT32_MAX || (flags & ~uint64_t(OUROS_FAIL_ALL | OUROS_FAIL_FAULTS)))
        return -EINVAL;
    int64_t left = failing_process.load(std::memory_order_relaxed) == p.id
                       ? to_come.load(std::memory_order_relaxed)
                       : 0;
    failing_flags.store(flags, std::memory_order_relaxed);
    to_come.store(int64_t(n), std::memory_order_relaxed);
    failing_process.store(n ? p.id : 0, std::memory_order_relaxed);
    return left > 0 ? left : 0;
}

} // namespace kernel

#endif
