// SPDX-License-Identifier: BSD-2-Clause
#include "schedule/thread_wait.h"

#include "arch/riscv64/hart.h"
#include "process/thread.h"

namespace kernel {

long thread_wait::begin(thread& t, nanoseconds deadline, long late) {
    thread_ = &t;
    rearm([](waiter& w) { static_cast<thread_wait&>(w).thread_->complete(); });
    // Stays there when the wait is over: it is claimed then, and so deaf. Whoever interrupts sets
    // the flag first, and then looks.
    __atomic_store_n(&t.waiting_, static_cast<waiter*>(this), __ATOMIC_RELAXED);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (t.interrupted()) [[unlikely]]
        claim(-EINTR);
    if (deadline != never) {
        late_ = late;
        timeout_.target = this;
        timeout_.deadline = deadline;
        timeout_.expired = [](timer& at) {
            thread_wait& w = *static_cast<timeout_timer&>(at).target;
            w.claim(w.late_);
        };
        timer_add(timeout_);
    }
    arch::this_hart().pending |= arch::pending_blocked;
    return 0;
}

long thread_wait::begin_standing_by(thread& t) {
    thread_ = &t;
    rearm([](waiter& w) {
        thread& standing_by = *static_cast<thread_wait&>(w).thread_;
        if (w.outcome() == 0)
            take_worker(standing_by);
        standing_by.complete();
    });
    __atomic_store_n(&t.waiting_, static_cast<waiter*>(this), __ATOMIC_RELAXED);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (t.interrupted())
        claim(-EINTR);
    arch::this_hart().pending |= arch::pending_blocked;
    return 0;
}

long thread_wait::finish() {
    caller& who = *thread_;
    thread_ = nullptr;
    if (timeout_.target) {
        timer_cancel(timeout_);
        timeout_.target = nullptr;
    }
    long value = outcome();
    if (value == -EINTR)
        who.clear_interrupt();
    return value;
}

} // namespace kernel
