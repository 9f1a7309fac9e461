// SPDX-License-Identifier: BSD-2-Clause
//
// A worker: one thread with its ready queue, its queue pair and its receiver. Three parts meet in
// it, each in a file of its own:
//
//   executor  worker.cpp   picks the next strand; with nothing left to run, submits and waits
//   reactor   reactor.cpp  the user-interrupt handler: drains the CQ, wakes the waiting strands
//   waker     worker::wake, worker::post: makes a strand ready from outside the handler
//
//   strand A: co_await read() ---> SQ entry, suspend ---> scheduler image ---> strand B runs
//                                                                             ...
//   handler: CQ entry ---> wake(A)                     nothing ready: doorbell, wait ---> A runs
#ifndef OUROS_WORKER_HPP
#define OUROS_WORKER_HPP

#include <coroutine>
#include <cstdint>
#include <ouros/calls.hpp>
#include <ouros/operation.hpp>
#include <ouros/poller.hpp>
#include <ouros/ring.hpp>
#include <ouros/strand.hpp>
#include <ouros/uintr.hpp>
#include <utility>

namespace ouros {

struct worker_options {
    uint32_t sq_entries = 256;
    uint32_t cq_entries = 1024;
    uint32_t batch = 64; // entries after which the doorbell rings though strands are ready
};

// What this thread has counted.
struct worker_counters {
    uint64_t interrupts;  // user interrupts taken by the reactor
    uint64_t completions; // of operations
    uint64_t doorbells;
    uint64_t waits;      // times nothing was left to run
    uint64_t backlogged; // operations that found the SQ full
    uint64_t looks;      // at pollers, before a wait or instead of one
};

class worker {
  public:
    constexpr worker() = default;

    // Sets up queue pair, receiver and handler for this thread: 0 or -errno (-ENOSYS: not Ouros).
    int64_t start(const worker_options& options);
    void stop();

    // Runs strands until *done.
    void run_until(const bool* done);

    strand* current() { return static_cast<strand*>(queue_.running); }

    // The running strand leaves the hart; what to resume instead. `coroutine` is where it goes on.
    std::coroutine_handle<> suspend(std::coroutine_handle<> coroutine) {
        ouros_task* next = leave(coroutine, scheduler_.suspend);
        if (!next) [[unlikely]]
            return std::noop_coroutine(); // back to run_until
        return resume_point(next);
    }
    std::coroutine_handle<> yield(std::coroutine_handle<> coroutine) {
        return resume_point(leave(coroutine, yield_));
    }
    std::coroutine_handle<> finish();
    std::coroutine_handle<> issue(operation& request, std::coroutine_handle<> coroutine);

    // On this worker's own thread, outside handlers.
    void start_strand(strand* started, unsigned priority) {
        scheduler_.task_init(started, priority);
        wake(started);
    }
    void wake(strand* waiting) {
        uintr::disable();
        scheduler_.wake(&queue_, waiting);
        uintr::enable();
    }
    // In a handler, or with user interrupts off.
    void wake_in_handler(strand* waiting) { scheduler_.wake(&queue_, waiting); }
    void set_priority(strand* changed, unsigned priority) {
        uintr::disable();
        scheduler_.set_priority(&queue_, changed, priority);
        uintr::enable();
    }

    // The handler's part; user interrupts are off.
    void drain_completions();
    void count_interrupt() { counters_.interrupts++; }

    // What is looked at before this worker blocks.
    void add_poller(poller* added);
    void remove_poller(poller* removed);

    ring& queue_pair() { return ring_; }
    const worker_counters& counters() const { return counters_; }

    // The frame of a detached strand that has ended, freed when nothing runs on it any more.
    void bury(std::coroutine_handle<> frame) {
        if (std::coroutine_handle<> previous = std::exchange(dead_, frame))
            previous.destroy();
    }

  private:
    static std::coroutine_handle<> resume_point(ouros_task* task) {
        return std::coroutine_handle<>::from_address(static_cast<strand*>(task)->resume_point);
    }
    ouros_task* leave(std::coroutine_handle<> coroutine, ouros_task* (*how)(ouros_queue*)) {
        current()->resume_point = coroutine.address();
        uintr::disable();
        ouros_task* next = how(&queue_);
        uintr::enable();
        return next;
    }
    static ouros_task* yield_and_submit(ouros_queue* queue);

    void submit();
    bool submit_backlog();
    bool poll();
    void idle();

    ouros_queue queue_ = {};
    ouros_scheduler scheduler_ = {};
    // The image's, or while entries wait to be submitted: yield_and_submit.
    ouros_task* (*yield_)(ouros_queue*) = nullptr;
    ring ring_;
    operation* backlog_first_ = nullptr; // issued while the SQ was full, oldest first
    operation* backlog_last_ = nullptr;
    std::coroutine_handle<> dead_;
    uint32_t batch_ = 0;
    uint32_t yields_ = 0; // since something waits to be submitted
    poller* pollers_ = nullptr;
    adaptive_poll polling_;
    worker_counters counters_ = {};
};

[[gnu::tls_model("local-exec")]] extern constinit thread_local worker this_worker;

inline std::coroutine_handle<>
operation::await_suspend(std::coroutine_handle<> coroutine) noexcept {
    return this_worker.issue(*this, coroutine);
}

} // namespace ouros

#endif // OUROS_WORKER_HPP
