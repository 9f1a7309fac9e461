// SPDX-License-Identifier: BSD-2-Clause
//
// misaligned: an atomic addition at an odd address. Harts do misaligned loads and stores to memory
// by themselves, but LR, SC and AMO trap; a handler does what can be done, which is not atomic.
#include <cstdio>
#include <cstring>
#include <ouros/exceptions.hpp>

using namespace ouros::exceptions;

action add(context& at, void* count) {
    // The value is the address; the instruction is at the pc, which may be odd by two.
    uint32_t instruction;
    std::memcpy(&instruction, reinterpret_cast<const void*>(at.pc()), sizeof instruction);
    constexpr uint32_t amoadd_d = 0x0000302f, without_order = 0xf800707f;
    if ((instruction & without_order) != amoadd_d)
        return action::decline; // SIGBUS
    uint64_t old;
    std::memcpy(&old, reinterpret_cast<const void*>(at.value), sizeof old);
    uint64_t sum = old + at.get(instruction >> 20 & 31);
    std::memcpy(reinterpret_cast<void*>(at.value), &sum, sizeof sum);
    at.set(instruction >> 7 & 31, old);
    at.skip(4);
    ++*static_cast<int*>(count);
    return action::resume;
}

int main() {
    int count = 0;
    if (set_handler(cause::misaligned_store, add, &count) < 0)
        return std::fputs("misaligned: needs Ouros\n", stderr), 1;
    alignas(8) char memory[24] = {};
    for (uint64_t i = 1; i <= 10; i++)
        asm volatile("amoadd.d zero, %1, (%0)" ::"r"(memory + 3), "r"(i) : "memory");
    uint64_t sum;
    std::memcpy(&sum, memory + 3, sizeof sum);
    std::printf("the sum is %llu, after %d misaligned additions\n",
                static_cast<unsigned long long>(sum), count);
    return 0;
}
