// SPDX-License-Identifier: BSD-2-Clause
#include "async/task.h"

namespace kernel {

namespace {

// A coroutine that nobody awaits and that frees itself.
struct detached {
    struct promise_type {
        static void* operator new(size_t size) noexcept { return heap_allocate(size); }
        static void* operator new(size_t size, const std::nothrow_t&) noexcept {
            return heap_allocate(size);
        }
        static void operator delete(void* p) noexcept { heap_free(p); }

        detached get_return_object() { return {true}; }
        static detached get_return_object_on_allocation_failure() { return {false}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() noexcept { __builtin_trap(); }
    };
    bool started;
};

detached run(task<long> work) {
    co_await std::move(work);
}

} // namespace

bool spawn(task<long> work) {
    return work && run(std::move(work)).started;
}

} // namespace kernel
