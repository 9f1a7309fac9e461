// SPDX-License-Identifier: BSD-2-Clause
//
// execve: another program in the same process.
//
//   may fail             arguments and path are copied, the file is read, the new address space and
//                        the trap frame in it are made: the caller notices nothing
//   cannot fail          the other threads end; rings are closed, descriptors with FD_CLOEXEC too,
//                        signal handlers become default actions
//   begin_program        by the hart that would run the thread next: user interrupts are given
//                        back, the frame and the address space are the new ones
#pragma once

#include "arch/riscv64/frame.h"
#include "async/task.h"
#include "memory/user_memory.h"
#include "process/exec.h"

namespace kernel {

class thread;
struct caller;

struct next_program {
    program_image image;
    ref<shared_text> executable;
    arch::user_frame* frame = nullptr;
    unsigned frame_slot = 0;
};

// For the calling thread `who`. 0: begin_program has to follow.
task<long> replace_program(caller& who, int directory, user_address path, user_address arguments,
                           user_address environment, uint32_t flags);
// The thread is on no hart.
void begin_program(thread& t);

} // namespace kernel
