// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "fs/unix_socket.h"
#include "syscalls/syscall.h"

namespace kernel {

struct message_header { // struct msghdr
    uint64_t name;
    uint32_t name_size;
    uint32_t padding;
    uint64_t segments;
    uint64_t segment_count;
    uint64_t control;
    uint64_t control_size;
    uint32_t flags;
    uint32_t padding_2;
};
static_assert(sizeof(message_header) == 56);

// 0, -EBADF, -ENOTSOCK. `opened` keeps it.
long find_socket(caller& who, uint64_t fd, ref<file>& opened, unix_socket*& found);
// What a thread's send has come to: -EPIPE on a stream brings SIGPIPE.
long send_result(caller& who, const unix_socket& s, long result, uint64_t flags);

namespace call {

long sendmsg(caller& who, uint64_t fd, uint64_t header_at, uint64_t flags);
task<long> sendmsg_later(caller& who, uint64_t fd, uint64_t header_at, uint64_t flags);
long recvmsg(caller& who, uint64_t fd, uint64_t header_at, uint64_t flags);
task<long> recvmsg_later(caller& who, uint64_t fd, uint64_t header_at, uint64_t flags);

} // namespace call
} // namespace kernel
