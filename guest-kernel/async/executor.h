// SPDX-License-Identifier: BSD-2-Clause
//
// The kernel executor: coroutines of the kernel that can go on. They are tasks of the shared
// scheduler, in the same ready queues as user threads (schedule/scheduler.h), and run when a hart
// picks: a thread blocked, the tick, idle; or, if that is what a more urgent thread waits for, or
// one as urgent that has some of its time slice left, at the end of the running thread's system
// call.
#pragma once

#include <coroutine>

#include "schedule/schedulable.h"

namespace kernel {

// What a suspended coroutine is queued by; part of the awaiter, so waking can't fail.
struct work_item : schedulable {
    work_item()
        : schedulable(kind_of::work, default_priority) {}
    // Of what is done for nobody in particular.
    static constexpr unsigned default_priority = 24;

    // The coroutine will go on with the priority that it has now: that of the thread, or of the
    // request, for which it works.
    void suspend_at(std::coroutine_handle<> self) {
        coroutine = self;
        priority = uint8_t(context_priority());
    }

    std::coroutine_handle<> coroutine;
    // The thread that waits for it, in a call of its own, if it is that and nothing else.
    const thread* waits = nullptr;
};

namespace executor {

// From any hart. Afterwards the item must not be touched: it may be running already.
inline void make_ready(work_item& item) {
    kernel::make_ready(item);
}

} // namespace executor

// co_await yield(): lets other kernel work and user threads run.
struct [[nodiscard]] yield : work_item {
    yield() = default;
    // It goes on with this priority.
    explicit yield(unsigned with_priority)
        : with_(with_priority) {}
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> self) noexcept {
        suspend_at(self);
        if (with_ < OUROS_PRIORITIES)
            priority = uint8_t(with_);
        executor::make_ready(*this);
    }
    void await_resume() noexcept {}

  private:
    unsigned with_ = OUROS_PRIORITIES; // none
};

} // namespace kernel
