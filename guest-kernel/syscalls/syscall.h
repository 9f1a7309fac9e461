// SPDX-License-Identifier: BSD-2-Clause
//
// What a system call is in the kernel. Two shapes:
//
//   long sys_getpid();                                      never waits: a plain function, called
//   long sys_lseek(uint64_t fd, ...);                       straight from the trap
//
//   task<long> sys_read(caller& who, uint64_t fd, ...);     may wait: a coroutine
//
// Arguments are the registers a0.., all uint64_t. The table is syscalls/table.cpp.
#pragma once

#include <cstdint>

#include "async/task.h"
#include "async/wait_queue.h"
#include "memory/user_memory.h"

namespace kernel {

class process;
class thread;

thread& current_thread();
process& current_process();

} // namespace kernel
