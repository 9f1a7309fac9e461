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

inline volatile uint64_t& low(unsigned slot) {
    return *reinterpret_cast<volatile uint64_t*>(receiver_address(slot) + OUROS_UINTC_LOW);
}
inline void set_low(unsigned slot, uint64_t value) {
    low(slot) = value;
}

// The pending vectors, which are gone then.
inline uint64_t take(unsigned slot) {
    return *reinterpret_cast<volatile uint64_t*>(receiver_address(slot) + OUROS_UINTC_HIGH);
}
// `vectors` is not 0: that would clear all.
inline void add(unsigned slot, uint64_t vectors) {
    *reinterpret_cast<volatile uint64_t*>(receiver_address(slot) + OUROS_UINTC_HIGH) = vectors;
}

inline void clear(unsigned slot) {
    *reinterpret_cast<volatile uint64_t*>(receiver_address(slot) + OUROS_UINTC_HIGH) = 0;
}

// The generation must be the slot's: a refused store is a fault.
inline void send(unsigned slot, uint16_t generation, unsigned vector) {
    *reinterpret_cast<volatile uint64_t*>(receiver_address(slot) + OUROS_UINTC_SEND) =
        vector | uint32_t(generation) << OUROS_UINTC_SEND_GENERATION_SHIFT;
}

inline uint32_t global(unsigned offset) {
    return *reinterpret_cast<volatile uint32_t*>(machine.uintc.start + offset);
}

} // namespace kernel::uintc
