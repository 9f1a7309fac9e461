// SPDX-License-Identifier: BSD-2-Clause
//
// What the calls that wait for files have in common: a timeout, and a signal mask.
#pragma once

#include <linux/time_types.h>

#include "process/thread.h"
#include "signals/signals.h"
#include "syscalls/syscall.h"

namespace kernel::call {

// A relative time from a struct timespec, as a deadline; null: none.
inline long read_deadline(caller& who, uint64_t timeout, nanoseconds& deadline) {
    deadline = never;
    if (!timeout)
        return 0;
    __kernel_timespec time;
    if (long error = read_user(*who.owner->space, time, timeout); error < 0)
        return error;
    if (time.tv_sec < 0 || time.tv_nsec < 0 || time.tv_nsec > 999'999'999)
        return -EINVAL;
    nanoseconds total;
    if (__builtin_mul_overflow(static_cast<nanoseconds>(time.tv_sec), 1'000'000'000ull, &total) ||
        __builtin_add_overflow(total, static_cast<nanoseconds>(time.tv_nsec) + now(), &total))
        return 0;
    deadline = total;
    return 0;
}

// A mask for the time of the call, which is then a thread's; when a signal ends the call, it stays
// until that is handled.
class temporary_mask {
  public:
    long begin(caller& who, uint64_t at, uint64_t size) {
        if (!at)
            return 0;
        if (size != sizeof(signal_set) || !who.as_thread)
            return -EINVAL; // a request has no mask
        signal_set mask;
        if (long error = read_user(*who.owner->space, mask, at); error < 0)
            return error;
        thread_ = who.as_thread;
        begin_temporary_mask(*thread_, mask);
        return 0;
    }
    long end(long result) {
        if (thread_ && result != -EINTR)
            end_temporary_mask(*thread_);
        return result;
    }

  private:
    thread* thread_ = nullptr;
};

} // namespace kernel::call
