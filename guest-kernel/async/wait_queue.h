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
                c.item_.coroutine = self;
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

struct waiter;
struct caller;

// A waiter's place in one queue. poll() has many of them for one waiter.
struct wait_entry : list_node<wait_entry> {
    waiter* owner = nullptr;
    class wait_queue* queue = nullptr;
};

// An interruptible wait: the first of wake, interrupt and timeout to claim it resumes it. The
// others find it claimed; the resumed coroutine takes itself off every list before it goes on, so
// that nobody is left who knows its frame.
struct waiter : work_item {
    std::atomic<uint32_t> claimed{0};
    long outcome = 0;

    bool claim(long why) {
        if (claimed.exchange(1, std::memory_order_acq_rel))
            return false;
        outcome = why;
        return true;
    }
};

// Someone on whose behalf the kernel waits: a thread in a system call, or a request from a ring.
// interrupt() ends the wait it is in, or the next one it begins, with -EINTR.
struct caller {
    class process* owner = nullptr;

    void interrupt();
    bool interrupted() const { return interrupted_.load(std::memory_order_acquire); }
    void clear_interrupt() { interrupted_.store(false, std::memory_order_release); }

  private:
    friend class wait_operation;
    spinlock lock_;
    waiter* waiting_ = nullptr;
    std::atomic<bool> interrupted_{false};
};

// The awaiter of wait_queue::wait and wait_any.
class wait_operation {
  public:
    using check = bool (*)(void*);

    wait_operation(lock_guard* guard, caller& who, nanoseconds deadline,
                   std::span<wait_entry> entries, check ready = nullptr, void* context = nullptr)
        : guard_(guard), who_(who), entries_(entries), ready_(ready), context_(context) {
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

    std::span<wait_entry> entries() {
        return single_.queue ? std::span(&single_, 1) : entries_;
    }
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
