// SPDX-License-Identifier: BSD-2-Clause
//
// Several workers, each with a queue that nobody else touches: wakes go through the inbox of the
// strand's worker, and a worker that has something ready to spare gives it to one that has nothing
// to do. A worker that is about to wait asks the others, by an interrupt: nobody takes anything out
// of another's queue, so that no lock is needed and nobody can be preempted in the middle of it.
//
// Runs in the user-interrupt handler: integer registers only, no allocation
// (tests/unit/handler-code.py looks at the object code).

#include <ouros/bits.h>
#include <ouros/crew.hpp>
#include <ouros/stop.hpp>
#include <ouros/timer.hpp>

namespace ouros {

namespace {

worker* home_of(const strand* s) {
    return reinterpret_cast<worker*>(load_relaxed(&s->home) & ~uintptr_t{1});
}

strand* as_strand(ouros_task* task) {
    return static_cast<strand*>(task);
}

void send(uint64_t sender) {
    if (uintr::send(sender) != OUROS_UIPI_SENT)
        kernel::uintr_send(sender);
}

// What is in an inbox: a strand that was woken, or a thread whose call is over.
constexpr uint8_t is_arrival = 1;

} // namespace

// From any worker, and from a thread that has none and whose thread-local storage may be somebody
// else's already.
void worker::post(ouros_task* task) {
    if (scheduler_.post(&queue_, task))
        send(sender_);
}

void worker::nudge() {
    send(sender_);
}

// A strand of a worker that has threads or company. The queue's own wake does not know that a
// strand that is ready may be in the middle of something, and will need the wake for its next
// suspension.
void worker::wake_specially(strand* waiting) {
    if (waiting->home & stop_relay::mark) [[unlikely]]
        return relay_wake(*static_cast<stop_relay*>(waiting));
    worker* home = home_of(waiting);
    if (home != this)
        return home->post(waiting);
    if (waiting->state == OUROS_TASK_BLOCKED) {
        if (!waiting->resume_point) {
            waiting->flags |= OUROS_TASK_WOKEN; // away: for when it is back
            return;
        }
        scheduler_.wake(&queue_, waiting);
        woken(waiting);
    } else if (waiting->state == OUROS_TASK_READY) {
        if (waiting == queue_.running || is_thread(waiting->resume_point))
            waiting->flags |= OUROS_TASK_WOKEN;
    }
}

// A strand became ready: does it go before the one that runs, has it somebody to take turns with,
// can another worker have it?
void worker::woken(strand* ready) {
    if (crew_->classes[ready->priority] == policy::deadline)
        place_by_deadline(ready);
    const ouros_task* running = queue_.running;
    if (slice_ && running && running != ready) {
        bool goes_first =
            ready->list < running->list ||
            (ready->list == running->list && crew_->classes[ready->priority] == policy::deadline &&
             ready->deadline < static_cast<const strand*>(running)->deadline);
        if (goes_first) {
            armed_ = true;
            uintr::timer::arm_at(0);
        } else if (!armed_) {
            arm();
        }
    }
    share();
}

// The strand is the last of its list. What runs stays its head.
void worker::place_by_deadline(strand* placed) {
    ouros_task** list = placed->list;
    if (*list == placed)
        return;
    ouros_task* at = placed->prev;
    at->next = placed->next;
    placed->next->prev = at;
    while (at != queue_.running && as_strand(at)->deadline > placed->deadline) {
        bool first = at == *list;
        at = at->prev;
        if (first) {
            *list = placed;
            break;
        }
    }
    placed->prev = at;
    placed->next = at->next;
    at->next->prev = placed;
    at->next = placed;
}

// Everything in the inbox, oldest first. A strand that has gone to another worker since somebody
// saw it here is sent on.
void worker::drain() {
    ouros_task* newest = exchange(&queue_.inbox, static_cast<ouros_task*>(nullptr));
    ouros_task* oldest = nullptr;
    while (newest) {
        ouros_task* next = newest->posted_next;
        newest->posted_next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest) {
        ouros_task* task = oldest;
        oldest = task->posted_next; // before it may be posted again
        exchange(&task->posted, 0u);
        if (task->reserved == is_arrival)
            arrived(reinterpret_cast<user_thread*>(reinterpret_cast<char*>(task) -
                                                   offsetof(user_thread, arrival)));
        else if (as_strand(task)->home & stop_relay::mark)
            cancel(*static_cast<stop_relay*>(task)); // a wake of it would not come this way
        else
            wake(as_strand(task));
    }
}

// A thread is back from its call: its strand can go on there.
void worker::arrived(user_thread* thread) {
    strand* back = thread->blocked;
    thread->blocked = nullptr;
    back->resume_point = thread;
    __atomic_fetch_sub(&crew_->away, 1u, __ATOMIC_RELAXED);
    scheduler_.wake(&queue_, back);
    woken(back);
}

// Ready strands go to workers that have nothing to do, the most urgent first.
void worker::share() {
    constexpr unsigned most_looked_at = 16;
    full_fence(); // what is ready is seen before this looks who is idle: so has ask_company()
    uint64_t idle = load_relaxed(&crew_->idle) & ~(uint64_t{1} << number_);
    if (!idle || !surplus()) [[likely]]
        return; // what is only one is this worker's own to run: or it might go round for ever
    unsigned looked_at = 0;
    for (uint64_t levels = queue_.ready; levels; levels &= levels - 1) {
        ouros_task** list = &queue_.list[lowest_bit(levels)];
        for (ouros_task* task = *list; looked_at < most_looked_at; looked_at++) {
            ouros_task* next = task->next;
            bool last = next == *list;
            if (task != queue_.running && !as_strand(task)->bound) {
                unsigned to = lowest_bit(idle);
                uint64_t bit = uint64_t{1} << to;
                idle &= ~bit;
                if (__atomic_fetch_and(&crew_->idle, ~bit, __ATOMIC_ACQ_REL) & bit) {
                    scheduler_.remove(&queue_, task);
                    worker* taker = crew_->workers[to];
                    store_relaxed(&as_strand(task)->home, reinterpret_cast<uintptr_t>(taker) | 1);
                    counters_.given++;
                    taker->post(task);
                }
                if (!idle || !surplus())
                    return;
            }
            if (last)
                break;
            task = next;
        }
    }
}

// The handler of what other workers send: something is in the inbox, somebody has nothing to do, or
// all is over.
void worker::posted(unsigned, void* self) {
    auto& here = *static_cast<worker*>(self);
    if (ouros_sched_has_posted(&here.queue_))
        here.drain();
    here.share();
    if (here.done()) {
        here.armed_ = true;
        uintr::timer::arm_at(0); // leaves the strand that runs: preempt.cpp
    }
}

// Nothing is ready: everybody who has something hears of it.
void worker::ask_company() {
    if (crew_->count < 2)
        return;
    uint64_t bit = uint64_t{1} << number_;
    __atomic_fetch_or(&crew_->idle, bit, __ATOMIC_SEQ_CST);
    full_fence();
    for (unsigned n = 0; n < crew_->count; n++) {
        worker* other = crew_->workers[n];
        if (other != this && other && load_relaxed(&other->queue_.ready))
            send(other->sender_);
    }
}

void worker::leave_idle() {
    uint64_t bit = uint64_t{1} << number_;
    if (load_relaxed(&crew_->idle) & bit)
        __atomic_fetch_and(&crew_->idle, ~bit, __ATOMIC_ACQ_REL);
}

// The running strand goes on on another worker. Being posted there, it is blocked here.
std::coroutine_handle<> worker::move(unsigned to, bool bound, std::coroutine_handle<> coroutine) {
    strand* mover = current();
    worker* taker = crew_ && to < crew_->count ? crew_->workers[to] : this;
    mover->bound = bound;
    if (taker == this) {
        uintr::enable();
        return coroutine;
    }
    uint8_t woken = mover->flags & OUROS_TASK_WOKEN;
    mover->flags = 0;
    mover->resume_point = coroutine.address();
    ouros_task* next = scheduler_.suspend(&queue_);
    std::coroutine_handle<> where = next ? resume_point(next) : std::noop_coroutine();
    mover->flags = woken;
    store_relaxed(&mover->home, reinterpret_cast<uintptr_t>(taker) | 1);
    taker->post(mover);
    uintr::enable();
    return where;
}

} // namespace ouros
