// SPDX-License-Identifier: BSD-2-Clause
#include "arch/riscv64/frame_offsets.h"
#include "syscalls/syscall.h"

namespace kernel {

extern "C" {
long (*syscall_functions[SYSCALL_LIMIT])();
long syscall_beyond_table() {
    return -ENOSYS;
}
void syscall_pending() {}
void handle_user_trap() {}
}

} // namespace kernel
