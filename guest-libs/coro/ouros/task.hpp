// SPDX-License-Identifier: BSD-2-Clause
//
// task<T>: a coroutine that computes a T. It starts when it is awaited, on the strand of the
// awaiting coroutine, or when it is spawned, on a strand of its own (ouros/spawn.hpp). Exceptions
// go to whoever takes the result.
//
// Awaiting and returning are symmetric transfers: any number of them in a row uses no stack, if
// the compiler makes them tail calls. GCC does so at -O2; at -O0, -O1 and -Og it has to be told
// with -foptimize-sibling-calls.
#ifndef OUROS_TASK_HPP
#define OUROS_TASK_HPP

#include <coroutine>
#include <exception>
#include <new>
#include <ouros/frame_pool.hpp>
#include <ouros/ordering.h>
#include <ouros/strand.hpp>
#include <utility>

namespace ouros {

template <typename T>
class task;

namespace detail {

struct promise_base;

// The strand of `promise` is over; what runs next (executor/worker.cpp).
std::coroutine_handle<> finish_strand(promise_base& promise) noexcept;

// The part of a promise that does not depend on T. Nothing is set up front: who starts the
// coroutine sets what its way of running needs.
struct promise_base : strand {
    std::coroutine_handle<> continuation; // the awaiting coroutine; null at the root of a strand
    std::coroutine_handle<> self;         // roots only, as all below
    strand* joiner;                       // who waits for its end, or one of those below
    std::exception_ptr error;

    // Strand and joiner may be on different workers, and each may be preempted anywhere: both
    // exchange `joiner`, and whoever comes second does what is left to do.
    static strand* ended() { return reinterpret_cast<strand*>(1); }    // the strand is over
    static strand* detached() { return reinterpret_cast<strand*>(2); } // the frame goes with it
    static strand* of_run() { return reinterpret_cast<strand*>(3); }   // run() waits for it

    bool done() const { return load_acquire(&joiner) == ended(); }
    // False: it is over already.
    bool join(strand* who) {
        if (exchange(&joiner, who) != ended())
            return true;
        store_relaxed(&joiner, ended());
        return false;
    }

    promise_base() noexcept {}

    static void* operator new(size_t size) { return frame_pool::allocate(size); }
    static void operator delete(void* frame, size_t size) { frame_pool::release(frame, size); }

    struct final_awaiter {
        bool await_ready() const noexcept { return false; }
        template <typename Promise>
        std::coroutine_handle<>
        await_suspend(std::coroutine_handle<Promise> coroutine) const noexcept {
            promise_base& promise = coroutine.promise();
            if (promise.continuation) [[likely]]
                return promise.continuation;
            return finish_strand(promise);
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }
    final_awaiter final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { error = std::current_exception(); }
};

template <typename T>
struct promise : promise_base {
    union {
        T value;
    };
    bool has_value = false;

    promise() noexcept {}
    ~promise() {
        if (has_value)
            value.~T();
    }
    task<T> get_return_object() noexcept;

    template <typename From>
    void return_value(From&& from) {
        ::new (static_cast<void*>(&value)) T(std::forward<From>(from));
        has_value = true;
    }
    T take() {
        if (error) [[unlikely]]
            std::rethrow_exception(error);
        return std::move(value);
    }
};

template <typename T>
struct promise<T&> : promise_base {
    T* value;

    task<T&> get_return_object() noexcept;
    void return_value(T& from) noexcept { value = &from; }
    T& take() {
        if (error) [[unlikely]]
            std::rethrow_exception(error);
        return *value;
    }
};

template <>
struct promise<void> : promise_base {
    task<void> get_return_object() noexcept;
    void return_void() const noexcept {}
    void take() {
        if (error) [[unlikely]]
            std::rethrow_exception(error);
    }
};

} // namespace detail

template <typename T = void>
class [[nodiscard]] task {
  public:
    using promise_type = detail::promise<T>;
    using handle = std::coroutine_handle<promise_type>;

    task() = default;
    explicit task(handle coroutine) noexcept
        : coroutine_(coroutine) {}
    task(task&& other) noexcept
        : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
    task& operator=(task&& other) noexcept {
        std::swap(coroutine_, other.coroutine_);
        return *this;
    }
    ~task() {
        if (coroutine_)
            coroutine_.destroy();
    }

    // Gives the frame away.
    handle release() noexcept { return std::exchange(coroutine_, nullptr); }

    struct awaiter {
        handle coroutine;
        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> continuation) const noexcept {
            coroutine.promise().continuation = continuation;
            return coroutine;
        }
        T await_resume() const { return coroutine.promise().take(); }
    };
    // Once: the result is moved out. The frame goes when this task object does.
    awaiter operator co_await() const& noexcept { return {coroutine_}; }
    awaiter operator co_await() const&& noexcept { return {coroutine_}; }

  private:
    handle coroutine_;
};

template <typename T>
task<T> detail::promise<T>::get_return_object() noexcept {
    return task<T>(std::coroutine_handle<promise>::from_promise(*this));
}

template <typename T>
task<T&> detail::promise<T&>::get_return_object() noexcept {
    return task<T&>(std::coroutine_handle<promise>::from_promise(*this));
}

inline task<void> detail::promise<void>::get_return_object() noexcept {
    return task<void>(std::coroutine_handle<promise>::from_promise(*this));
}

} // namespace ouros

#endif // OUROS_TASK_HPP
