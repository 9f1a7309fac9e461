// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// Says what does not hold, and ends.
#define CHECK(condition)                                                                           \
    ((condition)                                                                                   \
         ? (void)0                                                                                 \
         : (std::printf("%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, std::strerror(errno)), \
            std::exit(1)))
