// SPDX-License-Identifier: BSD-2-Clause
//
// Marks on a timeline (`ouros trace`): one instruction each that does nothing but be seen.
// <ouros/trace.h> says what each means.
#pragma once

#include <cstdint>
#include <ouros/trace.h>

namespace kernel {

template <int code>
inline void mark([[maybe_unused]] uint64_t value) {
#if defined(__riscv)
    asm volatile("slti zero, %0, %1" : : "r"(value), "i"(code));
#endif
}

inline void mark_name(int process, const char (&name)[16]) {
    uint64_t words[2];
    __builtin_memcpy(words, name, sizeof words);
    mark<OUROS_MARK_PROCESS>(uint64_t(process));
    mark<OUROS_MARK_NAME>(words[0]);
    mark<OUROS_MARK_NAME_REST>(words[1]);
}

} // namespace kernel
