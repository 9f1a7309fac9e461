// SPDX-License-Identifier: BSD-2-Clause
//
// Integer overflow and floating-point exceptions as events. RISC-V traps neither: a sum is checked
// by a branch that is never taken, fflags by a read of them; only if it must does the program
// execute an ebreak, and the handler of ouros/exceptions.hpp turns that into what the program wants
// of it.
#ifndef OUROS_CHECKED_HPP
#define OUROS_CHECKED_HPP

#include <cstdint>

namespace ouros::checked {

enum class event : unsigned { overflow = 1, floating = 2 };

// floating: bits of fflags.
inline constexpr uint64_t invalid = 16, divide_by_zero = 8, float_overflow = 4, underflow = 2,
                          inexact = 1;

// Called in the handler: integer registers only. overflow: `value` is the nearest number there is;
// what the function returns becomes the result. floating: `value` is the flags that were raised,
// which are clear again.
using function = int64_t(event what, int64_t value, uint64_t pc, void* data);
// For the calling thread; other breakpoints are declined. 0 or -errno.
int64_t on_event(function* handler, void* data = nullptr);
// Such a function: the nearest number.
int64_t saturate(event what, int64_t value, uint64_t pc, void* data);

#if defined(__riscv)

// ebreak, and behind it an instruction without effect that says which event it is.
template <event what>
[[gnu::always_inline]] inline int64_t raise(int64_t value) {
    register int64_t a0 asm("a0") = value;
    asm volatile(".option push\n.option norvc\nebreak\nslti zero, zero, %1\n.option pop"
                 : "+r"(a0)
                 : "i"(what));
    return a0;
}

[[gnu::always_inline]] inline int64_t add(int64_t a, int64_t b) {
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) [[unlikely]]
        return raise<event::overflow>(b < 0 ? INT64_MIN : INT64_MAX);
    return sum;
}

[[gnu::always_inline]] inline int64_t subtract(int64_t a, int64_t b) {
    int64_t difference;
    if (__builtin_sub_overflow(a, b, &difference)) [[unlikely]]
        return raise<event::overflow>(b < 0 ? INT64_MAX : INT64_MIN);
    return difference;
}

[[gnu::always_inline]] inline int64_t multiply(int64_t a, int64_t b) {
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product)) [[unlikely]]
        return raise<event::overflow>((a < 0) == (b < 0) ? INT64_MAX : INT64_MIN);
    return product;
}

// After a stretch of floating-point work: raises an event if it has raised one of these flags.
[[gnu::always_inline]] inline void check_float(uint64_t flags) {
    uint64_t raised;
    asm volatile("frflags %0" : "=r"(raised)::"memory");
    if (raised & flags) [[unlikely]] {
        asm volatile("csrc fflags, %0" ::"r"(flags));
        raise<event::floating>(static_cast<int64_t>(raised & flags));
    }
}

#endif

} // namespace ouros::checked

#endif // OUROS_CHECKED_HPP
