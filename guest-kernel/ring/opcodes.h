// SPDX-License-Identifier: BSD-2-Clause
//
// What an entry of a ring asks for.
#pragma once

#include <linux/io_uring.h>

#include "async/task.h"
#include "async/wait_queue.h"
#include "lib/ref.h"

namespace kernel {

class file;
struct ring_request;

// Begins what io_uring's opcode asks for, for the request. The result, or -errno; -EINVAL for an
// opcode that is not supported. Or must_wait, and then `later` goes on with it (empty: no memory).
bool operation_exists(uint8_t opcode);
long begin_operation(ring_request& who, const io_uring_sqe& entry, task<long>& later);

// Until one of the events is there: which ones are.
task<long> poll_later(caller& who, ref<file> f, uint32_t events);

// cancel.cpp: what the device has left of these two for the kernel.
long cancel_requests(ring_request& who, const io_uring_sqe& entry);
long remove_poll(ring_request& who, const io_uring_sqe& entry);

} // namespace kernel
