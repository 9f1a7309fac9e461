// SPDX-License-Identifier: BSD-2-Clause
//
// A hart begins and ends to run a user thread.
#pragma once

namespace kernel {

class thread;

namespace arch {

// Makes it the hart's current thread: page table, frame, floating point, user interrupts.
void switch_in(thread& t);
// Saves what the trap entry left in registers: floating point if it changed, user interrupts.
void switch_out(thread& t);

extern "C" [[noreturn]] void return_to_user();

struct user_frame;
// A system call leaves pc and status where the trap has put them: to the frame, and back.
void save_trap_state(user_frame& f);
void load_trap_state(const user_frame& f);

// An illegal instruction while floating point is off: turns it on. False: it was on already.
bool first_float_use(thread& t);
// For the current thread, in a system call: floating point is on from now on.
void keep_float_on(thread& t);

// Floating point of the current thread. Brings the frame up to date; does the thread use it at all;
// makes the frame's the thread's.
void keep_float(thread& t);
bool uses_float(const thread& t);
void replace_float(thread& t);

// A new thread's first registers.
void prepare_frame(thread& t, unsigned long pc, unsigned long sp);
// The same for a thread made by clone: the current thread's, whose frame has them all.
void copy_frame(thread& t, const thread& from);

} // namespace arch
} // namespace kernel
