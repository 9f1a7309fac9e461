// SPDX-License-Identifier: BSD-2-Clause
#include "schedule/thread_wait.h"

#include "arch/riscv64/hart.h"
#include "process/thread.h"

namespace kernel {

long thread_wait::begin(thread& t, nanoseconds deadline, long late) {
    rearm([](waiter& w) { static_cast<thread_wait&>(w).thread_->complete(); });
    thread_ = &t;
    {
        lock_guard guard(t.lock_);
        if (t.interrupted()) {
            thread_ = nullptr;
            t.clear_interrupt();
            return -EINTR;
        }
        t.waiting_ = this;
    }
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

long thread_wait::finish() {
    caller& who = *thread_;
    thread_ = nullptr;
    {
        lock_guard guard(who.lock_);
        who.waiting_ = nullptr;
    }
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
