// SPDX-License-Identifier: BSD-2-Clause
#ifndef BENCH_FAULT_SIGNALS_HPP
#define BENCH_FAULT_SIGNALS_HPP

#include <cstdint>
#include <ouros/checked.hpp>

namespace bench {

// Checked work whose check fails, the same for every way of handling it. Operands that the compiler
// does not know.
inline volatile int64_t large = INT64_MAX, one = 1;
inline volatile int64_t sum;
[[gnu::always_inline]] inline void overflowing_sum() {
    sum = ouros::checked::add(large, one);
}

inline volatile double dividend = 1, zero = 0;
inline volatile double quotient;
[[gnu::always_inline]] inline void division_by_zero() {
    quotient = dividend / zero;
    ouros::checked::check_float(ouros::checked::divide_by_zero);
}

// A subject, and all that linux-costs measures of this folder.
void fault_signals(const char*);

} // namespace bench

#endif // BENCH_FAULT_SIGNALS_HPP
