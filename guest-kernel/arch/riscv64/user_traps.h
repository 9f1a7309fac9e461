// SPDX-License-Identifier: BSD-2-Clause
//
// Traps that go to user mode without the kernel: the registers a thread has for them (utvec,
// uscratch, uepc, ucause, utval, uie, utimecmp) and what S mode lets through (sideleg, sedeleg).
//
// Every program can write those registers. They are saved for a thread that has asked for user
// interrupts or exceptions (thread::user_traps); another one finds them cleared each time it is
// switched in, so that nobody sees what was somebody else's, a running timer least of all.
#pragma once

#include <cstdint>

#include "arch/riscv64/frame.h"
#include "async/timer.h"

namespace kernel {

class thread;

namespace arch {

// On each hart, before any thread runs there. False: no N extension.
bool start_user_traps();
bool user_traps_available();

// Of these causes, those that the hart can take to user mode without the kernel. Firmware keeps the
// others: it hands them to the kernel, which passes them on.
uint64_t directly_delegable(uint64_t causes);

void switch_in_user_traps(thread& t);
void switch_out_user_traps(thread& t);
// The running thread's go to one that doesn't run; it is left with nothing enabled.
void move_user_traps(thread& to);
// What the running thread lets through to itself from now on.
void set_user_exceptions(user_frame& f, uint64_t causes);
// For a program that is replaced by another: as in a new thread.
void clear_user_traps();

// Does for the running thread, whose frame is complete, what the hart does when it takes an
// exception to user mode.
void enter_user_handler(user_frame& f, uint64_t cause, uint64_t value);

// When the running thread's user timer interrupts it, or `never`.
nanoseconds user_timer_deadline();

} // namespace arch
} // namespace kernel
