// SPDX-License-Identifier: BSD-2-Clause
//
// Devices that a thread drives itself (OUROS_SYS_user_device): their registers are mapped into its
// process, and their interrupt is a user external interrupt of the hart that the thread stays on.
//
//   the thread       the device's source in the PLIC (drivers/plic.h)
//   runs             lent: the hart's user external interrupt
//   is ready         withheld: other threads of the hart neither see nor take it; it stays pending
//   blocks in wait   watched: when it becomes pending the kernel makes the thread ready
//   ends             settled: what it has claimed is completed, the device is quiet, and free
//
// A hart's user context in the PLIC belongs to one thread at a time. The
// context's page, which is mapped into the owner's process, thus shows one
// source at most, and only while the owner runs: a claim by another thread of
// the process on another hart finds nothing otherwise, completions are ignored
// (the PLIC does that for sources that are not enabled), and the threshold
// holds back nothing but the owner's own interrupt.
//
// Only devices that reach no memory by themselves are given away: UARTs.
#pragma once

#include <cstdint>

#include "memory/user_memory.h"

namespace kernel {

class thread;
struct user_device;

void user_devices_start(); // boot

// For the running thread: 0, or what kernel.h says.
long user_device_take(thread& t, user_address name, user_address out, uint64_t out_size);
// The thread ends or begins another program.
void user_device_release(thread& t);

// For a thread that has a device.
void user_device_switch_in(thread& t);
void user_device_switch_out(thread& t);

} // namespace kernel
