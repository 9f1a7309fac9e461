// SPDX-License-Identifier: BSD-2-Clause
//
// Linux's numbers for io_uring that are newer than the toolchain's linux/io_uring.h.
#pragma once

#include <linux/io_uring.h>
#include <ouros/opcodes.h>

namespace kernel {

// struct io_uring_params: flags, features
inline constexpr uint32_t setup_no_sq_array = 1u << 16;
inline constexpr uint32_t feature_registered_ring_register = 1u << 13;

// io_uring_enter
inline constexpr uint32_t enter_absolute_timer = 1u << 5;

// sqe->cmd_op of IORING_OP_URING_CMD for sockets. Of its fields, optval is addr3, optname and level
// the halves of addr, optlen file_index.
inline constexpr uint32_t command_getsockopt = 2;
inline constexpr uint32_t command_setsockopt = 3;

// io_uring_register
inline constexpr uint32_t register_use_registered_ring = 1u << 31;

// IORING_ASYNC_CANCEL_
inline constexpr uint32_t cancel_by_user_data = 1u << 4;
inline constexpr uint32_t cancel_by_operation = 1u << 5;

// IORING_REGISTER_SYNC_CANCEL
struct sync_cancel {
    uint64_t user_data;
    int32_t fd;
    uint32_t flags;
    int64_t seconds, nanoseconds; // both -1: without end
    uint8_t opcode, padding[7];
    uint64_t padding2[3];
};
static_assert(sizeof(sync_cancel) == 64);

// sqe
inline constexpr uint32_t splice_from_fixed = 1u << 31;
inline constexpr uint8_t opcode_install_fixed = 54;
inline constexpr int32_t nop_inject_result = 1u << 0;

} // namespace kernel
