// SPDX-License-Identifier: BSD-2-Clause
//
// What the rest of the kernel knows of terminals. A kernel can be built without them: absent.cpp
// then answers in their place.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fs/file.h"

namespace kernel {

class process;

// What is at the other end of the console, as the launcher says in the initramfs' /ouros/terminal,
// a line of words:  raw input output error ROWS COLUMNS
struct console_setup {
    bool input = false, output = false, error = false; // a terminal of the host's
    bool raw = false; // it does nothing by itself: lines are edited here; if not, there
    uint16_t rows = 24, columns = 80;

    static console_setup parse(const char* text, size_t size);
};

// At boot, with the other devices.
void console_terminal_initialise();
// Before the first program starts: makes the console's terminal, if anything is one, or if the
// console is the UART; then `setup` says so, too. 0, -ENOMEM.
long start_console_terminal(console_setup& setup);
bool has_console_terminal();
// The process leads its session: the console's terminal becomes its terminal.
void give_console_terminal(process& p);

// Character devices 5, `minor`: tty, console. 0, -ENXIO, -ENOMEM.
long open_terminal_device(uint32_t minor, uint32_t flags, const file_attributes& attributes,
                          process* opener, ref<file>& made);

// A message of the kernel for who sits at the terminal; false: nobody does. What there is no room
// for is lost.
bool console_terminal_message(const char* text, size_t size);
// Everything has been shown.
bool console_terminal_quiet();

} // namespace kernel
