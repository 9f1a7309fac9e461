// SPDX-License-Identifier: BSD-2-Clause
//
// The ns16550 UART, polled: it carries the kernel log and, without an asyscall device, the console.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel {

void uart_start(uint64_t base); // before it, output goes through the firmware
void uart_write(const char* text, size_t size);
int uart_read(); // a byte, or -1 when there is none

} // namespace kernel
