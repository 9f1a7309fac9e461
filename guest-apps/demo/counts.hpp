// SPDX-License-Identifier: BSD-2-Clause
//
// The counters of a phase: what the kernel counted for this process, what the library counted, and
// the instructions retired.
#ifndef DEMO_COUNTS_HPP
#define DEMO_COUNTS_HPP

#include <cstdint>
#include <ouros/kernel.h>

namespace demo {

inline uint64_t instructions() {
    uint64_t count;
    asm volatile("csrr %0, instret" : "=r"(count)::"memory");
    return count;
}

// Does instret count instructions? Under QEMU only with -icount; otherwise it follows the clock of
// the host.
bool instructions_are_counted();

struct counts {
    ouros_statistics kernel = {};
    uint64_t interrupts = 0;
    uint64_t completions = 0;
    uint64_t doorbells = 0;
    uint64_t instructions = 0;

    counts& operator+=(const counts& other);
};

// Counts from its construction to stop(), its own system calls left out.
class stopwatch {
  public:
    stopwatch();
    counts stop() const;

  private:
    counts start_;
};

} // namespace demo

#endif // DEMO_COUNTS_HPP
