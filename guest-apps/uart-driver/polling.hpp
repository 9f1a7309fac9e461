// SPDX-License-Identifier: BSD-2-Clause
//
// The UART without interrupts: the process looks until there is something to do, and does nothing
// else meanwhile.
#ifndef UART_POLLING_HPP
#define UART_POLLING_HPP

#include "ns16550.hpp"

namespace uart {

class polled_port {
  public:
    // 0 or -errno. The thread's user interrupts stay off from here on.
    int64_t open(bool loop);

    // Both directions at once: ends when all is sent and so many have come.
    void exchange(const uint8_t* out, size_t size, uint8_t* in, size_t expected);
    void send(const uint8_t* bytes, size_t size) { exchange(bytes, size, nullptr, 0); }
    void receive(uint8_t* bytes, size_t size) { exchange(nullptr, 0, bytes, size); }

    bool is_idle() const { return device_.get8(line_status) & all_sent; }
    // Until the UART reports something, as it would by an interrupt.
    void look_until_reported() {
        while (device_.get8(interrupt_identity) & no_interrupt)
            ;
    }

  private:
    ouros::user_device device_;
};

} // namespace uart

#endif // UART_POLLING_HPP
