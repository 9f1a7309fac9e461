// SPDX-License-Identifier: BSD-2-Clause
//
// A user thread: a stack and thread-local storage, and while it is parked the registers, on that
// stack. The kernel's threads are interchangeable to it: any of them that has a worker can go on
// with it, because everything the C library keeps for a thread is in its own thread-local storage.
//
//   runs      on a worker, as worker::thread_; strands come and go on it
//   parked    its strand was preempted, or has been in a system call; the strand is in a ready
//   queue,
//             and is resumed by switching to the thread
//   away      in a system call that its worker does not wait for: it has the kernel's thread
//   free      nothing on the stack is needed any more
//
//                       .------------ strand picked again ----------------.
//                       v                                                 |
//   free --taken--> runs --preempted------------------------> parked -----'
//     ^              |  `--blocks in a call--> away --over------^
//     `--switched----'
//        from
//
// A parked thread looks like a coroutine that is suspended: its first word is the function that
// resumes it. So picking a strand costs nothing more for there being threads.
#ifndef OUROS_THREAD_HPP
#define OUROS_THREAD_HPP

#include <cstddef>
#include <cstdint>
#include <ouros/strand.hpp>

namespace ouros {

class worker;

struct user_thread {
    void (*resume)(user_thread*); // as in a coroutine's frame
    void (*destroy)(user_thread*);
    user_thread* next; // whoever has the list of free ones that it is in
    uint64_t thread_pointer;
    uint64_t stack_top;
    uint64_t registers; // where they are while it is parked
    worker** on;        // its worker_of_thread: that it runs on, or ran on last
    void** handlers;    // which table its user-interrupt handlers are in (ouros/uintr.hpp)
    strand* blocked;    // the strand that is away on it
    ouros_task arrival; // posted to `on` when it is back
    void* dead;         // frame of a detached strand that has ended on it
};

// switch.S knows these.
static_assert(sizeof(void*) != 8 || offsetof(user_thread, next) == 16);
static_assert(sizeof(void*) != 8 || offsetof(user_thread, thread_pointer) == 24);
static_assert(sizeof(void*) != 8 || offsetof(user_thread, stack_top) == 32);
static_assert(sizeof(void*) != 8 || offsetof(user_thread, registers) == 40);

// Of the kernel's thread that has a worker or stands by. While it changes from one user thread to
// another it has a stack of its own.
struct kernel_thread {
    uint64_t stack_top;
    worker* starts; // the worker it makes, or null: it stands by
};

extern "C" {
// This thread's own, in its thread-local storage.
[[gnu::tls_model("local-exec")]] extern constinit thread_local user_thread ouros_this_thread;
// Switches to a parked thread; the running one is free then.
void ouros_thread_resume(user_thread*);
}

// Null without a worker. A variable of its own, for that is one instruction less.
[[gnu::tls_model("local-exec")]] extern constinit thread_local worker* worker_of_thread;

} // namespace ouros

#endif // OUROS_THREAD_HPP
