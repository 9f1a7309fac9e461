// SPDX-License-Identifier: BSD-2-Clause
#include "async/timer.h"

#include "lib/spinlock.h"

namespace kernel {

namespace {

spinlock lock;
list<timer> pending; // by deadline

} // namespace

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
}

void timer_cancel(timer& t) {
    lock_guard guard(lock);
    if (t.linked())
        list<timer>::remove(t);
}

nanoseconds timers_run() {
    lock_guard guard(lock);
    nanoseconds time = now();
    while (timer* first = pending.front()) {
        if (first->deadline > time)
            return first->deadline;
        pending.pop_front();
        first->expired(*first);
    }
    return never;
}

} // namespace kernel
