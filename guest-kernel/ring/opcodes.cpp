// SPDX-License-Identifier: BSD-2-Clause
#include "ring/opcodes.h"

#include "process/process.h"
#include "syscalls/file_calls.h"
#include "syscalls/time_value.h"

namespace kernel {

namespace {

// By value: `later` starts after the entry may be gone.
template <auto F, auto Later, class... A>
task<long> either(caller& who, A... arguments) {
    long value = F(who, arguments...);
    if (value == must_wait)
        value = co_await Later(who, arguments...);
    co_return value;
}

task<long> move(caller& who, const io_uring_sqe& e, bool is_write, bool is_vector) {
    call::transfer transfer{uint64_t(int64_t(e.fd)), e.addr,    e.len,
                            int64_t(e.off),          is_vector, is_write};
    long value = call::move_data(who, transfer);
    if (value == must_wait)
        value = co_await call::move_data_later(who, transfer);
    co_return value;
}

task<long> timeout(caller& who, const io_uring_sqe& e) {
    time_value wanted;
    if (e.len != 1)
        co_return -EINVAL;
    if (long error = read_user(*who.owner->space, wanted, e.addr); error < 0)
        co_return error;
    if (!wanted.valid())
        co_return -EINVAL;
    bool absolute = e.timeout_flags & IORING_TIMEOUT_ABS;
    nanoseconds deadline = absolute ? wanted.total() : add_saturating(now(), wanted.total());
    long outcome = co_await sleep_until(who, deadline);
    co_return outcome == -ETIMEDOUT ? -ETIME : outcome;
}

} // namespace

task<long> ring_operation(caller& who, const io_uring_sqe& e) {
    uint64_t fd = uint64_t(int64_t(e.fd)); // as a register has it
    switch (e.opcode) {
    case IORING_OP_NOP:
        co_return 0;
    case IORING_OP_READ:
        co_return co_await move(who, e, false, false);
    case IORING_OP_WRITE:
        co_return co_await move(who, e, true, false);
    case IORING_OP_READV:
        co_return co_await move(who, e, false, true);
    case IORING_OP_WRITEV:
        co_return co_await move(who, e, true, true);
    case IORING_OP_FSYNC:
        if (e.fsync_flags & IORING_FSYNC_DATASYNC)
            co_return co_await either<call::fdatasync, call::fdatasync_later>(who, fd);
        co_return co_await either<call::fsync, call::fsync_later>(who, fd);
    case IORING_OP_TIMEOUT:
        co_return co_await timeout(who, e);
    case IORING_OP_OPENAT:
        co_return co_await call::openat(who, fd, e.addr, e.open_flags, e.len);
    case IORING_OP_CLOSE:
        co_return co_await either<call::close, call::close_later>(who, fd);
    case IORING_OP_STATX:
        co_return co_await call::statx(who, fd, e.addr, e.statx_flags, e.len, e.off);
    case IORING_OP_MKDIRAT:
        co_return co_await call::mkdirat(who, fd, e.addr, e.len);
    case IORING_OP_UNLINKAT:
        co_return co_await call::unlinkat(who, fd, e.addr, e.unlink_flags);
    case IORING_OP_RENAMEAT:
        co_return co_await call::renameat2(who, fd, e.addr, uint64_t(int64_t(int32_t(e.len))),
                                           e.addr2, e.rename_flags);
    default:
        co_return -EINVAL;
    }
}

} // namespace kernel
