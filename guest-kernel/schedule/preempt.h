// SPDX-License-Identifier: BSD-2-Clause
//
// Preemption in the kernel. What takes long, a system call or a coroutine, says where it can be
// preempted:
//
//   for (... a bounded piece of work ...) {
//       ...
//       preemption_point();             no lock is held here
//   }
//
// If an interrupt is pending there, the hart looks at what has become ready, as it does when it
// interrupts a user thread. What was running is parked with the kernel stack that it is on, the
// hart goes on on another one (arch/riscv64/kernel_stack.h), and if something more urgent is ready
// that runs first:
//
//   a thread in a system call       is ready, at its own priority: thread::in_kernel
//   kernel work                     becomes a task of its own until it goes on: parked_work
//
// Parked work stays on its hart, so per-hart data that is not kept over a preemption point may be
// used without a care. When a hart has no stack to spare the work goes on unpreempted.
#pragma once

#include "arch/riscv64/interrupts.h"
#include "arch/riscv64/kernel_stack.h"
#include "arch/riscv64/stretch.h"
#include "schedule/schedulable.h"

namespace kernel {

class thread;

// Kernel work, on the stack that it was running on.
struct parked_work : schedulable {
    explicit parked_work(unsigned priority)
        : schedulable(kind_of::parked, priority) {}
    arch::parked_stack stack;
};

// A thread in a system call, on that call's kernel stack.
struct parked_call {
    arch::parked_stack stack;
    uint64_t pending;    // of the hart, when it was left
    uint64_t since;      // `time`
    uint64_t entry_kind; // for stretches
};

void preempt();

// The kernel's argument "preempt=SEED", for tests: at a point that this picks something else may
// run although no interrupt is pending. 0: not so.
extern uint64_t preemption_seed;
void preempt_at_random();
// Boot.
void preemption_start();

inline void preemption_point() {
    if (arch::interrupts::pending()) [[unlikely]]
        return preempt();
    arch::stretch_point();
    if (preemption_seed) [[unlikely]]
        preempt_at_random();
}

// For loops with small steps: a preemption point every so many.
template <unsigned steps>
class preemption_steps {
  public:
    void step() {
        if (++count_ == steps) {
            count_ = 0;
            preemption_point();
        }
    }

  private:
    unsigned count_ = 0;
};

// For the scheduler: goes on with what is parked. The thread has been switched in.
[[noreturn]] void go_on_in_kernel(thread& t);
[[noreturn]] void go_on_with(parked_work& w);

// How often work was parked in the kernel, on all harts.
uint64_t kernel_preemptions();

} // namespace kernel
