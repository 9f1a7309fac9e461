// SPDX-License-Identifier: BSD-2-Clause
#include "uintr/exceptions.h"

#include <asm/mman.h>
#include <ouros/kernel.h>

#include "arch/riscv64/context.h"
#include "arch/riscv64/csr.h"
#include "arch/riscv64/user_traps.h"
#include "process/thread.h"

namespace kernel {

namespace {

constexpr uint64_t bit(arch::cause cause) {
    return 1ull << cause;
}

} // namespace

long set_user_exceptions(thread& t, uint64_t mask, uint64_t flags) {
    if (flags || (mask & ~OUROS_USER_EXCEPTIONS))
        return -EINVAL;
    if (!arch::user_traps_available())
        return -ENODEV;
    uint64_t before = t.user_exceptions;
    t.user_traps = true;
    t.user_exceptions = mask;
    // The kernel learns of the first use of floating point by an illegal instruction, which it
    // would not see any more.
    if (arch::directly_delegable(mask) & bit(arch::cause_illegal_instruction))
        arch::keep_float_on(t);
    arch::set_user_exceptions(*t.frame, mask);
    return long(before);
}

void forget_user_exceptions(thread& t) {
    t.user_traps = false;
    t.user_exceptions = 0;
    if (arch::user_traps_available())
        arch::clear_user_traps();
}

long fault_in(thread& t, uint64_t address, uint64_t access) {
    static_assert(PROT_READ == protection_read && PROT_WRITE == protection_write &&
                  PROT_EXEC == protection_execute);
    if (!access || (access & ~uint64_t(PROT_READ | PROT_WRITE | PROT_EXEC)))
        return -EINVAL;
    return t.parent().space->fault(address, uint8_t(access));
}

bool pass_to_user_handler(thread& t, uint64_t cause, uint64_t value) {
    if (cause >= 64 || !(t.user_exceptions >> cause & 1))
        return false;
    t.counters.other_traps++;
    if (cause != arch::cause_illegal_instruction || !arch::first_float_use(t))
        arch::enter_user_handler(*t.frame, cause, value);
    return true;
}

} // namespace kernel
