// SPDX-License-Identifier: BSD-2-Clause
//
// Runs in the user-interrupt handler: integer registers only (tests/unit/handler-code.py looks).

#include <ouros/calls.hpp>
#include <ouros/uintr.hpp>
#include <ouros/user_device.hpp>

namespace ouros {

void user_device::interrupt(void* self) {
    auto& device = *static_cast<user_device*>(self);
    if (uint32_t source = *device.claim_register()) {
        device.function_(device.context_);
        *device.claim_register() = source;
    }
}

int64_t user_device::open(const char* name, handler* function, void* context) {
    int64_t error = kernel::user_device(name, &description_);
    if (error < 0)
        return error;
    registers_ = reinterpret_cast<volatile uint8_t*>(description_.registers);
    function_ = function;
    context_ = context;
    uintr::set_source_handler(uintr::source::external, interrupt, this);
    return 0;
}

user_device::~user_device() {
    constexpr uint64_t external_enable = 1u << 8;
    if (registers_)
        asm volatile("csrc " OUROS_CSR_NAME(OUROS_CSR_UIE) ", %0" ::"r"(external_enable)
                     : "memory");
}

} // namespace ouros
