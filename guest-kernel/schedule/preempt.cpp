// SPDX-License-Identifier: BSD-2-Clause
#include "schedule/preempt.h"

#include "arch/riscv64/context.h"
#include "arch/riscv64/hart.h"
#include "arch/riscv64/time.h"
#include "device-tree/machine.h"
#include "process/thread.h"
#include "schedule/preemption.h"
#include "schedule/scheduler.h"

namespace kernel {

namespace {

using arch::hart;
using arch::this_hart;

void preempt(leaving how);

// The thread's state, as far as a system call leaves it in registers, goes to its frame, and back.
void park_call(hart& self, thread& t, leaving how) {
    parked_call call{{}, self.pending, time_ticks(), self.stretch_entry};
    arch::save_trap_state(*t.frame);
    t.in_kernel = &call;
    t.pin(self.index);
    if (how == leaving::yielded)
        arch::park_here(call.stack, [] { schedule(leaving::yielded); });
    else
        arch::park_here(call.stack, [] { schedule(leaving::interrupted); });

    t.in_kernel = nullptr;
    t.unpin();
    arch::load_trap_state(*t.frame);
    self.pending = call.pending;
    self.stretch_entry = call.entry_kind;
    self.kernel_ticks -= time_ticks() - call.since; // which a kernel_section is about to count
    // What whoever looked for the thread on a hart has not told this one meanwhile.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (t.killed() || t.signal_state.attention.load(std::memory_order_relaxed))
        self.pending |= arch::pending_signal;
    if (!t.may_run_on(self.index))
        self.pending |= arch::pending_reschedule;
}

void park_work(hart& self) {
    parked_work work(self.work_priority);
    work.last_hart = uint8_t(self.index);
    work.pin(self.index);
    self.parking = &work;
    arch::park_here(work.stack, [] {
        make_ready(*this_hart().parking);
        schedule(leaving::nothing);
    });
    self.work_priority = work.priority;
    if (arch::stretches_measured)
        arch::stretch_is_work();
}

void preempt(leaving how) {
    hart& self = this_hart();
    if (!arch::has_spare_stack())
        return;
    self.kernel_preemptions++;
    if (self.current)
        park_call(self, *self.current, how);
    else
        park_work(self);
}

} // namespace

void preempt() {
    preempt(leaving::interrupted);
}

void preemption_point_apart() {
    preemption_point();
}

uint64_t preemption_seed = 0;

void preempt_at_random() {
    uint64_t x = __atomic_load_n(&preemption_seed, __ATOMIC_RELAXED);
    x ^= x << 13; // xorshift64: never 0
    x ^= x >> 7;
    x ^= x << 17;
    __atomic_store_n(&preemption_seed, x, __ATOMIC_RELAXED);
    if (x >> 62)
        preempt(leaving::yielded);
}

void preemption_start() {
    const char* digits = machine_argument("preempt");
    for (; digits && *digits >= '0' && *digits <= '9'; digits++)
        preemption_seed = preemption_seed * 10 + uint64_t(*digits - '0');
}

void go_on_in_kernel(thread& t) {
    arch::unpark(t.in_kernel->stack);
}

void go_on_with(parked_work& w) {
    arch::unpark(w.stack);
}

uint64_t kernel_preemptions() {
    uint64_t sum = 0;
    for (unsigned i = 0; i < arch::hart_count(); i++)
        sum += __atomic_load_n(&arch::hart_at(i).kernel_preemptions, __ATOMIC_RELAXED);
    return sum;
}

} // namespace kernel
