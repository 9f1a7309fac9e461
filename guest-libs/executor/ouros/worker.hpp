// SPDX-License-Identifier: BSD-2-Clause
//
// A worker: one of the kernel's threads at a time, with its ready queue, its queue pair and its
// receiver. Its parts, each in a file of its own:
//
//   executor  worker.cpp   picks the next strand; with nothing left to run, submits and waits
//   reactor   reactor.cpp  the user-interrupt handler: drains the CQ, wakes the waiting strands
//   company   company.cpp  several workers: wakes from one to another, ready strands given away
//   preempt   preempt.cpp  the timer; strands that become parked threads; calls that block
//   crew      crew.cpp     makes the threads, starts and ends the workers
//
// What belongs to a worker is changed by whoever runs on it with user interrupts off, or by its
// handler; others post to its inbox and send it an interrupt. There are no locks.
//
//   strand A: co_await read() ---> SQ entry, suspend ---> scheduler image ---> strand B runs
//                                                                             ...
//   handler: CQ entry ---> wake(A)                     nothing ready: doorbell, wait ---> A runs
#ifndef OUROS_WORKER_HPP
#define OUROS_WORKER_HPP

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <ouros/calls.hpp>
#include <ouros/operation.hpp>
#include <ouros/ordering.h>
#include <ouros/policy.hpp>
#include <ouros/poller.hpp>
#include <ouros/ring.hpp>
#include <ouros/strand.hpp>
#include <ouros/thread.hpp>
#include <ouros/uintr.hpp>
#include <utility>

namespace ouros {

namespace detail {
struct promise_base;
}

struct worker_options {
    uint32_t sq_entries = 256;
    uint32_t cq_entries = 1024;
    uint32_t batch = 64; // entries after which the doorbell rings though strands are ready
    // Whatever is more urgent than the strand that is picked next runs before it: other processes',
    // the kernel's. Otherwise by the kernel's next tick.
    bool strict = false;

    // With the following as they are here, strands run on the caller's thread, and one runs until
    // it suspends: they need no locks among themselves. With any of them changed, strands run on
    // threads, several at a time or one preempting another, and need what threads need.
    unsigned workers = 1;
    // After which a strand that has not suspended makes way for another (policy.hpp).
    std::chrono::nanoseconds slice{0};
    // How many may be preempted, or in system calls that block, at the same time, for each worker;
    // what goes beyond is not preempted, and blocks its worker. 0: a few, if there is more than one
    // worker or a slice.
    unsigned threads = 0;
    size_t stack_size = 128 * 1024; // of each of them
    policies classes = {};

    bool threaded() const { return workers > 1 || slice.count() || threads; }
};

// How a strand starts.
struct strand_options {
    static constexpr unsigned here = ~0u;
    unsigned priority = default_priority;
    unsigned worker = here; // its number, from 0
    bool bound = false;     // it stays there, though another one has nothing to do
    uint64_t deadline = 0;  // in a class of deadlines: when, in ticks of uintr::timer
};

// What a worker has counted.
struct worker_counters {
    uint64_t interrupts;  // user interrupts taken by the reactor
    uint64_t completions; // of operations
    uint64_t doorbells;
    uint64_t waits;       // times nothing was left to run
    uint64_t backlogged;  // operations that found the SQ full
    uint64_t looks;       // at pollers, before a wait or instead of one
    uint64_t ticks;       // of the timer
    uint64_t preemptions; // strands that became parked threads
    uint64_t handovers; // of this worker to another of the kernel's threads, by a call that blocked
    uint64_t given;     // ready strands that went to a worker that had nothing to do
    uint64_t starved;   // preemptions that did not happen for want of a free thread
};

struct crew;
struct stop_relay;
class system_call;

// Where a thread goes on: to one that is parked, or to a free one that resumes a coroutine.
struct thread_switch {
    user_thread* to;
    void* coroutine; // null: `to` is parked
};

class worker {
  public:
    constexpr worker() = default;

    // Of the calling thread. Once the thread may be preempted: with user interrupts off, for it may
    // be on another one afterwards.
    static worker* here() { return worker_of_thread; }

