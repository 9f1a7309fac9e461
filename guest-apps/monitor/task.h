// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "services.h"

static inline uint64_t call(service what, uint64_t first = 0, uint64_t second = 0) {
    register uint64_t a0 asm("a0") = first;
    register uint64_t a1 asm("a1") = second;
    register uint64_t a7 asm("a7") = what;
    asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a7) : "memory");
    return a0;
}

namespace {

// line() << "text" << number: printed as a whole.
class line {
    char text[120];
    uint64_t length = 0;

  public:
    line() {} // leaves the text as it is: there is no memset to call
    line& operator<<(const char* more) {
        while (*more)
            text[length++] = *more++;
        return *this;
    }
    line& operator<<(uint64_t number) {
        if (number >= 10)
            *this << number / 10;
        text[length++] = static_cast<char>('0' + number % 10);
        return *this;
    }
    ~line() { call(PRINT, reinterpret_cast<uint64_t>(text), length); }
};

} // namespace

// Interrupts, from now on, and faults go to `entry`, in U mode.
static inline void handle_traps(void (*entry)(), uint64_t interrupts) {
    csr_write<UTVEC>(reinterpret_cast<uint64_t>(entry));
    csr_write<UIE>(interrupts);
    csr_write<USTATUS>(1);
}

// It may lie across two aligned words.
static inline uint32_t instruction_at(uint64_t pc) {
    auto half = reinterpret_cast<const uint16_t*>(pc);
    return (half[0] & 3) == 3 ? half[0] | static_cast<uint32_t>(half[1]) << 16 : half[0];
}
