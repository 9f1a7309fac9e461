// SPDX-License-Identifier: BSD-2-Clause
//
// The executor: what a worker does between two strands.

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ouros/crew.hpp>
#include <ouros/reactor.hpp>
#include <ouros/stop.hpp>
#include <ouros/task.hpp>
#include <ouros/timer.hpp>
#include <ouros/worker.hpp>

namespace ouros {

extern "C" {
constinit thread_local user_thread ouros_this_thread = {};
}
constinit thread_local worker* worker_of_thread = nullptr;

namespace {

constinit thread_local poller* pollers_of_thread = nullptr;

// The frame of a detached strand is not freed before its thread runs something else.
void bury(void* frame) {
    if (void* previous = std::exchange(ouros_this_thread.dead, frame))
        std::coroutine_handle<>::from_address(previous).destroy();
}

} // namespace

int64_t worker::start(const worker_options& options) {
    ouros_ring where = {};
    int64_t result = kernel::ring_setup(options.sq_entries, options.cq_entries, &where);
    if (result < 0)
        return result;
    if (!kernel::bind_scheduler(&scheduler_)) {
        kernel::ring_close();
        return -ENOSYS;
    }
    publish(options.strict);
    yield_ = scheduler_.yield;
    plain_home_ = reinterpret_cast<uintptr_t>(this);
    ring_ = ring(where);
    batch_ = options.batch < options.sq_entries ? options.batch : options.sq_entries;
    pollers_ = &pollers_of_thread;
    worker_of_thread = this;
    if (!crew_)
        install_reactor();
    uintr::enable();
    return 0;
}

// What is ready first here is this thread's priority for the kernel. There is not a word for every
// thread: one without is an ordinary thread.
void worker::publish(bool strict) {
    ouros_priorities where = {};
    int64_t error =
        kernel::priorities(&where, strict ? OUROS_PRIORITIES_STRICT : OUROS_PRIORITIES_RELAXED);
    published_ = error < 0 ? nullptr : reinterpret_cast<ouros_published*>(where.published);
    scheduler_.init(&queue_, published_ ? &published_->ready : nullptr);
    if (strict && published_) {
        queue_.system = reinterpret_cast<const uint32_t*>(where.system);
        ouros_scheduler_be_strict(&scheduler_);
    }
}

void worker::stop() {
    uintr::disable();     // the handler would look at a ring that is gone
    kernel::ring_close(); // returns when nothing is in flight
    uintr::take();
    if (std::exchange(published_, nullptr)) // what was ready says nothing about this thread now
        kernel::priorities(nullptr, OUROS_PRIORITIES_NONE);
    if (!crew_) {
        bury(nullptr);
        remove_reactor();
        worker_of_thread = nullptr;
    }
    ring_ = ring();
}

void worker::start_strand(strand* started, const strand_options& how) {
    scheduler_.task_init(started, how.priority);
    started->bound = how.bound;
    started->deadline = how.deadline;
    worker* home = this;
    if (crew_ && how.worker < crew_->count)
        home = crew_->workers[how.worker];
    started->home = reinterpret_cast<uintptr_t>(home) | (crew_ != nullptr);
    home->raise_ceiling(how.priority);
    wake(started);
}

void worker::set_priority(strand* changed, unsigned priority) {
    raise_ceiling(priority);
    scheduler_.set_priority(&queue_, changed, priority);
    if (crew_ && changed->state == OUROS_TASK_READY && changed != queue_.running)
        woken(changed);
}

void worker::submit() {
    yields_ = 0;
    yield_ = scheduler_.yield;
    ring_.submit();
    counters_.doorbells++;
}

// A strand that yields for ever must not keep others' requests from the device.
ouros_task* worker::yield_and_submit(ouros_queue* queue) {
    worker& self = *here();
    if (++self.yields_ >= 16)
        self.submit();
    return self.scheduler_.yield(queue);
}

// Into the SQ. `waiter_` is set.
inline void worker::enqueue(operation& request) {
    io_uring_sqe* entry = entries_.first() ? nullptr : ring_.try_get();
    if (entry) [[likely]] {
        request.fill(entry);
        yield_ = yield_and_submit;
        if (ring_.unsubmitted() >= batch_)
            submit();
        else if (slice_ && !armed_) [[unlikely]]
            arm(); // what runs next may not suspend: the tick submits
    } else {
        // Backpressure: the strand waits as for any call; the entry is made when there is room.
        entries_.push(request);
        counters_.backlogged++;
        if (ring_.unsubmitted())
            submit();
    }
}

std::coroutine_handle<> worker::issue(operation& request, std::coroutine_handle<> coroutine) {
    request.waiter_ = current();
    enqueue(request);
    return suspend(coroutine);
}

// To the kernel, which answers at once whether it has taken the call. False: it has not, and will
// not.
bool worker::hand_over(system_call& request) {
    int64_t answer = calls_.first() ? -EAGAIN : request.hand_over();
    if (answer == OUROS_PENDING) [[likely]]
        return true;
    if (answer == -EAGAIN) {
        calls_.push(request);
        counters_.backlogged++;
        return true;
    }
    request.complete(static_cast<int32_t>(answer), 0);
    return false;
}

std::coroutine_handle<> worker::issue(system_call& request, std::coroutine_handle<> coroutine) {
    request.waiter_ = current();
    if (hand_over(request)) [[likely]]
        return suspend(coroutine);
    uintr::enable();
    return coroutine;
}

bool worker::issue_through(stop_relay& relay, operation& request) {
    request.waiter_ = &relay;
    enqueue(request);
    return true;
}

bool worker::issue_through(stop_relay& relay, system_call& request) {
    request.waiter_ = &relay;
    return hand_over(request);
}

void worker::cancel(stop_relay& relay) {
    if (here() != this)
        return post(&relay);                             // drain() calls this again
    if (calls_.first() && calls_.remove(relay.target)) { // nobody else has heard of it
        relay.target->complete(-ECANCELED, 0);
        store_relaxed(&relay.state, stop_relay::in_flight);
        return relay_wake(relay);
    }
    relay.cancel.waiter_ = &relay;
    enqueue(relay.cancel);
}

void worker::relay_wake(stop_relay& relay) {
    strand* waiter = relay.waiter; // which may be gone with the relay after the next line
    if (__atomic_fetch_sub(&relay.state, 1u, __ATOMIC_ACQ_REL) == stop_relay::in_flight)
        wake(waiter);
}

void worker::arm() {
    armed_ = true;
    uintr::timer::arm_in(slice_);
}

// Moves what waits for room into the SQ, and to the kernel. Returns whether anything moved into the
// SQ.
bool worker::submit_backlog() {
    while (auto* call = static_cast<system_call*>(calls_.first())) {
        int64_t answer = call->hand_over();
        if (answer == -EAGAIN)
            break;
        calls_.pop();
        if (answer != OUROS_PENDING) {
            call->complete(static_cast<int32_t>(answer), 0);
            wake(call->waiter_);
        }
    }
    bool moved = false;
    while (operation* request = entries_.first()) {
        io_uring_sqe* entry = ring_.try_get();
        if (!entry)
            break;
        entries_.pop();
        request->fill(entry);
        moved = true;
    }
    return moved;
}

// The running strand is over. It leaves the queue before anybody hears of its end, for whoever does
// may free it.
std::coroutine_handle<> worker::finish(detail::promise_base& promise) {
    ouros_task* next = scheduler_.exit(&queue_);
    void* frame = promise.self.address();
    strand* joiner = exchange(&promise.joiner, detail::promise_base::ended());
    if (joiner == detail::promise_base::detached()) {
        ouros_this_thread.dead = frame;
    } else if (joiner == detail::promise_base::of_run()) [[unlikely]] {
        if (crew_ && number_ != 0)
            crew_->workers[0]->nudge();
        uintr::enable();
        return std::noop_coroutine(); // to the loop, which looks whether it is over
    } else if (joiner) {
        wake(joiner);
        if (!next || queue_.top < next->list) {
            uint8_t woken = next ? next->flags & OUROS_TASK_WOKEN : 0;
            ouros_task* first = scheduler_.reschedule(&queue_);
            if (next)
                next->flags |= woken;
            next = first;
        }
    }
    std::coroutine_handle<> where = next ? resume_point(next) : std::noop_coroutine();
    uintr::enable();
    return where;
}

std::coroutine_handle<> detail::finish_strand(promise_base& promise) noexcept {
    // Strands that nobody waits for end like threads: an exception ends the program.
    if (promise.error && load_acquire(&promise.joiner) == promise_base::detached())
        std::terminate();
    if (ouros_this_thread.dead) [[unlikely]]
        bury(nullptr);
    uintr::disable();
    return worker::here()->finish(promise);
}

void current_worker::add_poller(poller* added) const {
    added->next = pollers_of_thread;
    pollers_of_thread = added;
}

void current_worker::remove_poller(poller* removed) const {
    for (poller** at = &pollers_of_thread; *at; at = &(*at)->next) {
        if (*at == removed) {
            *at = removed->next;
            return;
        }
    }
}

// Looks for a while whether something comes. Interrupts are off, and the peers are told that none
// are needed; at the end they are needed again, and a last look makes sure that nothing came before
// the peers knew. True: there is something to do.
bool worker::poll() {
    bool waited_for = false;
    for (poller* each = *pollers_; each; each = each->next)
        waited_for = waited_for || each->waiting;
    uint32_t allowed = waited_for ? polling_.allowed() : 0;
    if (!allowed)
        return false;
    for (poller* each = *pollers_; each; each = each->next)
        each->sleeps(each, false);
    bool found = false;
    uint32_t looks = 0;
    for (; looks < allowed; looks++) {
        for (poller* each = *pollers_; each; each = each->next)
            if (each->waiting && each->look(each))
                found = true;
        if (found || ring_.ready() || ouros_sched_has_posted(&queue_))
            break;
        relax();
    }
    counters_.looks += looks;
    if (looks < allowed)
        polling_.found(looks);
    else
        polling_.missed();
    for (poller* each = *pollers_; each; each = each->next)
        each->sleeps(each, true);
    full_fence();
    for (poller* each = *pollers_; each; each = each->next)
        if (each->waiting && each->look(each))
            found = true;
    return found || looks < allowed;
}

// Nothing is ready; interrupts are off. Submits what is not yet submitted, looks at the CQ a last
// time, and waits. A completion between the look and the wait is pending in the receiver, which
// makes the wait return at once.
void worker::idle() {
    while (submit_backlog() || ring_.unsubmitted())
        submit();
    uint64_t others = uintr::take() & ~(uint64_t{1} << OUROS_VECTOR_COMPLETION);
    drain_completions();
    if (others)
        uintr::ouros_uintr_dispatch(others);
    // A handler may have cancelled something for another worker: that is an entry to be submitted.
    if (queue_.top || ouros_sched_has_posted(&queue_) || ring_.unsubmitted())
        return;
    if (ring_.broken()) {
        std::fputs("ouros: the device has stopped this queue pair\n", stderr);
        std::abort();
    }
    if (*pollers_ && poll())
        return;
    if (crew_) {
        ask_company();
        if (ouros_sched_has_posted(&queue_) || done())
            return leave_idle();
        if (std::exchange(armed_, false))
            uintr::timer::disarm();
    }
    counters_.waits++;
    // That the SQ has room again interrupts nobody, and the device may take entries without soon
    // completing one: with a backlog, look again after a while.
    constexpr uint64_t a_while = 100'000;
    kernel::wait(has_backlog() ? a_while : kernel::forever);
    if (crew_) {
        uintr::disable();
        leave_idle();
    }
}

// With user interrupts off, which they are afterwards if there is nothing: what runs next.
ouros_task* worker::pick() {
    if (ouros_sched_has_posted(&queue_))
        drain();
    ouros_task* next = scheduler_.reschedule(&queue_);
    if (!next) {
        idle();
        uintr::disable();
    }
    return next;
}

bool worker::done() const {
    return number_ == 0 ? root_->done() : crew_->is_over();
}

void worker::run_until(const detail::promise_base& root) {
    root_ = &root;
    while (!root.done()) {
        if (ouros_task* next = pick()) {
            std::coroutine_handle<> where = resume_point(next);
            uintr::enable();
            where.resume();
            uintr::disable();
        }
    }
    uintr::enable();
}

} // namespace ouros
