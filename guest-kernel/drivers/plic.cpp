// SPDX-License-Identifier: BSD-2-Clause
#include "drivers/plic.h"

#include <atomic>

#include "arch/riscv64/hart.h"
#include "device-tree/machine.h"
#include "lib/spinlock.h"

namespace kernel {

namespace {

constexpr uint64_t pending_base = 0x1000;
constexpr uint64_t enable_base = 0x2000, enable_stride = 0x80;
constexpr uint64_t context_base = 0x20'0000, context_stride = 0x1000;

// Deferred sources have the lower priority; a hart's threshold lets them through or not.
constexpr uint32_t deferred_priority = 1;
constexpr uint32_t urgent_priority = 2;

struct source {
    uint32_t number;
    bool enabled;
    interrupt_handler handler;
};
source sources[8];
unsigned source_count;
interrupt_handler deferred_poll;            // there is one deferred source
volatile uint32_t* claims[arch::max_harts]; // each hart's claim/complete register

// The source that a hart watches; 0: none.
std::atomic<uint32_t> watched[arch::max_harts];
interrupt_handler watched_pending;

spinlock enable_lock; // words of enable bits are read, changed and written

volatile uint32_t& reg(uint64_t offset) {
    return *reinterpret_cast<volatile uint32_t*>(machine.plic.start + offset);
}
volatile uint32_t& context_reg(uint32_t context, uint64_t offset) {
    return reg(context_base + context * context_stride + offset);
}
volatile uint32_t& own_context_reg(uint64_t offset) {
    return context_reg(machine.plic_context[arch::this_hart().index], offset);
}

void set_enable(uint32_t context, uint32_t number, bool enabled) {
    lock_guard guard(enable_lock);
    volatile uint32_t& word = reg(enable_base + context * enable_stride + number / 32 * 4);
    uint32_t bit = 1u << number % 32;
    word = enabled ? word | bit : word & ~bit;
}

bool is_pending(uint32_t number) {
    return reg(pending_base + number / 32 * 4) >> number % 32 & 1;
}

void add(uint32_t number, bool enabled, interrupt_handler handler, interrupt_handler poll) {
    if (!machine.plic || !number || source_count == sizeof sources / sizeof sources[0])
        return;
    sources[source_count++] = {number, enabled, handler};
    if (poll)
        deferred_poll = poll;
    reg(4 * number) = poll ? deferred_priority : urgent_priority;
}

// Before anything is claimed, since a claim takes the pending bit.
void look_at_watched(unsigned hart) {
    uint32_t number = watched[hart].load(std::memory_order_relaxed);
    if (number && is_pending(number)) {
        plic_withhold(hart, number);
        watched_pending();
    }
}

} // namespace

void plic_add(uint32_t number, interrupt_handler handler, interrupt_handler poll) {
    add(number, true, handler, poll);
}

void plic_add_disabled(uint32_t number, interrupt_handler handler) {
    add(number, false, handler, nullptr);
}

void plic_set_enabled(uint32_t number, bool enabled) {
    for (unsigned hart = 0; hart < arch::hart_count(); hart++)
        set_enable(machine.plic_context[hart], number, enabled);
}

void plic_start_hart(unsigned index) {
    if (!machine.plic)
        return;
    for (unsigned i = 0; i < source_count; i++)
        if (sources[i].enabled)
            set_enable(machine.plic_context[index], sources[i].number, true);
    claims[index] = &context_reg(machine.plic_context[index], plic_claim_offset);
    plic_defer(true);
}

void plic_handle() {
    volatile uint32_t* claim = claims[arch::this_hart().index];
    if (!claim)
        return;
    look_at_watched(arch::this_hart().index);
    while (uint32_t number = *claim) {
        for (const source* s = sources; s != sources + source_count; s++)
            if (s->number == number) {
                s->handler();
                break;
            }
        *claim = number;
    }
}

void plic_poll_deferred() {
    if (deferred_poll)
        deferred_poll();
}

void plic_defer(bool deferred) {
    if (machine.plic)
        own_context_reg(0) = deferred ? deferred_priority : 0;
}

bool plic_has_user_context(unsigned index) {
    return machine.plic && machine.plic_user_context[index] != machine_description::no_context;
}

physical_address plic_user_page(unsigned index) {
    return machine.plic.start + context_base + machine.plic_user_context[index] * context_stride;
}

void plic_on_watched(interrupt_handler pending) {
    watched_pending = pending;
}

void plic_lend(unsigned hart, uint32_t number) {
    if (watched[hart].exchange(0, std::memory_order_relaxed))
        set_enable(machine.plic_context[hart], number, false);
    set_enable(machine.plic_user_context[hart], number, true);
}

void plic_watch(unsigned hart, uint32_t number) {
    set_enable(machine.plic_user_context[hart], number, false);
    watched[hart].store(number, std::memory_order_relaxed);
    set_enable(machine.plic_context[hart], number, true);
}

void plic_withhold(unsigned hart, uint32_t number) {
    if (watched[hart].exchange(0, std::memory_order_relaxed))
        set_enable(machine.plic_context[hart], number, false);
    set_enable(machine.plic_user_context[hart], number, false);
}

void plic_settle(unsigned hart, uint32_t number) {
    uint32_t context = machine.plic_user_context[hart];
    reg(4 * number) = urgent_priority;
    plic_lend(hart, number); // only where it is enabled can it be claimed and completed
    context_reg(context, 0) = 0;
    context_reg(context, plic_claim_offset) = number;
    if (context_reg(context, plic_claim_offset) == number)
        context_reg(context, plic_claim_offset) = number;
    plic_withhold(hart, number);
}

} // namespace kernel
