// SPDX-License-Identifier: BSD-2-Clause
//
// Where a worker changes threads: the tick that finds that a strand has run for too long, and a
// system call that has taken the kernel's thread away. switch.S calls these with user interrupts
// off and does what they answer.
//
// A strand is preempted if it was running at a tick and has been ever since: the tick marks it, and
// every suspension takes the mark off, at no cost for those that suspend in time. So it has had
// between one and two slices.
//
// Runs in the user-interrupt handler: integer registers only, no allocation
// (tests/unit/handler-code.py looks at the object code).

#include <ouros/crew.hpp>
#include <ouros/timer.hpp>

namespace ouros {

namespace {

user_thread* spare;

} // namespace

void spare_threads::give(user_thread* first) {
    if (!first)
        return;
    user_thread* last = first;
    while (last->next)
        last = last->next;
    user_thread* head = load_relaxed(&spare);
    do {
        last->next = head;
    } while (!compare_exchange_release(&spare, head, first));
}

user_thread* spare_threads::take_all() {
    return load_relaxed(&spare) ? exchange(&spare, static_cast<user_thread*>(nullptr)) : nullptr;
}

// Of a worker, with user interrupts off.
struct worker_switch {
    static user_thread* take_free(worker& w) {
        user_thread* taken = w.free_;
        if (!taken) [[unlikely]] {
            taken = spare_threads::take_all();
            if (!taken)
                return nullptr;
            // One is enough; the others are for everybody.
            spare_threads::give(std::exchange(taken->next, nullptr));
        }
        w.free_ = taken->next;
        return taken;
    }

    static void begin(worker& w, user_thread* thread) {
        w.thread_ = thread;
        *thread->on = &w;
        *thread->handlers = w.handlers_;
    }

    static user_thread* change(worker& w, user_thread* to) {
        w.thread_->next = w.free_;
        w.free_ = w.thread_;
        begin(w, to);
        return to;
    }

    // `next` is the strand that runs now, or null; `free_one` is there if it is no parked thread.
    static thread_switch go_on(worker& w, ouros_task* next, user_thread* free_one) {
        void* where =
            next ? static_cast<strand*>(next)->resume_point : std::noop_coroutine().address();
        if (next && worker::is_thread(where)) {
            auto* parked = static_cast<user_thread*>(where);
            if (free_one) {
                free_one->next = w.free_;
                w.free_ = free_one;
            }
            begin(w, parked);
            return {parked, nullptr};
        }
        begin(w, free_one);
        return {free_one, where};
    }

    // Does another strand have to run now? The one that runs is one of several that are ready.
    static bool makes_way(worker& w, strand& running) {
        if (w.queue_.top < running.list)
            return true;
        if (running.next == &running)
            return false;
        switch (w.crew_->classes[running.priority]) {
        case policy::fifo:
            return false;
        case policy::deadline:
            return static_cast<strand*>(running.next)->deadline < running.deadline;
        case policy::round_robin:
            break;
        }
        if (running.flags & OUROS_TASK_SEEN)
            return true;
        running.flags |= OUROS_TASK_SEEN;
        return false;
    }

    static thread_switch tick(worker& w) {
        w.counters_.ticks++;
        auto* running = static_cast<strand*>(w.queue_.running);
        bool over = w.done();
        if (w.ring_.unsubmitted())
            w.submit();
        if (!running || (!over && (!w.slice_ || !w.surplus()))) {
            w.armed_ = false;
            uintr::timer::disarm();
            return {nullptr, nullptr};
        }
        w.armed_ = true;
        uintr::timer::arm_in(w.slice_ ? w.slice_ : 10'000);
        w.share();
        if (over)
            return leave_for_good(w, *running);
        if (!makes_way(w, *running))
            return {nullptr, nullptr};
        user_thread* free_one = take_free(w);
        if (!free_one) {
            w.counters_.starved++;
            return {nullptr, nullptr};
        }
        // A wake that has come since it began is for its next suspension, which is yet to come.
        uint8_t woken = running->flags & OUROS_TASK_WOKEN;
        running->flags &= OUROS_TASK_MOVED;
        ouros_task* next = w.queue_.top < running->list ? w.scheduler_.reschedule(&w.queue_)
                                                        : w.scheduler_.yield(&w.queue_);
        running->flags |= woken;
        if (next == running) { // its priority has changed meanwhile
            free_one->next = w.free_;
            w.free_ = free_one;
            return {nullptr, nullptr};
        }
        if (running->list == next->list && w.crew_->classes[running->priority] == policy::deadline)
            w.place_by_deadline(running);
        running->resume_point = w.thread_;
        w.counters_.preemptions++;
        return go_on(w, next, free_one);
    }

    // run() is over: the thread is not needed any more, nor is what runs on it.
    static thread_switch leave_for_good(worker& w, strand& running) {
        user_thread* free_one = take_free(w);
        if (!free_one)
            free_one = std::exchange(w.reserve_, nullptr);
        if (!free_one)
            return {nullptr, nullptr};
        running.resume_point = w.thread_;
        begin(w, free_one);
        return {free_one, std::noop_coroutine().address()};
    }

    static void returned(user_thread& thread) { (*thread.on)->post(&thread.arrival); }

    // The kernel's thread that ran the worker is in a system call, with the strand and the thread
    // it ran on.
    static thread_switch take_over(worker& w, kernel_thread* self) {
        w.counters_.handovers++;
        w.kernel_ = self;
        ouros_task* next = nullptr;
        if (auto* blocked = static_cast<strand*>(w.queue_.running)) {
            w.thread_->blocked = blocked;
            blocked->resume_point = nullptr;
            uint8_t woken = blocked->flags & OUROS_TASK_WOKEN;
            blocked->flags = 0;
            next = w.scheduler_.suspend(&w.queue_);
            blocked->flags = woken;
            __atomic_fetch_add(&w.crew_->away, 1u, __ATOMIC_RELAXED);
        }
        user_thread* free_one = std::exchange(w.reserve_, nullptr);
        w.keep_reserve();
        return go_on(w, next, free_one);
    }
};

// The kernel takes the worker to another of its threads only while there is a thread for it to go
// on.
void worker::keep_reserve() {
    if (!reserve_)
        reserve_ = worker_switch::take_free(*this);
    if ((reserve_ != nullptr) == bound_)
        return;
    bound_ = !bound_;
    kernel::worker_bind(bound_ ? reinterpret_cast<uint64_t>(this) : 0,
                        reinterpret_cast<uint64_t>(ouros_worker_lost),
                        reinterpret_cast<uint64_t>(kernel_));
}

// The strand that was picked is on a parked thread.
extern "C" user_thread* ouros_thread_switch(user_thread* to) {
    return worker_switch::change(*worker::here(), to);
}

extern "C" thread_switch ouros_preempt() {
    return worker_switch::tick(*worker::here());
}

extern "C" thread_switch ouros_take_over(worker* taken, kernel_thread* self) {
    return worker_switch::take_over(*taken, self);
}

// The kernel's thread has left it for a stack of its own: these may touch nothing thread-local.

extern "C" void ouros_thread_returned(user_thread* thread) {
    worker_switch::returned(*thread);
}

extern "C" void ouros_thread_arrived(user_thread* thread) {
    thread->next = nullptr;
    spare_threads::give(thread);
}

} // namespace ouros
