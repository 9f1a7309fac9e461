// SPDX-License-Identifier: BSD-2-Clause
//
// getsockopt and setsockopt: options whose value is an int, of which the device says which there
// are.
#include "net/inet_calls.h"
#include "net/inet_socket.h"
#include "process/process.h"

namespace kernel {

namespace call {

task<long> setsockopt(caller& who, uint64_t fd, uint64_t level, uint64_t option, uint64_t value_at,
                      uint64_t size) {
    ref<file> opened;
    inet_socket* s;
    int32_t value;
    if (long error = find_inet(who, fd, opened, s); error < 0)
        co_return error;
    if (uint32_t(size) < sizeof value)
        co_return -EINVAL;
    if (long error = read_user(*who.owner->space, value, value_at); error < 0)
        co_return error;
    co_return co_await s->option(true, uint32_t(level), uint32_t(option), value);
}

task<long> getsockopt(caller& who, uint64_t fd, uint64_t level, uint64_t option, uint64_t value_at,
                      uint64_t size_at) {
    ref<file> opened;
    inet_socket* s;
    int32_t value = 0, room;
    if (long error = find_inet(who, fd, opened, s); error < 0)
        co_return error;
    if (long error = read_user(*who.owner->space, room, size_at); error < 0)
        co_return error;
    if (room < 0)
        co_return -EINVAL;
    long size = co_await s->option(false, uint32_t(level), uint32_t(option), value);
    if (size < 0)
        co_return size;
    int32_t copied = room < size ? room : int32_t(size);
    if (long error = copy_to_user(*who.owner->space, value_at, &value, size_t(copied)); error < 0)
        co_return error;
    co_return write_user(*who.owner->space, size_at, copied);
}

} // namespace call

static const syscall_entry inet_option_calls[] = {CALL_OF(setsockopt), CALL_OF(getsockopt), {}};
REGISTER_CALLS(inet_option_calls)

} // namespace kernel
