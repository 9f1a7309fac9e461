// SPDX-License-Identifier: BSD-2-Clause
//
// User interrupts. A thread may have a receiver: a slot of the UINTC. While the thread runs, the
// slot is active on its hart, and what is sent goes straight to its handler. While it does not, the
// bits stay in the slot; if it blocks in wait(), the slot is told to wake it, by the wake list and
// one supervisor interrupt.
//
//   uintr_setup        takes a slot, with a new generation
//   switch in / out    slot active on this hart / not; the thread's user-interrupt CSRs
//   end of thread      the slot's generation changes: what is still sent to it is refused
#pragma once

#include <cstdint>

#include "async/task.h"
#include "async/wait_queue.h"
#include "lib/ref.h"

namespace kernel {

class process;
class thread;

struct uintr_receiver {
    unsigned slot = 0;
    uint16_t generation = 0;

    spinlock lock; // what follows
    bool waiting = false;
    bool woken = false;
    wait_queue queue;
};

// The right to send one vector to one receiver: what an fd from uintr_create_fd stands for.
struct uintr_target {
    unsigned slot;
    uint16_t generation;
    uint16_t vector;
};

// Boot: once, and on each hart. Without N, UIPI or a UINTC user interrupts are not available.
void uintr_start();
void uintr_start_hart();
bool uintr_available();

// 0, -ENODEV, -ENOMEM, -ENOSPC (no slot left).
long uintr_setup(thread& t);
void uintr_release(thread& t);
void release_senders(process& p);
// The index in the process's sender table, or -errno.
long uintr_add_sender(process& p, const uintr_target& target);

// For a thread that has a receiver or whose process has senders.
void uintr_switch_in(thread& t);
// Only the sender table, for the running process: it may be new.
void uintr_load_senders(process& p);
void uintr_switch_out(thread& t);

// Where a device sends to notify the thread with a vector, and what.
struct uintr_message {
    uint64_t address;
    uint32_t data;
};
uintr_message uintr_message_for(const uintr_receiver& r, unsigned vector);

// wait(): with the current thread's user interrupts on, until one is pending for it.
long uintr_wait(thread& t, uint64_t timeout);

} // namespace kernel
