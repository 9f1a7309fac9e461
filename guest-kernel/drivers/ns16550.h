// SPDX-License-Identifier: BSD-2-Clause
//
// Registers of the ns16550 UART, and the state in which one is handed over.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel {

class ns16550 {
  public:
    enum offset : unsigned {
        data = 0,             // read: received, write: to send. With divisor_latch: divisor, low
        interrupt_enable = 1, // ... divisor, high
        interrupt_identity = 2,
        fifo_control = 2, // written
        line_control = 3,
        modem_control = 4,
        line_status = 5,
    };
    static constexpr uint8_t enable_received = 0x01, enable_sent = 0x02;
    static constexpr uint8_t no_interrupt = 0x01; // of interrupt_identity
    static constexpr uint8_t fifo_on = 0x01, fifo_clear = 0x06, fifo_trigger_8 = 0x80;
    static constexpr uint8_t eight_bits = 0x03, divisor_latch = 0x80;
    static constexpr uint8_t ready = 0x03, loop = 0x10, modem_interrupt = 0x08;
    static constexpr uint8_t data_ready = 0x01, transmitter_empty = 0x20;
    static constexpr size_t fifo_size = 16;

    explicit ns16550(uint64_t base)
        : registers_(reinterpret_cast<volatile uint8_t*>(base)) {}

    uint8_t get(offset at) const { return registers_[at]; }
    void set(offset at, uint8_t value) const { registers_[at] = value; }

    // No interrupts, nothing kept, no loop: whatever its last user left behind.
    void quiesce() const {
        set(line_control, 0);
        set(interrupt_enable, 0);
        set(modem_control, 0);
        set(fifo_control, fifo_on | fifo_clear);
        set(fifo_control, 0);
        (void)get(data);
        (void)get(line_status);
        (void)get(interrupt_identity);
    }

  private:
    volatile uint8_t* registers_;
};

} // namespace kernel
