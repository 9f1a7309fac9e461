// SPDX-License-Identifier: BSD-2-Clause
//
// Coroutines on the executor: switches through the scheduler image, frames, wakes, and the same
// calls as in rings.cpp made by coroutines.

#include "measure.hpp"

#include <cstdio>
#include <ouros/ouros.hpp>
#include <vector>

namespace bench {

namespace {

using ouros::task;

// Resume and suspend, no scheduler: what the language itself costs.
struct generator {
    struct promise_type {
        generator get_return_object() {
            return {std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        std::suspend_always initial_suspend() { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() {}
    };
    std::coroutine_handle<promise_type> handle;
};

uint64_t steps;

generator counting() {
    for (;;) {
        steps++;
        co_await std::suspend_always{};
    }
}

void language() {
    generator count = counting();
    auto handle = count.handle;
    measure("coroutine.switch", 2000, 1, [&] { handle.resume(); });
    handle.destroy();
}

task<int> leaf() {
    co_return 1;
}

task<void> create_and_destroy() {
    measure("coroutine.create", 2000, 1, [] { task<int> unstarted = leaf(); });
    for (int i = -100; i < 2000; i++) {
        uint64_t start = instructions();
        steps += static_cast<uint64_t>(co_await leaf());
        uint64_t end = instructions();
        if (i >= 0)
            taken.add(end - start);
    }
    taken.report("coroutine.await_child");
}

constexpr int yields = 2000;

task<void> yields_and_measures() {
    for (int i = -100; i < yields; i++) {
        uint64_t start = instructions();
        co_await ouros::yield();
        uint64_t end = instructions();
        if (i >= 0)
            taken.add(end - start);
    }
}

task<void> only_yields() {
    for (int i = -100; i < yields; i++)
        co_await ouros::yield();
}

// Two strands of one priority: between two looks at the counter each has yielded once.
task<void> yield_in_turns() {
    auto other = ouros::spawn(only_yields()), measuring = ouros::spawn(yields_and_measures());
    co_await measuring;
    co_await other;
    taken.report("coroutine.yield", 2);
}

// Wake: a handler makes a strand of higher priority ready; the running one yields to it.
constexpr unsigned wake_vector = 9;
ouros::strand* sleeper;
uint64_t woken_at;

void wake_sleeper(unsigned, void*) {
    woken_at = instructions();
    ouros::this_worker.wake_in_handler(sleeper);
}

struct park {
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> coroutine) const noexcept {
        sleeper = ouros::this_worker.current();
        return ouros::this_worker.suspend(coroutine);
    }
    void await_resume() const noexcept {}
};

task<void> sleeps() {
    for (int i = -100; i < 2000; i++) {
        co_await park{};
        uint64_t end = instructions();
        if (i >= 0)
            taken.add(end - woken_at);
    }
    sleeper = nullptr;
}

task<void> wake_from_handler() {
    ouros::uintr::set_handler(wake_vector, wake_sleeper);
    auto sleeping = ouros::spawn(sleeps(), 1);
    co_await ouros::yield();
    while (sleeper) {
        ouros::uintr::raise(uint64_t{1} << wake_vector);
        co_await ouros::yield();
    }
    co_await sleeping;
    taken.report("coroutine.wake");
}

// As many coroutines as the batch has operations, each with one in flight.
template <typename Operation>
task<void> repeats(int times, Operation operation, unsigned which) {
    for (int i = 0; i < times; i++)
        ouros::check(co_await operation(which));
}

template <typename Operation>
task<void> batch_of(const char* name, unsigned batch, Operation operation) {
    constexpr int rounds = 20;
    for (int i = -2; i < 50; i++) {
        std::vector<ouros::spawned<void>> all;
        all.reserve(batch);
        for (unsigned k = 0; k < batch; k++)
            all.push_back(ouros::spawn(repeats(rounds, operation, k)));
        uint64_t start = instructions();
        for (auto& each : all)
            co_await each;
        uint64_t end = instructions();
        if (i >= 0)
            taken.add(end - start);
    }
    char full_name[64];
    std::snprintf(full_name, sizeof full_name, "%s.batch%u", name, batch);
    taken.report(full_name, batch * rounds);
}

alignas(4096) char buffers[32][4096];

task<int> program(const char* file) {
    co_await create_and_destroy();
    co_await yield_in_turns();
    co_await wake_from_handler();
    for (unsigned batch : {1u, 8u, 32u, 128u})
        co_await batch_of("coroutine.nop", batch, [](unsigned) { return ouros::nop(); });
    int fd = static_cast<int>(ouros::check(co_await ouros::open(file, O_RDONLY), file));
    for (auto& page : buffers)
        page[0] = 1;
    for (unsigned batch : {1u, 32u})
        co_await batch_of("coroutine.read4k", batch, [fd](unsigned k) {
            return ouros::read(fd, buffers[k], sizeof buffers[k], k * sizeof buffers[k]);
        });
    co_await ouros::close(fd);
    co_return 0;
}

void coroutines(const char* file) {
    language();
    if (int status = ouros::run(program(file)))
        throw std::system_error(status, std::generic_category(), "run");
}

const subject here{"coroutines", harts::one, coroutines};

} // namespace

} // namespace bench
