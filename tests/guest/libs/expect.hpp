// SPDX-License-Identifier: BSD-2-Clause
#ifndef EXPECT_HPP
#define EXPECT_HPP

#include <cstdio>

// Failures so far; a test's exit status is `failures != 0`.
inline int failures = 0;

inline void expect(bool condition, const char* what, long value = 0) {
    if (condition)
        return;
    failures++;
    std::printf("not so: %s (%ld)\n", what, value);
}

#endif // EXPECT_HPP
