// SPDX-License-Identifier: BSD-2-Clause
//
// User interrupts. A thread may have a receiver, which has a slot of the UINTC (slots.h). While the
// thread runs, the slot is active on its hart, and what is sent goes straight to its handler. While
// it does not, the bits stay in the slot; if it blocks in wait(), the slot is told to wake it, by
// the wake list and one supervisor interrupt.
//
//   uintr_setup        makes a receiver
//   switch in / out    slot active on this hart / not; the thread's user-interrupt CSRs
//   end of thread      the slot's generation changes: what is still sent to it is refused
//
// Sender tables and the files of uintr_create_fd refer to receivers and keep the object; `ended`
// tells them.
#pragma once

#include <atomic>
#include <cstdint>

#include "lib/ref.h"
#include "lib/spinlock.h"

namespace kernel {

class process;
class thread;

struct uintr_receiver : ref_counted {
    static constexpr uint16_t no_slot = 0xffff;

    explicit uintr_receiver(thread& of)
        : owner(&of) {}
    // One of the kernel's own, for a device: uintr_listen.
    explicit uintr_receiver(void (*notified)(uintr_receiver&))
        : owner(nullptr)
        , notified(notified) {}

    // With the lock held:
    // The sender table's entry for a vector: 0, not valid, while there is no slot.
    uint64_t entry_for(unsigned vector) const;
    long send(unsigned vector); // 0, or -ESRCH: it has ended
    void wake();                // ends the owner's wait

    spinlock lock; // what follows
    thread* owner; // is there until `ended`; changes with whose worker it is
    // In interrupt context, with the lock: something was sent since the last time.
    void (*notified)(uintr_receiver&) = nullptr;
    uint16_t slot = no_slot;
    uint16_t generation = 0;
    volatile uint64_t* low = nullptr; // the slot's LOW register,
    uint64_t low_word = 0;            // ... and what never changes in it
    bool active = false;              // its thread runs: it has a slot and keeps it
    bool pinned = false;              // a device sends to it: likewise
    bool waiting = false;             // its thread is in wait() and has not been woken
    bool ended = false;
    uint64_t pending = 0; // sent while it had no slot
    bool recent = false;  // slots.cpp: its thread has run since the clock's hand was here
};

// The right to send one vector to one receiver: what an fd from uintr_create_fd stands for.
struct uintr_target {
    ref<uintr_receiver> receiver;
    uint16_t vector;
};

// Boot: once, and on each hart. Without N, UIPI or a UINTC user interrupts are not available.
void uintr_start();
void uintr_start_hart();
bool uintr_available();

// For the running thread: 0, -ENODEV, -ENOMEM.
long uintr_setup(thread& t);
// The same for one that a device will send to: also -ENOSPC, too many have one.
long uintr_setup_for_device(thread& t);
// The thread, which is not running, ends.
void uintr_release(thread& t);
// The running thread gives its receiver up, if it has one: who sends to it is refused from here on.
void uintr_leave(thread& t);
// The only thread of its process, which is not running, begins another program: it has nothing of
// what it had for user interrupts, and its process no senders.
void uintr_exec(thread& t);

// Senders of the running thread's process. The index in its sender table, or -errno.
long uintr_register_sender(thread& t, const uintr_target& target);
long uintr_unregister_sender(process& p, uint64_t index);
long uintr_send(process& p, uint64_t index);
void load_senders(process& p); // into this hart, which runs it
void release_senders(process& p);

// For a thread that has a receiver or whose process has senders.
void uintr_switch_in(thread& t);
void uintr_switch_out(thread& t);

// From the running thread to one that doesn't run and has none, while it is active on no hart.
void uintr_move(thread& from, thread& to);

// What a device sends to the kernel's receiver calls its `notified` from now on. 0, -ENODEV,
// -ENOSPC. slots::end undoes it.
long uintr_listen(uintr_receiver& r);

// Where a device sends to notify the receiver with a vector, and what.
struct uintr_message {
    uint64_t address;
    uint32_t data;
};
uintr_message uintr_message_for(const uintr_receiver& r, unsigned vector);

// wait(): with the current thread's user interrupts on, until one is pending for it.
long uintr_wait(thread& t, uint64_t timeout);

} // namespace kernel
