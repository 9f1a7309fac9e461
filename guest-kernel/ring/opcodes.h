// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <linux/io_uring.h>

#include "async/task.h"
#include "async/wait_queue.h"

namespace kernel {

// Does what io_uring's opcode does, for the process of `who`. The result, or -errno; -EINVAL for
// an opcode that is not supported.
task<long> ring_operation(caller& who, const io_uring_sqe& entry);

} // namespace kernel
