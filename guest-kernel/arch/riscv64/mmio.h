// SPDX-License-Identifier: BSD-2-Clause
//
// Device registers, with the fences that order them with memory: what was written to memory
// before a register write is visible to the device, and what is read after a register read is
// at least as new.
#pragma once

#include <cstdint>

namespace kernel::arch {

template <class T>
inline T mmio_read(uint64_t address) {
    T value = *reinterpret_cast<const volatile T*>(address);
    asm volatile("fence i, r" ::: "memory");
    return value;
}

template <class T>
inline void mmio_write(uint64_t address, T value) {
    asm volatile("fence rw, o" ::: "memory");
    *reinterpret_cast<volatile T*>(address) = value;
}

} // namespace kernel::arch
