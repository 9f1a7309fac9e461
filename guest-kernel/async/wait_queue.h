// SPDX-License-Identifier: BSD-2-Clause
//
// Where kernel coroutines wait.
//
//   completion one;                     one event, one waiter; set() may come first
//   co_await one.wait();                not interruptible: for devices
//
//   wait_queue queue;                   many waiters, first come first served
//   lock_guard guard(object_lock);
//   while (!condition) {
//       long error = co_await queue.wait(guard, who);       unlocks while it waits, then relocks
//       if (error < 0) co_return error;                     -EINTR, -ETIMEDOUT
//   }
//
// Lock order: the condition's lock, caller::lock, timer lock, wait_queue::lock_.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "async/executor.h"
#include "async/timer.h"
#include "lib/error.h"
#include "lib/spinlock.h"

namespace kernel {

class completion {
  public:
    void set() {
        if (state_.exchange(fired, std::memory_order_acq_rel) == waiting)
            executor::make_ready(item_);
    }
    bool is_set() const { return state_.load(std::memory_order_acquire) == fired; }
    // For use once more, by the waiter after it was woken.
    void rearm() { state_.store(idle, std::memory_order_relaxed); }

    auto wait() {
        struct awaiter {
            completion& c;
            bool await_ready() noexcept { return c.is_set(); }
            bool await_suspend(std::coroutine_handle<> self) noexcept {
                c.item_.suspend_at(self);
                uint32_t expected = idle;
                return c.state_.compare_exchange_strong(expected, waiting,
                                                        std::memory_order_acq_rel);
            }
            void await_resume() noexcept {}
        };
        return awaiter{*this};
    }

  private:
    enum : uint32_t { idle, waiting, fired };
    std::atomic<uint32_t> state_{idle};
    work_item item_;
};

class process;
class thread;
struct waiter;
struct caller;

// A waiter's place in one queue. poll() has many of them for one waiter.
struct wait_entry : list_node<wait_entry> {
    waiter* owner = nullptr;
    class wait_queue* queue = nullptr;
};

// An interruptible wait: the first of wake, interrupt and timeout to claim it resumes it. The
// others find it claimed; the resumed coroutine takes itself off every list before it goes on, so
// that nobody is left who knows its frame. While it is still putting itself on lists it is
// `preparing`: a claim then makes it not suspend at all.
struct waiter : work_item {
    // Whether this claim ended the wait, with `outcome` (0 or -errno).
    bool claim(long outcome) {
        uint32_t old = state_.load(std::memory_order_relaxed);
        do
            if (old >= claimed)
                return false;
        while (!state_.compare_exchange_weak(old, uint32_t(claimed - outcome),
                                             std::memory_order_acq_rel));
        if (old == waiting)
            resume_(*this);
        return true;
    }
    // Last step of suspending; false: claimed already, go on. If true, don't touch it any more.
    bool suspend() {
        uint32_t expected = preparing;
        return state_.compare_exchange_strong(expected, waiting, std::memory_order_acq_rel);
    }
    long outcome() const { return long(claimed) - long(state_.load(std::memory_order_acquire)); }

  protected:
    // For another wait, without a coroutine: it is suspended from now on, and a claim does
    // `resume`.
    void rearm(void (*resume)(waiter&)) {
        resume_ = resume;
        state_.store(waiting, std::memory_order_relaxed);
    }

  private:
    static void resume_coroutine(waiter& w) { executor::make_ready(w); }

    enum : uint32_t { preparing, waiting, claimed };
    std::atomic<uint32_t> state_{preparing};
    void (*resume_)(waiter&) = resume_coroutine;
};

// Someone on whose behalf the kernel waits: a thread in a system call, or a request from a ring.
struct caller {
    process* owner = nullptr;
    // The thread, if it is one in a call of its own; null: a request, which has no signals and no
    // registers. A wait of its own that ends with -EINTR was cancelled, by whoever cancels it.
    thread* as_thread = nullptr;

