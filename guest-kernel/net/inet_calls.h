// SPDX-License-Identifier: BSD-2-Clause
//
// The calls on sockets that exist for other families too: what syscalls/socket_calls.cpp and
// socket_messages.cpp hand on.
#pragma once

#include "fs/file.h"
#include "syscalls/syscall.h"

namespace kernel {

class inet_socket;

// 0, -EBADF, -ENOTSOCK. `opened` keeps it.
long find_inet(caller& who, uint64_t fd, ref<file>& opened, inet_socket*& found);
bool is_inet(caller& who, uint64_t fd);

task<long> inet_shutdown(caller& who, uint64_t fd, uint64_t how);
task<long> inet_send(caller& who, uint64_t fd, uint64_t buffer, uint64_t size, uint64_t flags,
                     uint64_t to, uint64_t to_size);
task<long> inet_receive(caller& who, uint64_t fd, uint64_t buffer, uint64_t size, uint64_t flags,
                        uint64_t address, uint64_t size_at);
task<long> inet_send_message(caller& who, uint64_t fd, uint64_t header_at, uint64_t flags);
task<long> inet_receive_message(caller& who, uint64_t fd, uint64_t header_at, uint64_t flags);

} // namespace kernel
