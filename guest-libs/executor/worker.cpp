// SPDX-License-Identifier: BSD-2-Clause
//
// The executor: what a worker does between two strands.

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ouros/reactor.hpp>
#include <ouros/task.hpp>
#include <ouros/worker.hpp>

namespace ouros {

constinit thread_local worker this_worker;

int64_t worker::start(const worker_options& options) {
    ouros_ring where = {};
    int64_t result = kernel::ring_setup(options.sq_entries, options.cq_entries, &where);
    if (result < 0)
        return result;
    if (!kernel::bind_scheduler(&scheduler_)) {
        kernel::ring_close();
        return -ENOSYS;
    }
    scheduler_.init(&queue_, nullptr);
    yield_ = scheduler_.yield;
    ring_ = ring(where);
    batch_ = options.batch < options.sq_entries ? options.batch : options.sq_entries;
    counters_ = {};
    install_reactor();
    uintr::enable();
    return 0;
}

void worker::stop() {
    uintr::disable(); // the handler would look at a ring that is gone
    kernel::ring_close(); // returns when nothing is in flight
    uintr::take();
    bury(nullptr);
    ring_ = ring();
}

void worker::submit() {
    yields_ = 0;
    yield_ = scheduler_.yield;
    ring_.submit();
    counters_.doorbells++;
}

// A strand that yields for ever must not keep others' requests from the device.
ouros_task* worker::yield_and_submit(ouros_queue* queue) {
    worker& self = this_worker;
    if (++self.yields_ >= 16)
        self.submit();
    return self.scheduler_.yield(queue);
}

std::coroutine_handle<> worker::issue(operation& request, std::coroutine_handle<> coroutine) {
    request.waiter_ = current();
    io_uring_sqe* entry = backlog_first_ ? nullptr : ring_.try_get();
    if (entry) [[likely]] {
        request.fill(entry);
        yield_ = yield_and_submit;
        if (ring_.unsubmitted() >= batch_)
            submit();
    } else {
        // Backpressure: the strand waits as for any call; the entry is made when there is room.
        request.next_ = nullptr;
        (backlog_first_ ? backlog_last_->next_ : backlog_first_) = &request;
        backlog_last_ = &request;
        counters_.backlogged++;
        if (ring_.unsubmitted())
            submit();
    }
    return suspend(coroutine);
}

// Moves what waits for room into the SQ. Returns whether anything moved.
bool worker::submit_backlog() {
    bool moved = false;
    while (backlog_first_) {
        io_uring_sqe* entry = ring_.try_get();
        if (!entry)
            break;
        operation* request = backlog_first_;
        backlog_first_ = request->next_;
        request->fill(entry);
        moved = true;
    }
    return moved;
}

std::coroutine_handle<> worker::finish() {
    uintr::disable();
    ouros_task* next = scheduler_.exit(&queue_);
    uintr::enable();
    if (!next)
        return std::noop_coroutine();
    return resume_point(next);
}

std::coroutine_handle<> detail::finish_strand(promise_base& promise) noexcept {
    promise.done = true;
    if (promise.joiner)
        this_worker.wake(promise.joiner);
    if (promise.detached) {
        if (promise.error)
            std::terminate(); // as a std::thread does: nobody is there to catch it
        this_worker.bury(promise.self);
    }
    return this_worker.finish();
}

void worker::add_poller(poller* added) {
    added->next = pollers_;
    pollers_ = added;
}

void worker::remove_poller(poller* removed) {
    for (poller** at = &pollers_; *at; at = &(*at)->next) {
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
    for (poller* each = pollers_; each; each = each->next)
        waited_for = waited_for || each->waiting;
    uint32_t allowed = waited_for ? polling_.allowed() : 0;
    if (!allowed)
        return false;
    for (poller* each = pollers_; each; each = each->next)
        each->sleeps(each, false);
    bool found = false;
    uint32_t looks = 0;
    for (; looks < allowed; looks++) {
        for (poller* each = pollers_; each; each = each->next)
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
    for (poller* each = pollers_; each; each = each->next)
        each->sleeps(each, true);
    full_fence();
    for (poller* each = pollers_; each; each = each->next)
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
    if (queue_.top || ouros_sched_has_posted(&queue_))
        return;
    if (ring_.broken()) {
        std::fputs("ouros: the device has stopped this queue pair\n", stderr);
        std::abort();
    }
    if (pollers_ && poll())
        return;
    counters_.waits++;
    // That the SQ has room again interrupts nobody, and the device may take entries without soon
    // completing one: with a backlog, look again after a while.
    constexpr uint64_t a_while = 100'000;
    kernel::wait(backlog_first_ ? a_while : kernel::forever);
}

void worker::run_until(const bool* done) {
    while (!*done) {
        uintr::disable();
        if (ouros_sched_has_posted(&queue_))
            scheduler_.drain(&queue_);
        ouros_task* next = scheduler_.reschedule(&queue_);
        if (!next)
            idle();
        uintr::enable();
        if (next)
            resume_point(next).resume();
    }
    bury(nullptr);
}

} // namespace ouros
