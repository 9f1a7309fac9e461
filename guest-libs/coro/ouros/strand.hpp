// SPDX-License-Identifier: BSD-2-Clause
//
// A strand is what the scheduler runs: a spawned coroutine together with the coroutines it awaits,
// of which one, the innermost, is to be resumed next.
#ifndef OUROS_STRAND_HPP
#define OUROS_STRAND_HPP

#include <coroutine>
#include <ouros/sched.h>

namespace ouros {

// 10 of the shared scheduler's 0..63, 0 the highest.
inline constexpr unsigned default_priority = 10;

struct strand : ouros_task {
    void* resume_point; // address of the coroutine that waits to be resumed
};

} // namespace ouros

#endif // OUROS_STRAND_HPP
