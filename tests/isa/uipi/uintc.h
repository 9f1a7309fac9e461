// SPDX-License-Identifier: BSD-2-Clause
//
// The UINTC as the kernel reaches it, and `uipi` as a program does.
#pragma once

#include <cstdint>

#include <ouros/uintc.h>
#include <ouros/uintr.h>

namespace uintc {

// A window; a store that is refused raises an access fault.
inline volatile std::uint64_t& reg(unsigned receiver, unsigned offset) {
    return *reinterpret_cast<volatile std::uint64_t*>(
        OUROS_UINTC_BASE + std::uintptr_t{receiver} * OUROS_UINTC_RECEIVER_SIZE + offset);
}

inline volatile std::uint32_t& global(unsigned offset) {
    return *reinterpret_cast<volatile std::uint32_t*>(std::uintptr_t{OUROS_UINTC_BASE} + offset);
}

constexpr std::uint64_t hart(unsigned hart) {
    return std::uint64_t{hart} << OUROS_UINTC_LOW_HART_SHIFT;
}

constexpr std::uint64_t generation(unsigned generation) {
    return std::uint64_t{generation} << OUROS_UINTC_LOW_GENERATION_SHIFT;
}

inline void send(unsigned receiver, unsigned vector, unsigned generation = 0) {
    reg(receiver, OUROS_UINTC_SEND) = vector | generation << OUROS_UINTC_SEND_GENERATION_SHIFT;
}

inline void set_low(unsigned receiver, std::uint64_t value) {
    reg(receiver, OUROS_UINTC_LOW) = value;
}

inline std::uint64_t take(unsigned receiver) {
    return reg(receiver, OUROS_UINTC_HIGH);
}

inline std::uint32_t take_wake() {
    return global(OUROS_UINTC_WAKE);
}

// An entry of a sender table.
constexpr std::uint64_t sender(unsigned receiver, unsigned vector, unsigned generation = 0) {
    return OUROS_UISTE_VALID | std::uint64_t{vector} << OUROS_UISTE_VECTOR_SHIFT |
           std::uint64_t{generation} << OUROS_UISTE_GENERATION_SHIFT |
           std::uint64_t{receiver} << OUROS_UISTE_RECEIVER_SHIFT;
}

} // namespace uintc

namespace uipi {

// Clobbering memory orders them against the program's own accesses, as far as the compiler goes;
// the instruction itself is ordered as a device access.
inline std::uint64_t send(std::uint64_t index) {
    std::uint64_t status;
    asm volatile("fence w, o\n .insn i 0x7b, 2, %0, %1, 0" : "=r"(status) : "r"(index) : "memory");
    return status;
}

inline std::uint64_t read() {
    std::uint64_t pending;
    asm volatile(".insn i 0x7b, 2, %0, x0, 1" : "=r"(pending)::"memory");
    return pending;
}

inline void write(std::uint64_t vectors) {
    asm volatile(".insn i 0x7b, 2, x0, %0, 2" ::"r"(vectors) : "memory");
}

inline void activate() {
    asm volatile(".insn i 0x7b, 2, x0, x0, 3" ::: "memory");
}
inline void deactivate() {
    asm volatile(".insn i 0x7b, 2, x0, x0, 4" ::: "memory");
}

} // namespace uipi
