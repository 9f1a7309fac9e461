// SPDX-License-Identifier: BSD-2-Clause
//
// Which of threads and kernel work runs. Each hart has a ready queue of the shared scheduler, the
// same code that processes use; a lock makes whoever holds it the queue's owner in that code's
// terms. A hart that finds its queue empty takes from the others', then sleeps.
//
// Kernel work and threads are in the same queues: what has the highest priority runs.
#pragma once

#include "schedule/schedulable.h"

namespace kernel {

class thread;

// How long a thread runs before another of its priority gets its turn. What counts is the time that
// it has been on a hart: one that blocks, or is interrupted by something more urgent, continues the
// slice that it has begun, so nobody gets more than a slice per turn of the others.
inline constexpr uint64_t time_slice_ns = 10'000'000;

// Boot: binds the scheduler image that the kernel carries. False: it is not usable.
bool scheduler_start();
// For mapping the image into processes: the pages, and their size.
const void* scheduler_image();
size_t scheduler_image_size();

// Runs something else. What becomes of the thread that was running:
enum class leaving {
    nothing,     // there was none
    interrupted, // it goes on, unless something more urgent is ready or its time slice is over
    yielded,     // it is ready, behind the others of its priority
    blocked,     // it waits for a call
    ended,
};
[[noreturn]] void schedule(leaving how);

// The call: something more urgent than the running thread goes first. -EAGAIN: there is nothing.
long give_way(thread& t);

// Goes back to the current thread without a look at the queue.
[[noreturn]] void resume_current();

} // namespace kernel
