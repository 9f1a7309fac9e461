// SPDX-License-Identifier: BSD-2-Clause
//
// Registers of the user-interrupt controller.
#pragma once

#include <cstdint>
#include <ouros/uintc.h>

#include "device-tree/machine.h"

namespace kernel::uintc {

inline uint64_t receiver_address(unsigned slot) {
    return machine.uintc.start + uint64_t(slot) * OUROS_UINTC_RECEIVER_SIZE;
}

inline void set_low(unsigned slot, uint64_t value) {
    *reinterpret_cast<volatile uint64_t*>(receiver_address(slot) + OUROS_UINTC_LOW) = value;
}

inline uint32_t global(unsigned offset) {
    return *reinterpret_cast<volatile uint32_t*>(machine.uintc.start + offset);
}

} // namespace kernel::uintc
