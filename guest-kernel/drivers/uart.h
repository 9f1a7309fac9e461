// SPDX-License-Identifier: BSD-2-Clause
//
// The ns16550 UART: it carries the kernel log and, without an asyscall device, the console.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel {

void uart_start(uint64_t base);                 // before it, output goes through the firmware
void uart_write(const char* text, size_t size); // lines: "\n" becomes "\r\n"
void uart_put(char c);                          // as it is
int uart_read();                                // a byte, or -1 when there is none
// From now on its interrupt says that there is one.
void uart_enable_input();

} // namespace kernel
