// SPDX-License-Identifier: BSD-2-Clause
//
// What belongs to one hart. In the kernel `tp` points to it. A hart has a kernel stack, on which
// every entry from user mode starts anew: nothing that waits is on it. What is preempted in the
// kernel takes it along, and the hart another one (kernel_stack.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "arch/riscv64/frame.h"

namespace kernel {
class run_clock;
class thread;
class process;
struct parked_work;
} // namespace kernel

namespace kernel::arch {

inline constexpr unsigned max_harts = 8;
inline constexpr size_t kernel_stack_size = 16384;

// Bits of hart::pending: why a system call does not simply return.
inline constexpr uint64_t pending_blocked = 1;    // the call waits, or the thread has ended
inline constexpr uint64_t pending_reschedule = 2; // somebody else should run
inline constexpr uint64_t pending_signal = 4;     // the thread has one to take
inline constexpr uint64_t pending_give_way = 16;  // something more urgent should run
inline constexpr uint64_t pending_sigreturn = 8;  // the call was rt_sigreturn

inline constexpr unsigned interrupt_kinds = 3;

struct hart {
    uint64_t stack_top;     // end of the kernel stack
    uint64_t emergency_top; // a second one for a fault in the kernel itself
    uint64_t kernel_satp;
    uint64_t pending;
    user_frame* frame;   // of the running thread: kernel address,
    uint64_t frame_user; // ... and in the process
    uint64_t user_satp;  // the process's
    uint64_t leave;      // address of the trampoline's way back
    thread* current;
    process* current_process;
    uint64_t global_pointer; // the kernel's gp
    uint64_t trap_in_kernel; // address of the entry for faults in the kernel
    // Only while stretches are measured (stretch.h).
    uint64_t stretch_began;  // instret when this hart last looked for interrupts
    uint64_t stretch_entry;  // system call number, or scause
    uint64_t leave_measured; // what `leave` would be

    const run_clock* clock;               // of the running thread
    uint64_t kernel_ticks;                // of the running thread, since it was switched in
    uint64_t kernel_ticks_of_all;         // of the threads that were switched out
    uint64_t interrupts[interrupt_kinds]; // that were taken in a thread: software, timer, external
    uint64_t id;                          // as the firmware numbers it
    unsigned index;                       // 0..harts - 1
    std::atomic<bool> online;
    uint32_t instructions_seen; // see synchronise_instructions
    // Preemption in the kernel (schedule/preempt.h).
    static constexpr unsigned most_spare_stacks = 8;
    unsigned work_priority; // of the kernel work that runs, or of none in particular
    unsigned spare_stacks;
    uint64_t spare_stack[most_spare_stacks]; // the ends
    parked_work* parking;
    uint64_t kernel_preemptions; // others read it
    uint64_t flushes;            // that this hart did or asked others for; likewise
    thread* float_owner;         // whose floating-point registers are in the hart
};
static_assert(offsetof(hart, stack_top) == HART_STACK);
static_assert(offsetof(hart, emergency_top) == HART_EMERGENCY);
static_assert(offsetof(hart, kernel_satp) == HART_KERNEL_SATP);
static_assert(offsetof(hart, pending) == HART_PENDING);
static_assert(offsetof(hart, frame) == HART_FRAME);
static_assert(offsetof(hart, frame_user) == HART_FRAME_USER);
static_assert(offsetof(hart, user_satp) == HART_USER_SATP);
static_assert(offsetof(hart, leave) == HART_LEAVE);
static_assert(offsetof(hart, current) == HART_THREAD);
static_assert(offsetof(hart, current_process) == HART_PROCESS);
static_assert(offsetof(hart, global_pointer) == HART_GP);
static_assert(offsetof(hart, trap_in_kernel) == HART_TRAP_IN_KERNEL);
static_assert(offsetof(hart, stretch_began) == HART_STRETCH_BEGAN);
static_assert(offsetof(hart, stretch_entry) == HART_STRETCH_ENTRY);
static_assert(offsetof(hart, leave_measured) == HART_LEAVE_MEASURED);

extern "C" hart harts[max_harts]; // the first is the one that boots, whatever its id
extern unsigned harts_used;

inline unsigned hart_count() {
    return harts_used;
}
inline hart& hart_at(unsigned index) {
    return harts[index];
}

// Not to be kept over a co_await: the coroutine may go on on another hart.
inline hart& this_hart() {
    hart* self;
    asm volatile("mv %0, tp" : "=r"(self));
    return *self;
}

} // namespace kernel::arch
