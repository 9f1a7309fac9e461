// SPDX-License-Identifier: BSD-2-Clause
//
// A child of a process: a copy of it with one thread, the one that called.
//
//                    fork                                     vfork, posix_spawn
//   memory           copied when one of them writes           the parent's own, lent
//   descriptors      a table of its own with the same open files, so positions are shared
//   signals          actions and mask are the parent's
//   rings, user      none: they stay with the parent          none, and none can be made while the
//   interrupts                                                memory is lent
//   the parent       goes on                                  waits until the child executes a
//                                                             program or ends
#pragma once

#include <cstdint>

#include "process/process.h"

namespace kernel {

struct fork_request {
    bool lend_space = false;
    uint64_t stack = 0; // 0: as the parent's
    bool set_thread_pointer = false;
    uint64_t thread_pointer = 0;
    uint64_t set_parent_tid = 0, set_child_tid = 0, clear_child_tid = 0; // addresses, or 0
};

// By the running thread, whose registers are in its frame. The child is ready to run, or has run
// already. With lend_space, `left` is the wait until the child has its own space or has ended: it
// is made with the child, which nothing could hold back any more if there were no memory for it.
// -ENOMEM, -EAGAIN, -EFAULT.
long fork_process(thread& self, const fork_request& wanted, task<long>& left);

} // namespace kernel
