// SPDX-License-Identifier: BSD-2-Clause
#include "async/timer.h"

#include "lib/spinlock.h"

namespace kernel {

namespace {

spinlock lock;
list<timer> pending; // by deadline

void set_earliest() {
    timer* first = pending.front();
    earliest_timer.store(first ? first->deadline : never, std::memory_order_relaxed);
}

} // namespace

std::atomic<nanoseconds> earliest_timer{never};

void timer_add(timer& t) {
    lock_guard guard(lock);
    // Most deadlines are later than those already there: look from the end.
    timer* after = pending.back();
    while (after && after->deadline > t.deadline)
        after = after == pending.front() ? nullptr : static_cast<timer*>(after->previous);
    if (!after)
        pending.push_front(t);
    else if (timer* next = pending.next(*after))
        pending.insert_before(*next, t);
    else
        pending.push_back(t);
    set_earliest();
}

void timer_cancel(timer& t) {
    lock_guard guard(lock);
    if (t.linked())
        list<timer>::remove(t);
    set_earliest();
}

nanoseconds timers_run_pending() {
    nanoseconds first_due = earliest_timer.load(std::memory_order_relaxed);
    nanoseconds time = now();
    if (first_due > time)
        return first_due;
    lock_guard guard(lock);
    while (timer* first = pending.front()) {
        if (first->deadline > time)
            break;
        pending.pop_front();
        first->expired(*first);
    }
    set_earliest();
    return earliest_timer.load(std::memory_order_relaxed);
}

} // namespace kernel