    // Sets up queue pair, receiver and handler for this thread: 0 or -errno (-ENOSYS: not Ouros).
    int64_t start(const worker_options& options);
    void stop();

    // Runs strands until `root` is over.
    void run_until(const detail::promise_base& root);

    // All of these with user interrupts off. `leave` and what uses it switch them on.
    strand* current() { return static_cast<strand*>(queue_.running); }
    std::coroutine_handle<> suspend(std::coroutine_handle<> coroutine) {
        return leave(coroutine, scheduler_.suspend);
    }
    std::coroutine_handle<> yield(std::coroutine_handle<> coroutine) {
        current()->resume_point = coroutine.address();
        std::coroutine_handle<> where = resume_point(yield_(&queue_)); // itself, if nothing else
        uintr::enable();
        return where;
    }
    std::coroutine_handle<> issue(operation& request, std::coroutine_handle<> coroutine);
    std::coroutine_handle<> issue(system_call& request, std::coroutine_handle<> coroutine);
    // What can be stopped (stop.hpp), without the suspension. False: the kernel has not taken it.
    bool issue_through(stop_relay& relay, operation& request);
    bool issue_through(stop_relay& relay, system_call& request);
    // From anywhere: what this worker has issued through the relay.
    void cancel(stop_relay& relay);
    std::coroutine_handle<> finish(detail::promise_base& promise);
    std::coroutine_handle<> move(unsigned to, bool bound, std::coroutine_handle<> coroutine);
    void start_strand(strand* started, const strand_options& how);
    void wake(strand* waiting) {
        if (waiting->home == plain_home_) [[likely]]
            scheduler_.wake(&queue_, waiting);
        else
            wake_specially(waiting);
    }
    void set_priority(strand* changed, unsigned priority);

    // The handler's part.
    void drain_completions();
    void count_interrupt() { counters_.interrupts++; }

    ring& queue_pair() { return ring_; }
    const worker_counters& counters() const { return counters_; }
    unsigned number() const { return number_; }

  private:
    friend struct crew_worker;
    friend struct worker_switch;

    static bool is_thread(void* resume_point) {
        return *static_cast<void (**)(user_thread*)>(resume_point) == ouros_thread_resume;
    }
    static std::coroutine_handle<> resume_point(ouros_task* task) {
        return std::coroutine_handle<>::from_address(static_cast<strand*>(task)->resume_point);
    }
    // The running strand leaves the hart; what to resume instead. `coroutine` is where it goes on.
    std::coroutine_handle<> leave(std::coroutine_handle<> coroutine,
                                  ouros_task* (*how)(ouros_queue*)) {
        current()->resume_point = coroutine.address();
        ouros_task* next = how(&queue_);
        if (!next) [[unlikely]]
            return leave_to_loop();
        // Looked at before interrupts are on: from then on `next` may be preempted, and its resume
        // point is this thread.
        std::coroutine_handle<> where = resume_point(next);
        uintr::enable();
        return where;
    }
    [[gnu::cold]] static std::coroutine_handle<> leave_to_loop() {
        uintr::enable();
        return std::noop_coroutine();
    }
    // A wake of this thread may be for the most urgent of its strands: only the handler knows.
    void raise_ceiling(unsigned priority) {
        if (published_ && priority < published_->ceiling)
            published_->ceiling = priority;
    }
    void publish(bool strict);
    static ouros_task* yield_and_submit(ouros_queue* queue);

    void submit();
    void enqueue(operation& request);
    bool hand_over(system_call& request);
    bool submit_backlog();
    bool has_backlog() const { return entries_.first() || calls_.first(); }
    void relay_wake(stop_relay& relay);
    bool poll();
    void idle();
    ouros_task* pick();
    bool done() const;
    void nudge(); // interrupts it, so that it looks around

    // threads and company (company.cpp)
    void wake_specially(strand* waiting);
    void post(ouros_task* posted);
    void drain();
    void arrived(user_thread* thread);
    void woken(strand* ready);
    void arm();
    void place_by_deadline(strand* placed);
    void share();
    bool surplus() const {
        return (queue_.ready & (queue_.ready - 1)) ||
               (queue_.running && queue_.running->next != queue_.running);
    }
    static void posted(unsigned vector, void* self);
    void ask_company();
    void leave_idle();
    void keep_reserve();

