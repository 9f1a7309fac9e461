// SPDX-License-Identifier: BSD-2-Clause
//
// Marks on a timeline: what `ouros trace` shows of a program's coroutines. A program that is
// compiled with OUROS_TRACE (`ouros flags --trace`) executes three instructions more for each
// operation; any other none. Functions that mark are always inlined, so that each source file has
// its own.
#ifndef OUROS_MARK_HPP
#define OUROS_MARK_HPP

#include <ouros/trace.h>

namespace ouros {

template <int code>
[[gnu::always_inline]] inline void mark([[maybe_unused]] const void* value) {
#if defined(OUROS_TRACE) && defined(__riscv)
    asm volatile("slti zero, %0, %1" : : "r"(value), "i"(code));
#endif
}

} // namespace ouros

#endif // OUROS_MARK_HPP
