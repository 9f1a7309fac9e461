// SPDX-License-Identifier: BSD-2-Clause
//
// What the kernel does for entries of an io_uring that the device has forwarded.
#include "io_uring/operations.h"

#include <ouros/asyscall.h>

#include "io_uring/io_uring.h"
#include "ring/opcodes.h"
#include "ring/request.h"

namespace kernel {

bool operation_is_supported(uint8_t opcode) {
    switch (opcode) {
    case IORING_OP_TIMEOUT_REMOVE:
    case IORING_OP_LINK_TIMEOUT:
        return true; // the device's alone
    default:
        return operation_exists(opcode);
    }
}

long io_uring::begin(ring_request& who, const io_uring_sqe& entry, task<long>& later) {
    if (entry.opcode == operation_with_result)
        return int32_t(entry.off);
    return begin_operation(who, entry, later);
}

} // namespace kernel
