// SPDX-License-Identifier: BSD-2-Clause
#include "drivers/uart.h"

#include "arch/riscv64/sbi.h"

namespace kernel {

namespace {

enum register_offset { data = 0, interrupt_enable = 1, line_status = 5 };
constexpr uint8_t interrupt_on_data = 0x01;
constexpr uint8_t data_ready = 0x01;
constexpr uint8_t transmitter_empty = 0x20;

volatile uint8_t* uart;

void put(char c) {
    if (!uart)
        return arch::sbi::console_put(c);
    while (!(uart[line_status] & transmitter_empty))
        ;
    uart[data] = uint8_t(c);
}

} // namespace

void uart_put(char c) {
    put(c);
}

void uart_enable_input() {
    if (uart)
        uart[interrupt_enable] = interrupt_on_data;
}

void uart_start(uint64_t base) {
    uart = reinterpret_cast<volatile uint8_t*>(base);
}

void uart_write(const char* text, size_t size) {
    for (; size; size--, text++) {
        if (*text == '\n')
            put('\r');
        put(*text);
    }
}

int uart_read() {
    if (!uart || !(uart[line_status] & data_ready))
        return -1;
    return uart[data];
}

} // namespace kernel
