// SPDX-License-Identifier: BSD-2-Clause
//
// What a hart can be given to do: a user thread, kernel work, or kernel work that was preempted. A
// task of the shared scheduler.
#pragma once

#include <atomic>
#include <cstdint>
#include <ouros/sched.h>

namespace kernel {

class thread;

using hart_set = uint8_t; // bit n: the hart with index n
inline constexpr hart_set every_hart = 0xff;

struct schedulable : ouros_task {
    enum class kind_of : uint8_t { thread, work, parked };

    schedulable(kind_of kind, unsigned priority);
    schedulable(const schedulable&) = delete;

    // Where it may run now. A hart looks before it runs the item; set_harts tells those that run
    // it.
    hart_set runs_on() const { return hart_set(harts_.load(std::memory_order_relaxed)); }
    bool may_run_on(unsigned hart_index) const {
        return harts_.load(std::memory_order_relaxed) >> hart_index & 1;
    }
    // Where it may run when it is not pinned.
    hart_set harts() const {
        return hart_set(harts_.load(std::memory_order_relaxed) >> allowed_shift);
    }
    void allow_harts(hart_set harts) {
        change([=](uint32_t old) {
            uint32_t now = old & pinned ? old & (pinned | every_hart) : harts;
            return uint32_t(harts) << allowed_shift | now;
        });
    }
    // While it is parked in the kernel: code there may know on which hart it runs.
    void pin(unsigned hart_index) {
        change([=](uint32_t old) { return (old & allowed) | pinned | 1u << hart_index; });
    }
    void unpin() {
        change([=](uint32_t old) { return (old & allowed) | (old & allowed) >> allowed_shift; });
    }

    // A new thread of `other`'s, which made it.
    void run_like(const schedulable& other) {
        last_hart = other.last_hart;
        allow_harts(other.harts());
    }

    const kind_of kind;
    uint8_t last_hart = 0; // index of the hart it ran on last
    // It was woken with some of its time slice left, and has not run since: it goes before others
    // of its priority. With the queue's lock.
    bool goes_first = false;

  private:
    static constexpr unsigned allowed_shift = 8;
    static constexpr uint32_t allowed = uint32_t(every_hart) << allowed_shift;
    static constexpr uint32_t pinned = 1u << 16;

    template <class F>
    void change(F&& from) {
        uint32_t old = harts_.load(std::memory_order_relaxed);
        while (!harts_.compare_exchange_weak(old, from(old), std::memory_order_seq_cst))
            ;
    }

    std::atomic<uint32_t> harts_{allowed | every_hart};
};

// Makes it ready on a suitable hart, which is told if it sleeps or should run the item at once. The
// item must be in no queue.
void make_ready(schedulable& item);

// Of what this hart does now: the running thread's, in its system call, or that of the kernel work.
unsigned context_priority();

// What a thread's priority is made of has changed.
void priority_changed(thread& t);

// From now on the item runs on these harts only; if one that is excluded runs it, it moves at once.
// At least one of the harts must be there.
void set_harts(schedulable& item, hart_set harts);

} // namespace kernel
