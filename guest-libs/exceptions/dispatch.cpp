// SPDX-License-Identifier: BSD-2-Clause
//
// What the entries call. Runs in the handler: integer registers only
// (tests/unit/libs/handler-code.py looks). It is in the entry's section, which is brought in before
// the first handler is set: a fault on the way to the handler of faults has no end.

#include "state.hpp"

#include <sys/mman.h>

#define RESIDENT __attribute__((section("ouros_exceptions_text")))

namespace ouros::exceptions {

namespace {

[[gnu::always_inline]] inline int64_t call(long number, uint64_t first, uint64_t second) {
    register long a7 asm("a7") = number;
    register uint64_t a0 asm("a0") = first;
    register uint64_t a1 asm("a1") = second;
    asm volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1) : "memory");
    return static_cast<int64_t>(a0);
}

// Of a page fault; 0 for any other cause. Four bits each in one word: of a switch the compiler
// would make a table, which lies in a page that may not be there.
RESIDENT uint64_t access_of(uint64_t cause) {
    constexpr auto first = static_cast<uint64_t>(cause::fetch_page_fault);
    constexpr auto load = static_cast<uint64_t>(cause::load_page_fault) - first;
    constexpr auto store = static_cast<uint64_t>(cause::store_page_fault) - first;
    constexpr uint64_t accesses = PROT_EXEC | PROT_READ << 4 * load | PROT_WRITE << 4 * store;
    return cause - first <= store ? accesses >> 4 * (cause - first) & 0xf : 0;
}

} // namespace

extern "C" {

RESIDENT void ouros_exceptions_declined(uint64_t value, uint64_t, uint64_t cause) {
    uint64_t access = access_of(cause);
    if (access && call(OUROS_SYS_fault_in, value, access) == 0)
        return;
    state.mask &= ~(uint64_t{1} << cause);
    call(OUROS_SYS_user_exceptions, state.mask, 0);
}

RESIDENT void ouros_exceptions_dispatch(context& at) {
    const auto& to = state.slots[at.cause];
    if (!to.function || to.function(at, to.data) == action::decline)
        ouros_exceptions_declined(at.value, at.pc(), at.cause);
}

RESIDENT void ouros_exceptions_interrupt(uint64_t cause) {
    if ((cause & 0xff) == OUROS_IRQ_U_SOFT)
        uintr::vectors_function()(uintr::take());
    else
        uintr::ouros_uintr_source_dispatch(cause);
}

} // extern "C"

} // namespace ouros::exceptions
