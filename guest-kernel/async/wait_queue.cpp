// SPDX-License-Identifier: BSD-2-Clause
#include "async/wait_queue.h"

#include "schedule/preempt.h"

namespace kernel {

namespace {

// On so many queues at most does one who waits put itself without a look for interrupts. Whoever
// waits with a lock is on one only.
constexpr unsigned entries_at_once = 64;

} // namespace

void caller::interrupt(uint32_t how) {
    lock_guard guard(lock_);
    interrupted_.fetch_or(how, std::memory_order_seq_cst);
    if (waiting_)
        waiting_->claim(-EINTR);
}

unsigned wait_queue::wake(unsigned count) {
    unsigned woken = 0;
    lock_guard guard(lock_);
    while (woken < count) {
        wait_entry* entry = entries_.pop_front();
        if (!entry)
            break;
        if (entry->owner->claim(0))
            woken++;
    }
    return woken;
}

bool wait_operation::await_suspend(std::coroutine_handle<> self) noexcept {
    waiter_.suspend_at(self);
    waiter_.waits = who_.as_thread;
    {
        lock_guard guard(who_.lock_);
        if (who_.interrupted())
            waiter_.claim(-EINTR);
        else
            who_.waiting_ = &waiter_;
    }
    unsigned steps = 0;
    for (wait_entry& entry : entries()) {
        entry.owner = &waiter_;
        {
            lock_guard guard(entry.queue->lock_);
            entry.queue->entries_.push_back(entry);
        }
        if (++steps % entries_at_once == 0)
            preemption_point();
    }
    if (timeout_.deadline != never) {
        timeout_.target = &waiter_;
        timeout_.expired = [](timer& t) {
            static_cast<timeout_timer&>(t).target->claim(-ETIMEDOUT);
        };
        timer_add(timeout_);
    }
    if (ready_ && ready_(context_))
        waiter_.claim(0);
    if (guard_)
        guard_->unlock();
    return waiter_.suspend();
}

long wait_operation::await_resume() noexcept {
    {
        lock_guard guard(who_.lock_);
        who_.waiting_ = nullptr;
    }
    unsigned steps = 0;
    for (wait_entry& entry : entries()) {
        if (!entry.owner)
            continue;
        {
            lock_guard guard(entry.queue->lock_);
            if (entry.linked())
                list<wait_entry>::remove(entry);
        }
        if (++steps % entries_at_once == 0)
            preemption_point();
    }
    if (timeout_.target)
        timer_cancel(timeout_);
    long outcome = waiter_.outcome();
    if (outcome == -EINTR)
        who_.clear_interrupt();
    if (outcome == 0 && guard_)
        guard_->relock();
    return outcome;
}

} // namespace kernel
