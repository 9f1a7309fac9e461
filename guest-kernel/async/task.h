// SPDX-License-Identifier: BSD-2-Clause
//
// task<T>: kernel work that may have to wait. A user thread has no kernel stack: a system call that
// blocks is a coroutine whose frame (from the kernel heap) is all that waits. Lazy: starts when
// awaited or spawned. Awaiting and returning are symmetric transfers.
//
//   task<long> sys_read(thread& self, ...) {
//       ...
//       if (long error = co_await queue.wait(self); error < 0)
//           co_return error;
//
// No memory for a frame: the task is empty, and awaiting it gives out_of_memory<T>::value().
// A coroutine may resume on another hart: don't keep this_hart() over a co_await, and take
// everything you need as arguments rather than from "the current thread".
#pragma once

#include <coroutine>
#include <new>
#include <utility>

#include "lib/error.h"
#include "memory/heap.h"

namespace kernel {

template <class T>
struct out_of_memory;
template <>
struct out_of_memory<long> {
    static long value() { return -ENOMEM; }
};
template <class T>
struct out_of_memory<result<T>> {
    static result<T> value() { return result<T>::failure(-ENOMEM); }
};

// Told when a task that nobody awaits has its result. It may run on any hart; the frame is
// suspended for good by then and `done` may destroy it.
struct task_completion {
    void (*done)(task_completion*);
};

namespace detail {

struct promise_base {
    std::coroutine_handle<> continuation;
    task_completion* completion = nullptr;

    static void* operator new(size_t size) noexcept { return heap_allocate(size); }
    static void* operator new(size_t size, const std::nothrow_t&) noexcept {
        return heap_allocate(size);
    }
    static void operator delete(void* p) noexcept { heap_free(p); }

    struct final_awaiter {
        bool await_ready() noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
            promise_base& promise = self.promise();
            if (promise.continuation)
                return promise.continuation;
            if (promise.completion)
                promise.completion->done(promise.completion);
            return std::noop_coroutine();
        }
        void await_resume() noexcept {}
    };

    std::suspend_always initial_suspend() noexcept { return {}; }
    final_awaiter final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { __builtin_trap(); }
};

} // namespace detail

template <class T>
class [[nodiscard]] task {
  public:
    struct promise_type : detail::promise_base {
        T value{};

        task get_return_object() {
            return task(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        static task get_return_object_on_allocation_failure() { return task(nullptr); }
        void return_value(T v) { value = std::move(v); }
    };
    using handle = std::coroutine_handle<promise_type>;

    task() = default;
    task(task&& other) noexcept
        : handle_(std::exchange(other.handle_, nullptr)) {}
    task& operator=(task&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~task() {
        if (handle_)
            handle_.destroy();
    }

    explicit operator bool() const { return bool(handle_); }

    // Starts it without an awaiter; `completion` is told at the end. The task must stay alive.
    void start(task_completion& completion) {
        handle_.promise().completion = &completion;
        handle_.resume();
    }
    T take_result() { return std::move(handle_.promise().value); }

    auto operator co_await() && noexcept {
        struct awaiter {
            handle callee;
            bool await_ready() noexcept { return !callee; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
                callee.promise().continuation = caller;
                return callee;
            }
            T await_resume() noexcept {
                return callee ? std::move(callee.promise().value) : out_of_memory<T>::value();
            }
        };
        return awaiter{handle_};
    }

  private:
    explicit task(handle h)
        : handle_(h) {}
    handle handle_;
};

// Runs `work` by itself: it starts at once, on this hart, and its frame goes away when it ends.
// False: there was no memory for its frame.
bool spawn(task<long> work);

} // namespace kernel