    ouros_queue queue_ = {};
    ouros_scheduler scheduler_ = {};
    // The image's, or while entries wait to be submitted: yield_and_submit.
    ouros_task* (*yield_)(ouros_queue*) = nullptr;
    uintptr_t plain_home_ = 0; // `home` of a strand whose wake is nothing but the image's
    ouros_published* published_ = nullptr; // null: this thread has none
    ring ring_;
    backlog entries_; // issued while the SQ was full
    backlog calls_;   // while the kernel took none
    uint32_t batch_ = 0;
    uint32_t yields_ = 0;        // since something waits to be submitted
    poller** pollers_ = nullptr; // the list of the thread that started it
    adaptive_poll polling_;
    worker_counters counters_ = {};
    const detail::promise_base* root_ = nullptr; // what run() waits for

    // threaded only
    crew* crew_ = nullptr;
    user_thread* thread_ = nullptr; // that it runs on
    user_thread* free_ = nullptr;
    user_thread* reserve_ = nullptr; // for whoever goes on when the kernel's thread blocks
    kernel_thread* kernel_ = nullptr;
    void* handlers_ = nullptr;
    uint64_t slice_ = 0; // in ticks of the timer; 0: no preemption
    uint64_t sender_ = 0;
    unsigned number_ = 0;
    unsigned vector_ = 0;
    bool armed_ = false; // the timer is
    bool bound_ = false; // the kernel knows that a stand-by may take over
};

// The worker of the calling thread, whichever that is: strands may be preempted anywhere and go on
// on another one.
struct current_worker {
    strand* current() const {
        uintr::off_guard off;
        return worker::here()->current();
    }
    // The running strand leaves the hart; what to resume instead. `coroutine` is where it goes on.
    std::coroutine_handle<> suspend(std::coroutine_handle<> coroutine) const {
        uintr::disable();
        return worker::here()->suspend(coroutine);
    }
    // The same if `wanted(strand)` says so, which registers it with who will wake it: nothing can
    // come in between. Otherwise it goes on.
    template <typename Wanted>
    std::coroutine_handle<> suspend_if(std::coroutine_handle<> coroutine, Wanted&& wanted) const {
        uintr::disable();
        worker* here = worker::here();
        if (!wanted(here->current())) [[unlikely]] {
            uintr::enable();
            return coroutine;
        }
        return here->suspend(coroutine);
    }
    std::coroutine_handle<> yield(std::coroutine_handle<> coroutine) const {
        uintr::disable();
        return worker::here()->yield(coroutine);
    }

    // Any strand's, from any worker's strand; outside handlers.
    void wake(strand* waiting) const {
        uintr::disable();
        worker::here()->wake(waiting);
        uintr::enable();
    }
    // In a handler, or with user interrupts off.
    void wake_in_handler(strand* waiting) const { worker::here()->wake(waiting); }
    // Of a strand of this worker.
    void set_priority(strand* changed, unsigned priority) const {
        uintr::disable();
        worker::here()->set_priority(changed, priority);
        uintr::enable();
    }
    void start_strand(strand* started, const strand_options& how) const {
        uintr::disable();
        worker::here()->start_strand(started, how);
        uintr::enable();
    }

    // What is looked at before this worker blocks.
    void add_poller(poller* added) const;
    void remove_poller(poller* removed) const;

    ring& queue_pair() const { return worker::here()->queue_pair(); }
    const worker_counters& counters() const { return worker::here()->counters(); }
    unsigned number() const {
        uintr::off_guard off;
        return worker::here()->number();
    }
};
inline constexpr current_worker this_worker;

inline std::coroutine_handle<>
operation::await_suspend(std::coroutine_handle<> coroutine) noexcept {
    mark<OUROS_MARK_SUBMIT>(this);
    mark<OUROS_MARK_SUSPEND>(coroutine.address());
    uintr::disable();
    return worker::here()->issue(*this, coroutine);
}

} // namespace ouros

#endif // OUROS_WORKER_HPP
