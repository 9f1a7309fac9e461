// SPDX-License-Identifier: BSD-2-Clause
//
// The kernel's driver for an ns16550 that it has no need of itself: interrupt-driven, raw bytes,
// 115200 baud. One port, the first spare UART; it works while a file has it open and no process has
// been given the device.
#pragma once

#include "async/wait_queue.h"
#include "fs/user_buffers.h"

namespace kernel::serial_port {

// Boot: takes note of the interrupt.
void initialise();

// For each file: 0; -ENXIO: there is no such port; -EBUSY: a process has it.
long open();
void close();

// With the lock held. Bytes done, or must_wait: nothing has come, or there is no room.
long read(user_buffers& to);
long write(user_buffers& from);
bool has_data();
size_t room(); // for bytes to send

// What is sent comes back instead of going out.
void set_loop(bool on);
bool loop();

extern spinlock lock; // of the rings, and of the registers
extern wait_queue readable, writable;

} // namespace kernel::serial_port
