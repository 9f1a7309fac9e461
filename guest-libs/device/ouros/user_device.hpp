// SPDX-License-Identifier: BSD-2-Clause
//
// A device that the calling thread drives itself: its registers, and a function that its interrupt
// calls in U mode, with no kernel entry while the thread runs.
//
//   ouros::user_device uart;
//   uart.open("serial@10009000", [](void* driver) { ... }, &driver);
//   uart.set8(1, 0x01);                              the device may interrupt from here on
//
// The function runs as every user-interrupt handler does (ouros/uintr.hpp), between claim and
// completion. It must attend to everything that the device asks for, so that its interrupt line
// falls.
#ifndef OUROS_USER_DEVICE_HPP
#define OUROS_USER_DEVICE_HPP

#include <cstdint>
#include <ouros/kernel.h>

namespace ouros {

class user_device {
  public:
    using handler = void(void* context);

    user_device() = default;
    // The function is called no more; the device stays the thread's.
    ~user_device();
    user_device(const user_device&) = delete;
    user_device& operator=(const user_device&) = delete;

    // For this thread, for the rest of its life: 0, or -errno of OUROS_SYS_user_device. Leaves
    // ustatus.UIE as it is.
    int64_t open(const char* name, handler* function, void* context);

    uint8_t get8(unsigned offset) const { return registers_[offset]; }
    void set8(unsigned offset, uint8_t value) const { registers_[offset] = value; }

    const ouros_user_device& description() const { return description_; }
    volatile uint32_t* claim_register() const {
        return reinterpret_cast<volatile uint32_t*>(description_.claim);
    }

  private:
    static void interrupt(void* self);

    volatile uint8_t* registers_ = nullptr;
    handler* function_ = nullptr;
    void* context_ = nullptr;
    ouros_user_device description_ = {};
};

} // namespace ouros

#endif // OUROS_USER_DEVICE_HPP
