// SPDX-License-Identifier: BSD-2-Clause
//
// The ns16550 UART: what the drivers of this folder know about it.
#ifndef UART_NS16550_HPP
#define UART_NS16550_HPP

#include <cstddef>
#include <cstdint>
#include <ouros/user_device.hpp>

namespace uart {

inline constexpr char device_name[] = "serial@10009000";

enum reg : unsigned {
    data = 0, // while divisor_latch is on: the divisor's low and high byte
    interrupt_enable = 1,
    interrupt_identity = 2, // read
    fifo_control = 2,       // written
    line_control = 3,
    modem_control = 4,
    line_status = 5,
};

inline constexpr uint8_t enable_received = 0x01, enable_sent = 0x02;
inline constexpr uint8_t no_interrupt = 0x01;
inline constexpr uint8_t fifo_on = 0x07, trigger_8 = 0x80;
inline constexpr uint8_t eight_bits = 0x03, divisor_latch = 0x80;
inline constexpr uint8_t data_ready = 0x01, transmitter_empty = 0x20, all_sent = 0x40;
inline constexpr uint8_t ready = 0x0b, loop_mode = 0x10;
inline constexpr size_t fifo_size = 16;

// 115200 baud, 8 bits, FIFOs; an interrupt when 8 bytes have come, or fewer and then nothing for
// four character times. In loop mode it sends to itself.
inline void set_up(const ouros::user_device& device, bool loop, uint8_t interrupts) {
    device.set8(interrupt_enable, 0);
    device.set8(line_control, eight_bits | divisor_latch);
    device.set8(data, 2); // 3.6864 MHz by 16 by 2
    device.set8(interrupt_enable, 0);
    device.set8(line_control, eight_bits);
    device.set8(fifo_control, fifo_on | trigger_8);
    device.set8(modem_control, loop ? ready | loop_mode : ready);
    device.set8(interrupt_enable, interrupts);
}

} // namespace uart

#endif // UART_NS16550_HPP
