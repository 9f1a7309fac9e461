// SPDX-License-Identifier: BSD-2-Clause
//
// Workers: what lets a process's scheduler go on when one of its threads blocks. A thread that has
// a worker (its ring, its receiver, and a number that means something to the process) blocks in a
// system call: a thread of the process that stands by gets the worker, and goes on in its place.
// When the call is over, the thread that has lost its worker enters the process at an address that
// was agreed on before it executes anything else: it may save its registers there, tell whoever has
// the worker now that they can go on, and stand by itself. Threads of the kernel are thus
// interchangeable to the process, and as many of them run as have workers.
//
//   worker_bind ---> has a worker --- blocks ---> without, in its call --- call over ---> `entry`
//                          ^                                                                |
//                          `----- somebody blocks ----- stands by <----- stand_by ----------'
//
// What moves: ring and receiver, with what is pending in them; utvec, uscratch, uie and utimecmp;
// the signal mask; priority and harts. A thread that stands by takes no signals.
#pragma once

#include <cstdint>

namespace kernel {

class process;
class thread;

// Of a thread.
struct thread_worker {
    uint64_t number = 0;    // the process's word for its worker; 0: it has none
    uint64_t entry = 0;     // where it goes on when it has lost its worker
    uint64_t self = 0;      // the process's word for the thread
    bool lost = false;      // it has, and has yet to be told
    thread* from = nullptr; // the one whose worker it gets, while it does
};

struct threads_standing_by; // tag: those of a process

// For the running thread: 0, -EINVAL.
long worker_bind(thread& t, uint64_t number, uint64_t entry, uint64_t self);
// The result of the call: 0 when it has a worker, whose number is in a1. -EBUSY, -EINVAL, -EINTR.
long stand_by(thread& t, uint64_t self);

// The running thread has blocked in a system call; its registers are in its frame. Gives its worker
// to one that stands by.
void hand_over_worker(thread& t);
// From the wait of one that stands by, when it ends with outcome 0: takes what was `from`'s.
void take_worker(thread& t);

// The running thread, in its frame, is about to go on after its call: it goes to `entry` instead.
void enter_without_worker(thread& t);

// With the process's lock: the thread is gone. Whether all that are left stand by, so that nobody
// is there who could block.
bool only_standing_by(process& p, thread& ended);

} // namespace kernel
