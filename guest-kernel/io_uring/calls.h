// SPDX-License-Identifier: BSD-2-Clause
//
// io_uring's three system calls.
#pragma once

#include "async/task.h"
#include "async/wait_queue.h"

namespace kernel::call {

task<long> io_uring_setup(caller&, uint64_t entries, uint64_t params);
task<long> io_uring_enter(caller&, uint64_t fd, uint64_t to_submit, uint64_t min_complete,
                          uint64_t flags, uint64_t argument, uint64_t argument_size);
task<long> io_uring_register(caller&, uint64_t fd, uint64_t operation, uint64_t argument,
                             uint64_t count);

} // namespace kernel::call
