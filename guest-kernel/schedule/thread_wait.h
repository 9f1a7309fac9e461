// SPDX-License-Identifier: BSD-2-Clause
//
// A wait that is all there is to do for a thread in a system call: without a coroutine, because
// nothing is left to be done when it ends but to return its outcome. A wake, an interrupt and the
// timeout compete for it as they do for a coroutine's (async/wait_queue.h).
//
//   long some_call() {                       whoever is to wake it finds the thread ...
//       return t.wait.begin(t, deadline, -ETIMEDOUT);
//   }
//   ... t.wait.end(0);                       ... and ends the wait: the call returns 0
#pragma once

#include "async/wait_queue.h"

namespace kernel {

class thread;

class thread_wait : waiter {
  public:
    thread_wait() = default;

    // From the system call of the running thread. Its result will be 0, -EINTR, or `late` when the
    // deadline has passed; return what this returns.
    long begin(thread& t, nanoseconds deadline, long late);
    // From any hart, while it is certain that the wait is not finished. The first one decides.
    bool end(long outcome) { return claim(outcome); }

    // Of a thread that stands by for a worker: end(0) takes it before the thread can run.
    long begin_standing_by(thread& t);

    bool begun() const { return thread_ != nullptr; }
    // Before the thread runs on, or ends: the outcome; nobody knows of the wait any more.
    long finish();

  private:
    struct timeout_timer : timer {
        thread_wait* target = nullptr;
    };
    thread* thread_ = nullptr;
    long late_ = 0;
    timeout_timer timeout_;
};

} // namespace kernel
