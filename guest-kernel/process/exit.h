// SPDX-License-Identifier: BSD-2-Clause
//
// The end of threads and processes.
//
//   exit_process      marks it, interrupts its threads' waits and running harts
//   each thread       ends at its next entry to the kernel or instead of its next run
//   the last one      starts the teardown, a kernel coroutine: rings (no DMA any more), receivers,
//                     files, memory; then whoever waits for the process is told (family.h). The end
//                     of the first process is the end of the machine, and of all others.
#pragma once

#include "async/task.h"

namespace kernel {

class process;
class thread;

// status as wait4 reports it: exit code << 8, or a signal number. The first call decides.
void exit_process(process& p, int status);
// The same in a system call, without a lock: has preemption points.
void exit_process_in_steps(process& p, int status);
inline constexpr int exited(int code) {
    return (code & 0xff) << 8;
}
// What a shell would show.
inline constexpr int shell_status(int status) {
    return status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff;
}

// execve: when it returns 0, `self` is the only thread. -EINTR: `self` is to end, too.
task<long> end_other_threads(thread& self);

// What the last thread starts: see process::teardown.
task<long> make_teardown(process& p);

// From a system call: the current thread does not return from it.
void end_current_thread();
// From a trap.
[[noreturn]] void end_thread(thread& t);

} // namespace kernel
