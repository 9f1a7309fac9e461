// SPDX-License-Identifier: BSD-2-Clause
//
// io_uring_register.
#include <asm/unistd.h>

#include "fs/fd_table.h"
#include "io_uring/calls.h"
#include "io_uring/io_uring.h"
#include "io_uring/operations.h"
#include "process/thread.h"
#include "syscalls/syscall.h"

namespace kernel {

namespace {

constexpr unsigned opcodes_shown = OUROS_OP_PIPE + 1; // the last that anything here serves

// struct io_uring_probe: a head of 16 bytes, then the opcodes.
long probe(caller& who, uint64_t to, uint32_t count) {
    struct {
        uint8_t last_op, ops_len;
        uint16_t resv;
        uint32_t resv2[3];
    } head{};
    io_uring_probe_op op{};
    static_assert(sizeof head == 16 && sizeof op == 8);
    if (count > 256)
        return -EINVAL;
    address_space& space = *who.owner->space;
    for (uint32_t at = 0; at < sizeof head + count * sizeof op; at += sizeof op) {
        uint64_t word;
        if (long error = read_user(space, word, to + at); error < 0)
            return error;
        if (word)
            return -EINVAL;
    }
    if (count > opcodes_shown)
        count = opcodes_shown;
    head.last_op = opcodes_shown - 1;
    head.ops_len = uint8_t(count);
    if (long error = write_user(space, to, head); error < 0)
        return error;
    for (uint32_t i = 0; i < count; i++) {
        op.op = uint8_t(i);
        op.flags = operation_is_supported(uint8_t(i)) ? IO_URING_OP_SUPPORTED : 0;
        if (long error = write_user(space, to + sizeof head + i * sizeof op, op); error < 0)
            return error;
    }
    return 0;
}

long enable(caller& who, io_uring& ring) {
    if (ring.enabled)
        return -EBADFD;
    if (ring.setup_flags & IORING_SETUP_SINGLE_ISSUER)
        ring.submitter = who.as_thread;
    ring.enabled = true;
    return 0;
}

} // namespace

namespace call {

task<long> io_uring_register(caller& who, uint64_t fd, uint64_t operation, uint64_t argument,
                             uint64_t count_wanted) {
    auto count = uint32_t(count_wanted);
    ref<file> opened = who.owner->files->get(fd);
    if (!opened)
        co_return -EBADF;
    io_uring* ring = opened->as_io_uring();
    if (!ring || !ring->belongs_to(*who.owner))
        co_return -EOPNOTSUPP;
    switch (uint32_t(operation)) {
    case IORING_REGISTER_PROBE:
        co_return argument ? probe(who, argument, count) : -EINVAL;
    case IORING_REGISTER_ENABLE_RINGS:
        co_return argument || count ? -EINVAL : enable(who, *ring);
    default:
        co_return -EINVAL;
    }
}

} // namespace call
} // namespace kernel
