// SPDX-License-Identifier: BSD-2-Clause
//
// The workers of one run(), and what they share.
#ifndef OUROS_CREW_HPP
#define OUROS_CREW_HPP

#include <ouros/worker.hpp>

namespace ouros {

struct crew {
    static constexpr unsigned most_workers = 64;

    worker* workers[most_workers] = {};
    unsigned count = 0;
    policies classes;
    user_thread* caller = nullptr; // of run(): parked until all is over

    // Atomic. Bit n: worker n is about to wait, or waits, and takes strands. Whoever clears it
    // gives it one, or is the worker itself.
    uint64_t idle = 0;
    uint32_t started = 0;  // workers that have tried to
    uint32_t running = 0;  // workers, the first not counted
    uint32_t stopping = 0; // they are to end
    uint32_t away = 0;     // strands in system calls that nobody waits for
    int64_t error = 0;     // of a worker that could not start

    bool is_over() const { return load_relaxed(&stopping) != 0; }

    // Runs `root`, which has not been started. 0, or -errno: it could not.
    static int64_t run(detail::promise_base& root, const worker_options& options);
};

// Free threads that belong to no worker at the moment: anybody pushes one, takes all.
struct spare_threads {
    static void give(user_thread* first); // a list
    static user_thread* take_all();
    static user_thread* take(worker& for_worker, user_thread*& list);
};

extern "C" {
// switch.S
void ouros_threaded_entry();
// The calling thread is parked, until somebody resumes it; its kernel thread goes on with `to`.
// With interrupts off before and after.
void ouros_thread_leave(user_thread* self, user_thread* to, void* coroutine);
// The calling thread is free; its kernel thread stands by.
[[noreturn]] void ouros_thread_retire(kernel_thread* self, user_thread* thread);
extern char ouros_worker_lost[];
// From switch.S
[[noreturn]] void ouros_thread_main(void* coroutine);
void ouros_thread_arrived(user_thread* thread);
void ouros_thread_returned(user_thread* thread);
user_thread* ouros_thread_switch(user_thread* to);
thread_switch ouros_preempt();
thread_switch ouros_take_over(worker* taken, kernel_thread* self);
}

} // namespace ouros

#endif // OUROS_CREW_HPP
