// SPDX-License-Identifier: BSD-2-Clause
//
// The kernel executor: coroutines of the kernel that can go on. They are tasks of the shared
// scheduler, in the same ready queues as user threads (schedule/scheduler.h), and run when a hart
// picks: a thread blocked, the tick, idle; never in the middle of a user thread's time slice.
#pragma once

#include <coroutine>

#include "schedule/schedulable.h"

namespace kernel {

// What a suspended coroutine is queued by; part of the awaiter, so waking can't fail.
struct work_item : schedulable {
    work_item()
        : schedulable(kind_of::work, default_priority) {}
    // Kernel work goes before ordinary threads, as the threads that wait for it would.
    static constexpr unsigned default_priority = 24;

    std::coroutine_handle<> coroutine;
};

namespace executor {

// From any hart. Afterwards the item must not be touched: it may be running already.
inline void make_ready(work_item& item) {
    kernel::make_ready(item);
}

} // namespace executor

// co_await yield(): lets other kernel work and user threads run.
struct [[nodiscard]] yield : work_item {
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> self) noexcept {
        coroutine = self;
        executor::make_ready(*this);
    }
    void await_resume() noexcept {}
};

} // namespace kernel
