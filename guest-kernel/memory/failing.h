// SPDX-License-Identifier: BSD-2-Clause
//
// Allocations that fail although there is memory, for tests of what follows: the call
// fail_allocation of <ouros/kernel.h>. Only in a kernel built with checks; elsewhere nothing of it
// is compiled.
#pragma once

#include <cstdint>

namespace kernel {

class process;

#ifdef KERNEL_CHECKS

// To be asked by every allocation, once.
bool allocation_fails();
// The process gives back what it has, which may need memory: not all allocations fail any more.
void allocations_at_end(const process& p);
// It has ended.
void allocations_forget(const process& p);
// A page fault from user mode is being served on this hart.
class fault_allocations {
  public:
    fault_allocations();
    ~fault_allocations();
    fault_allocations(const fault_allocations&) = delete;
};
long fail_allocation(process& p, uint64_t n, uint64_t flags);

#else

inline bool allocation_fails() {
    return false;
}
inline void allocations_at_end(const process&) {}
inline void allocations_forget(const process&) {}
struct fault_allocations {};

#endif

} // namespace kernel
