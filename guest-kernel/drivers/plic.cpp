// SPDX-License-Identifier: BSD-2-Clause
#include "drivers/plic.h"

#include "arch/riscv64/hart.h"
#include "device-tree/machine.h"

namespace kernel {

namespace {

constexpr uint64_t enable_base = 0x2000, enable_stride = 0x80;
constexpr uint64_t context_base = 0x20'0000, context_stride = 0x1000;
constexpr uint64_t claim_offset = 4;

// Deferred sources have the lower priority; a hart's threshold lets them through or not.
constexpr uint32_t deferred_priority = 1;
constexpr uint32_t urgent_priority = 2;

struct source {
    uint32_t number;
    interrupt_handler handler;
    interrupt_handler poll;
};
source sources[8];
unsigned source_count;

volatile uint32_t& reg(uint64_t offset) {
    return *reinterpret_cast<volatile uint32_t*>(machine.plic.start + offset);
}
volatile uint32_t& context_reg(uint64_t offset) {
    uint32_t context = machine.plic_context[arch::this_hart().index];
    return reg(context_base + context * context_stride + offset);
}

} // namespace

void plic_add(uint32_t number, interrupt_handler handler, interrupt_handler poll) {
    if (!machine.plic || !number || source_count == sizeof sources / sizeof sources[0])
        return;
    sources[source_count++] = {number, handler, poll};
    reg(4 * number) = poll ? deferred_priority : urgent_priority;
}

void plic_start_hart(unsigned index) {
    if (!machine.plic)
        return;
    uint64_t base = enable_base + machine.plic_context[index] * enable_stride;
    for (unsigned i = 0; i < source_count; i++) {
        volatile uint32_t& word = reg(base + sources[i].number / 32 * 4);
        word = word | 1u << sources[i].number % 32;
    }
    plic_defer(true);
}

void plic_handle() {
    if (!machine.plic)
        return;
    while (uint32_t number = context_reg(claim_offset)) {
        for (unsigned i = 0; i < source_count; i++)
            if (sources[i].number == number)
                sources[i].handler();
        context_reg(claim_offset) = number;
    }
}

void plic_poll_deferred() {
    for (unsigned i = 0; i < source_count; i++)
        if (sources[i].poll)
            sources[i].poll();
}

void plic_defer(bool deferred) {
    if (machine.plic)
        context_reg(0) = deferred ? deferred_priority : 0;
}

} // namespace kernel
