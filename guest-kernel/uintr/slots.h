// SPDX-License-Identifier: BSD-2-Clause
//
// Which receiver has which slot of the UINTC. There may be more receivers than slots:
//
//   a running thread's receiver      has a slot: what is sent goes to its handler
//   one that a device sends to       keeps its slot until it ends: devices have no other way
//   any other                        has a slot until somebody needs it (the clock algorithm:
//                                    not one that has run since the hand was there last)
//
// A receiver without a slot keeps its vectors in `pending`; they go to the slot that it gets when
// its thread runs again. Entries of sender tables that name its former slot are refused by the
// UINTC, because a slot's generation changes with its owner; the sender then asks the kernel
// (uintr_send), which finds the receiver wherever it is.
//
// No order of sends, taking away and giving back loses a vector or makes two of one: a send by
// the UINTC is refused or in the slot before the kernel takes what is in it, and a send by the
// kernel holds the receiver's lock, as taking away and giving back do.
#pragma once

#include <cstdint>

namespace kernel {

struct uintr_receiver;

namespace slots {

// Boot. False: too few slots for this many harts.
bool start(unsigned harts);

// For a thread that is about to run, without the receiver's lock: gives its receiver a slot. There
// is always one.
void give(uintr_receiver& r);
// The receiver ends: who still sends to it is refused.
void end(uintr_receiver& r);
// A device will send to it: it keeps the slot it has. False: too many do.
bool pin(uintr_receiver& r);

unsigned in_use();

// Ends the waits of those who are on the UINTC's wake list.
void wake_owners();

} // namespace slots
} // namespace kernel
