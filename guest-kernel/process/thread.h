// SPDX-License-Identifier: BSD-2-Clause
//
// A user thread. It has no kernel stack: while a system call of it waits, there is only the call's
// coroutine, and the registers in the frame.
//
//   state:  running ---(call waits; registers saved)---> parked ---(call done)---> completed, ready
//              `-------(call done on another hart first)---> completed ---(parks)--> goes on
//
// Whoever of the two comes second, the hart that parks or the one that completes, makes it ready.
#pragma once

#include <atomic>
#include <cstdint>

#include "arch/riscv64/frame.h"
#include "async/task.h"
#include "async/wait_queue.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "process/process.h"
#include "process/usage.h"
#include "schedule/inheritance.h"
#include "schedule/priorities.h"
#include "schedule/schedulable.h"
#include "schedule/thread_wait.h"
#include "workers/workers.h"

namespace kernel {

struct uintr_receiver;
struct user_device;

inline constexpr unsigned default_thread_priority = thread_priorities::ordinary;

class thread final : public ref_counted,
                     public schedulable,
                     public list_node<process_threads>,
                     public list_node<threads_standing_by>,
                     public caller,
                     public task_completion {
  public:
    // A new thread of the process with its frame in place. The process's list holds a reference
    // until the thread has ended. nullptr: out of memory, or the process is ending.
    static thread* create(process& owner, int id);
    ~thread();

    process& parent() const { return *process_; }

    // A new thread of `other`'s, which made it.
    void run_like(const thread& other) {
        schedulable::run_like(other);
        priorities.inherit(other.priorities);
        priority = priorities.base.load(std::memory_order_relaxed);
    }

    // The call it waits in is done: it can run again.
    void complete() {
        if (state.exchange(completed, std::memory_order_acq_rel) == parked)
            make_ready(*this);
    }
    // Ends what a finished call has left: its result goes to the frame.
    void collect_result() {
        if (state.load(std::memory_order_acquire) == completed)
            take_result();
    }

    // It runs, or would if there were a hart for it.
    bool is_runnable() const {
        return !ended && !signal_state.in_stop && state.load(std::memory_order_relaxed) != parked;
    }

    int id;                   // changes when a program is executed: then it is the process's
    ref<address_space> space; // that the frame is in
    arch::user_frame* frame = nullptr; // a page
    uint64_t frame_user = 0;           // where the process's table has it
    unsigned frame_slot = 0;

    enum : uint32_t { running, parked, completed };
    std::atomic<uint32_t> state{running};
    task<long> call;                             // the system call it is in, if that waits
    thread_wait wait;                            // ... and if waiting is all it does
    struct ring_request* handing_over = nullptr; // the call is by token: ring/token.cpp

    struct parked_call* in_kernel = nullptr; // it was preempted in a system call: preempt.h

    unsigned float_hart = ~0u; // hart that still has its floating-point registers, perhaps
    bool float_dirty = false;  // it changed them in its last turn
    bool ended = false;
    int exit_status = 0;

    uint64_t clear_child_tid = 0;
    uint64_t robust_list = 0;
    signal_set signal_mask = 0;
    thread_signals signal_state;

    struct next_program* next = nullptr; // execve is through: replace.h

    thread_counters counters;
    run_clock run_time;
    uint64_t slice_end = 0; // of run_time: when others of its priority get their turn
    // Of run_time, what was spent in the kernel before the last switch.
    std::atomic<uint64_t> kernel_ticks{0};
    const nanoseconds started;
    char name[16] = {};           // with the process's lock
    bool user_traps = false;      // its registers for them are kept: arch/riscv64/user_traps.h
    uint64_t user_exceptions = 0; // causes that go to its utvec: uintr/exceptions.h
    uintr_receiver* receiver = nullptr;
    user_device* device = nullptr; // uintr/user_device.h
    ring* ring_pair = nullptr;
    thread_worker worker;
    thread_priorities priorities;
    thread_inheritance inheritance;

  private:
    void take_result();

    thread(process& owner, int id);
    ref<process> process_;
};

// What the process is called goes with the name of its first thread.
void name_thread(thread& t, const char (&name)[16]);

// The scheduler has let go of a thread that ended.
void thread_left_hart(thread& t);

} // namespace kernel
