// SPDX-License-Identifier: BSD-2-Clause
//
// Resource limits of a process (setrlimit). Inherited by children, kept over execve. Enforced are
// RLIMIT_NOFILE, RLIMIT_AS and RLIMIT_STACK, the last for the next program; the others are numbers.
#pragma once

#include <cstdint>

namespace kernel {

class process;

inline constexpr unsigned limit_count = 16; // RLIM_NLIMITS
inline constexpr uint64_t no_limit = ~0ull;
inline constexpr uint64_t default_stack_limit = 8 << 20;
enum limit : unsigned { limit_stack = 3, limit_core = 4, limit_files = 7, limit_space = 9 };

struct resource_limit { // struct rlimit64
    uint64_t soft = no_limit;
    uint64_t hard = no_limit;
};

// With the process's lock.
struct resource_limits {
    resource_limits();
    resource_limit of[limit_count];
};

resource_limit limit_of(process& p, unsigned resource);
// -EINVAL, -EPERM.
long set_limit(process& p, unsigned resource, const resource_limit& wanted);

} // namespace kernel
