// SPDX-License-Identifier: BSD-2-Clause
//
// Starting tasks on strands of their own: spawn, when_all, run.
#ifndef OUROS_SPAWN_HPP
#define OUROS_SPAWN_HPP

#include <array>
#include <ouros/task.hpp>
#include <ouros/worker.hpp>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace ouros {

// A spawned task. Await it for its result; let it go and it runs on by itself, and an exception
// that leaves it then ends the program.
template <typename T>
class spawned {
  public:
    using handle = typename task<T>::handle;

    explicit spawned(handle coroutine) noexcept
        : coroutine_(coroutine) {}
    spawned(spawned&& other) noexcept
        : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
    spawned& operator=(spawned&& other) noexcept {
        std::swap(coroutine_, other.coroutine_);
        return *this;
    }
    ~spawned() {
        if (!coroutine_)
            return;
        if (!coroutine_.promise().join(detail::promise_base::detached()))
            coroutine_.destroy();
    }

    bool done() const { return coroutine_.promise().done(); }
    detail::promise_base& promise() { return coroutine_.promise(); }
    // The result of one that is done.
    T take() { return coroutine_.promise().take(); }

    bool await_ready() const noexcept { return done(); }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) noexcept {
        detail::promise_base& promise = coroutine_.promise();
        return this_worker.suspend_if(waiting, [&](strand* self) { return promise.join(self); });
    }
    T await_resume() { return take(); }

  private:
    handle coroutine_;
};

template <typename T>
spawned<T> spawn(task<T> work, const strand_options& how = {}) {
    auto coroutine = work.release();
    auto& promise = coroutine.promise();
    promise.continuation = nullptr;
    promise.self = coroutine;
    promise.joiner = nullptr;
    promise.resume_point = coroutine.address();
    this_worker.start_strand(&promise, how);
    return spawned<T>(coroutine);
}
template <typename T>
spawned<T> spawn(task<T> work, unsigned priority) {
    return spawn(std::move(work), {.priority = priority});
}

namespace detail {

// Waits for a strand's end and leaves its result where it is.
struct ended {
    promise_base& promise;
    bool await_ready() const noexcept { return promise.done(); }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) const noexcept {
        return this_worker.suspend_if(waiting, [&](strand* self) { return promise.join(self); });
    }
    void await_resume() const noexcept {}
};

struct nothing {};
template <typename T>
using value_or_nothing = std::conditional_t<std::is_void_v<T>, nothing, T>;

template <typename T>
value_or_nothing<T> take_from(spawned<T>& from) {
    if constexpr (std::is_void_v<T>) {
        from.take();
        return {};
    } else {
        return from.take();
    }
}

} // namespace detail

// All at the same time. Ends when all have; then the results, or the first exception in order of
// the arguments.
template <typename... T>
task<std::tuple<detail::value_or_nothing<T>...>> when_all(task<T>... work) {
    std::tuple<spawned<T>...> all{spawn(std::move(work))...};
    auto promises = std::apply(
        [](auto&... each) {
            return std::array<detail::promise_base*, sizeof...(T)>{&each.promise()...};
        },
        all);
    for (detail::promise_base* each : promises)
        co_await detail::ended{*each};
    co_return std::apply(
        [](auto&... each) {
            return std::tuple<detail::value_or_nothing<T>...>{detail::take_from(each)...};
        },
        all);
}

template <typename T>
task<std::vector<T>> when_all(std::vector<task<T>> work) {
    std::vector<spawned<T>> all;
    all.reserve(work.size());
    for (task<T>& each : work)
        all.push_back(spawn(std::move(each)));
    for (spawned<T>& each : all)
        co_await detail::ended{each.promise()};
    std::vector<T> results;
    results.reserve(all.size());
    for (spawned<T>& each : all)
        results.push_back(each.take());
    co_return results;
}

inline task<void> when_all(std::vector<task<void>> work) {
    std::vector<spawned<void>> all;
    all.reserve(work.size());
    for (task<void>& each : work)
        all.push_back(spawn(std::move(each)));
    for (spawned<void>& each : all)
        co_await detail::ended{each.promise()};
    for (spawned<void>& each : all)
        each.take();
}

// Runs a program: sets up this thread's worker, and others if `options` want them, runs `program`
// and all it spawns until `program` is over, and returns its result. What is still in flight then
// is cancelled, and what still runs is not resumed. On a system that is not Ouros, or without the
// device: one line on stderr, and 1.
int run(task<int> program, const worker_options& options = {});

} // namespace ouros

#endif // OUROS_SPAWN_HPP
