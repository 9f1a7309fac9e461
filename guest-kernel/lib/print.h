// SPDX-License-Identifier: BSD-2-Clause
//
// The kernel log: lines on the UART. print() understands what printf does for %d %i %u %x %o %p %s
// %c %% with width, 0, -, .precision and l/ll/z; no floating point. One call is one atomic write,
// so lines of several harts don't mix. Lines that begin with "ouros: " are for the user, who did
// not ask for a log: the launcher shows them on stderr, the others only when it is --verbose.
#pragma once

#include <cstdarg>
#include <cstddef>

namespace kernel {

[[gnu::format(printf, 1, 2)]] void print(const char* format, ...);

// Like snprintf: always terminates, returns the length it would have had.
[[gnu::format(printf, 3, 4)]] int format_to(char* buffer, size_t size, const char* format, ...);
int format_to_v(char* buffer, size_t size, const char* format, va_list arguments);

// Says what is wrong, stops the other harts and powers off with exit_status_panic.
[[noreturn, gnu::format(printf, 1, 2)]] void panic(const char* format, ...);

inline constexpr int exit_status_panic = 125;

// A condition that only a kernel bug can break.
#define KERNEL_ASSERT(condition)                                                                   \
    ((condition) ? (void)0 : ::kernel::panic("%s:%d: %s", __FILE__, __LINE__, #condition))

} // namespace kernel