    // Ends the wait it is in, or the next one it begins, with -EINTR.
    void interrupt() { interrupt(once); }
    // ... and every one after it: the thread or the request is to end.
    void kill() { interrupt(for_good); }
    // The same by the caller itself, which is in no wait.
    void mark_interrupted() { interrupted_.fetch_or(once, std::memory_order_acq_rel); }
    bool interrupted() const { return interrupted_.load(std::memory_order_acquire) != 0; }
    bool killed() const { return interrupted_.load(std::memory_order_acquire) & for_good; }
    // What it waits with, if it waits.
    template <class F>
    void with_waiter(F&& use) {
        lock_guard guard(lock_);
        if (waiting_)
            use(*waiting_);
    }
    void clear_interrupt() { interrupted_.fetch_and(~uint32_t(once), std::memory_order_acq_rel); }

  private:
    friend class wait_operation;
    friend class thread_wait;
    enum : uint32_t { once = 1, for_good = 2 };
    void interrupt(uint32_t how);

    spinlock lock_;
    waiter* waiting_ = nullptr;
    std::atomic<uint32_t> interrupted_{0};
};

// The awaiter of wait_queue::wait and wait_any.
class wait_operation {
  public:
    using check = bool (*)(void*);

    wait_operation(lock_guard* guard, caller& who, nanoseconds deadline,
                   std::span<wait_entry> entries, check ready = nullptr, void* context = nullptr)
        : guard_(guard)
        , who_(who)
        , entries_(entries)
        , ready_(ready)
        , context_(context) {
        timeout_.deadline = deadline;
    }
    wait_operation(lock_guard& guard, caller& who, nanoseconds deadline, wait_queue& queue)
        : wait_operation(&guard, who, deadline, {}) {
        single_.queue = &queue;
    }
    wait_operation(const wait_operation&) = delete;

    bool await_ready() noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> self) noexcept;
    long await_resume() noexcept;

  private:
    struct timeout_timer : timer {
        waiter* target = nullptr;
    };

    std::span<wait_entry> entries() { return single_.queue ? std::span(&single_, 1) : entries_; }
    void leave();

    lock_guard* guard_;
    caller& who_;
    std::span<wait_entry> entries_;
    check ready_;
    void* context_;
    wait_entry single_;
    waiter waiter_;
    timeout_timer timeout_;
};

class wait_queue {
  public:
    // Releases `guard`, which protects the condition, once queued; holds it again afterwards.
    wait_operation wait(lock_guard& guard, caller& who, nanoseconds deadline = never) {
        return wait_operation(guard, who, deadline, *this);
    }

    // Call with the condition's lock held, after changing the condition. How many were woken.
    unsigned wake(unsigned count = 1);
    unsigned wake_all() { return wake(~0u); }

    // For a waiter that stays: its entry is in the queue until it is woken or removed.
    void add(wait_entry& entry) {
        lock_guard guard(lock_);
        entries_.push_back(entry);
    }
    void remove(wait_entry& entry) {
        lock_guard guard(lock_);
        if (entry.linked())
            list<wait_entry>::remove(entry);
    }

  private:
    friend class wait_operation;
    spinlock lock_;
    list<wait_entry> entries_;
};

// Waits until one of the queues (entries[i].queue) is woken. There is no common lock, so `ready` is
// asked once the waiter is on all of them: true means that there is no need to sleep.
// 0, -EINTR, -ETIMEDOUT.
inline wait_operation wait_any(caller& who, std::span<wait_entry> entries, nanoseconds deadline,
                               wait_operation::check ready, void* context) {
    return wait_operation(nullptr, who, deadline, entries, ready, context);
}

// -ETIMEDOUT at the deadline, or -EINTR.
inline wait_operation sleep_until(caller& who, nanoseconds deadline) {
    return wait_operation(nullptr, who, deadline, {});
}

} // namespace kernel
