// SPDX-License-Identifier: BSD-2-Clause
//
// emulate: runs code for an extension that the hart lacks. The instruction custom-0 of this program
// counts the bits of a register; an illegal instruction calls a function that does it instead, and
// goes on behind it.
#include <cstdio>
#include <ouros/exceptions.hpp>

using namespace ouros::exceptions;

constexpr uint32_t custom_0 = 0x0b;

action count_bits(context& at, void* emulated) {
    auto instruction = static_cast<uint32_t>(at.value);
    if ((instruction & 0x7f) != custom_0)
        return action::decline; // SIGILL, as ever
    unsigned rd = instruction >> 7 & 31, rs1 = instruction >> 15 & 31;
    uint64_t bits = 0;
    for (uint64_t rest = at.get(rs1); rest; rest &= rest - 1)
        bits++;
    at.set(rd, bits);
    at.skip(4);
    ++*static_cast<int*>(emulated);
    return action::resume;
}

inline uint64_t population(uint64_t value) {
    uint64_t bits;
    asm(".insn r 0x0b, 0, 0, %0, %1, x0" : "=r"(bits) : "r"(value));
    return bits;
}

int main() {
    int emulated = 0;
    if (set_handler(cause::illegal_instruction, count_bits, &emulated) < 0)
        return std::fputs("emulate: needs Ouros\n", stderr), 1;
    for (uint64_t value : {0ull, 1ull, 255ull, 0xf0f0f0f0ull, ~0ull})
        std::printf("%llx has %llu bits\n", static_cast<unsigned long long>(value),
                    static_cast<unsigned long long>(population(value)));
    std::printf("%d instructions were emulated\n", emulated);
    return 0;
}
