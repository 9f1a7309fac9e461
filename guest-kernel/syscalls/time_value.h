// SPDX-License-Identifier: BSD-2-Clause
//
// struct timespec, as programs pass it.
#pragma once

#include <cstdint>

#include "async/timer.h"

namespace kernel {

inline nanoseconds add_saturating(nanoseconds a, nanoseconds b) {
    return a > never - b ? never : a + b;
}

struct time_value {
    int64_t seconds = 0;
    int64_t fraction = 0; // nanoseconds

    static time_value from(nanoseconds t) {
        return {int64_t(t / 1'000'000'000), int64_t(t % 1'000'000'000)};
    }
    bool valid() const { return seconds >= 0 && fraction >= 0 && fraction < 1'000'000'000; }
    nanoseconds total() const {
        constexpr int64_t most = int64_t(never / 1'000'000'000) - 1;
        return seconds > most ? never : uint64_t(seconds) * 1'000'000'000 + uint64_t(fraction);
    }
};

} // namespace kernel
