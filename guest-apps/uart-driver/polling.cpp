// SPDX-License-Identifier: BSD-2-Clause
#include "polling.hpp"

#include <ouros/uintr.hpp>

namespace uart {

int64_t polled_port::open(bool loop) {
    ouros::uintr::disable();
    int64_t error = device_.open(
        device_name, [](void*) {}, nullptr);
    if (error == 0)
        set_up(device_, loop, enable_received);
    return error;
}

void polled_port::exchange(const uint8_t* out, size_t size, uint8_t* in, size_t expected) {
    while (size || expected) {
        uint8_t status = device_.get8(line_status);
        if (expected && (status & data_ready)) {
            *in++ = device_.get8(data);
            expected--;
        } else if (size && (status & transmitter_empty)) {
            size_t count = size < fifo_size ? size : fifo_size;
            for (size_t i = 0; i < count; i++)
                device_.set8(data, *out++);
            size -= count;
        }
    }
}

} // namespace uart
