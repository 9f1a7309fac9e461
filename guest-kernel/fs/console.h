// SPDX-License-Identifier: BSD-2-Clause
//
// The console without a terminal: standard input, output and error of the person who runs the
// machine, binary and with a real end of file. They are the asyscall device's three streams;
// without it, and without terminals (tty/), they are the UART.
#pragma once

#include "fs/file.h"

namespace kernel {

enum class console_stream { input, output, error };

// The files of descriptors 0, 1 and 2 of the first process. Null: no memory.
ref<file> open_console(console_stream stream, uint32_t flags);
// /dev/console when there is no terminal: reads from input, writes to output.
ref<file> open_console_device(uint32_t flags);

// A message of the kernel for the person who runs the program: on the standard error of the
// machine, without waiting. What there is no memory for is lost.
void console_message(const char* text, size_t size);
// True when every message has gone out. Ask again after the device's interrupt.
bool console_messages_done();

} // namespace kernel
