// SPDX-License-Identifier: BSD-2-Clause
//
// A user thread's registers while it is not running. The page with the frame is mapped twice: in
// the kernel, and without U in the process, because a trap comes in with the process's page table.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arch/riscv64/frame_offsets.h"

namespace kernel::arch {

enum reg : unsigned {
    reg_ra = 1,
    reg_sp = 2,
    reg_tp = 4,
    reg_a0 = 10,
    reg_a1,
    reg_a2,
    reg_a6 = 16,
    reg_a7 = 17
};

struct user_frame {
    uint64_t x[32];         // x[0] is the pc
    uint64_t status;        // sstatus
    uint64_t kernel_satp;   // constant: what the trap entry needs before it can see the kernel
    uint64_t enter_syscall; // constant: kernel addresses of the entries
    uint64_t hart;          // struct hart of the hart that runs the thread
    uint64_t syscalls;      // counts ecalls; here because the entry has the frame at hand
    uint64_t enter_trap;
    uint64_t first_argument; // a0 of the call that is waiting or was interrupted
    // Registers of user traps, saved when a thread that uses them is switched out. sedeleg is the
    // kernel's: constant between calls of user_exceptions.
    uint64_t uie, utvec, uscratch, uepc, ucause, utval, utimecmp, sedeleg;
    // Floating point, saved when it is dirty.
    uint64_t f[32];
    uint64_t fcsr;

    uint64_t& pc() { return x[0]; }
};
static_assert(offsetof(user_frame, status) == FRAME_STATUS);
static_assert(offsetof(user_frame, kernel_satp) == FRAME_KERNEL_SATP);
static_assert(offsetof(user_frame, enter_syscall) == FRAME_ENTER);
static_assert(offsetof(user_frame, hart) == FRAME_HART);
static_assert(offsetof(user_frame, syscalls) == FRAME_SYSCALLS);
static_assert(offsetof(user_frame, enter_trap) == FRAME_ENTER_TRAP);
static_assert(offsetof(user_frame, first_argument) == FRAME_FIRST_ARGUMENT);
static_assert(sizeof(user_frame) <= 4096);

} // namespace kernel::arch
