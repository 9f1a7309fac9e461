// SPDX-License-Identifier: BSD-2-Clause
//
// Futexes whose owner inherits the priority of those who wait: FUTEX_LOCK_PI and its kin. The word
// is the owner's thread id; FUTEX_WAITERS: it is given back in the kernel, which hands it to the
// most urgent waiter; FUTEX_OWNER_DIED: its owner ended with it.
#pragma once

#include <cstdint>

#include "async/task.h"
#include "async/timer.h"

namespace kernel {

struct caller;
class thread;

// 0: it is the thread's. must_wait: somebody has it. -EDEADLK, -ESRCH, -EINVAL, -EFAULT; -EAGAIN
// instead of must_wait if that is all it wants to know.
long futex_try_lock(thread& t, uint64_t address, bool is_private, bool only_try);
task<long> futex_lock(caller& who, uint64_t address, bool is_private, nanoseconds deadline);
// 0, -EPERM, -EFAULT.
long futex_unlock(thread& t, uint64_t address, bool is_private);

// The thread ends, or executes another program: what it has goes to those who wait for it, with
// FUTEX_OWNER_DIED. `for_good`: nobody can wait for it any more.
void end_owning(thread& t, bool for_good);

} // namespace kernel
