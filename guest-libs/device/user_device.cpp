// SPDX-License-Identifier: BSD-2-Clause
//
// Runs in the user-interrupt handler: integer registers only (tests/unit/handler-code.py looks).

#include <cerrno>
#include <ouros/calls.hpp>
#include <ouros/uintr.hpp>
#include <ouros/user_device.hpp>

extern "C" {
void ouros_reactor_entry();
void ouros_device_entry();
void ouros_device_vectors();
void ouros_device_reactor_vectors();
}

namespace ouros {

namespace {

constinit thread_local user_device* device_of_thread = nullptr;

constexpr uint64_t vectored = 1; // utvec's mode
constexpr uint64_t external_enable = 1u << 8;

uint64_t entry_address(uintr::entry* stub) {
    return reinterpret_cast<uint64_t>(stub);
}

} // namespace

void interrupt_device(user_device& device) {
    if (uint32_t source = *device.claim_register()) {
        device.function_(device.context_);
        *device.claim_register() = source;
    }
}

extern "C" void ouros_device_dispatch() {
    interrupt_device(*device_of_thread);
}

// The entry of ouros/uintr.hpp without the taking of vectors, and tables for utvec's vectored mode:
// cause 8 comes here, the rest goes where it went. Exceptions enter at the base.
#define SAVED(op)                                                                                  \
    op " ra, 0(sp)\n" op " t0, 8(sp)\n" op " t1, 16(sp)\n" op " t2, 24(sp)\n" op                   \
       " a0, 32(sp)\n" op " a1, 40(sp)\n" op " a2, 48(sp)\n" op " a3, 56(sp)\n" op                 \
       " a4, 64(sp)\n" op " a5, 72(sp)\n" op " a6, 80(sp)\n" op " a7, 88(sp)\n" op                 \
       " t3, 96(sp)\n" op " t4, 104(sp)\n" op " t5, 112(sp)\n" op " t6, 120(sp)\n"
#define VECTORS(name, others)                                                                      \
    ".balign 64\n.type " name ", @function\n" name ":\n"                                           \
    ".rept 8\n.option push\n.option norvc\nj " others "\n.option pop\n.endr\n"                     \
    ".option push\n.option norvc\nj ouros_device_entry\n.option pop\n"                             \
    ".size " name ", . - " name "\n"

asm(".pushsection .text.ouros_device_entry, \"ax\", @progbits\n"
    ".balign 4\n"
    ".globl ouros_device_entry\n"
    ".type ouros_device_entry, @function\n"
    "ouros_device_entry:\n"
    "addi sp, sp, -128\n" SAVED("sd") "call ouros_device_dispatch\n" SAVED("ld") //
    "addi sp, sp, 128\n"
    ".word 0x00200073\n" // uret
    ".size ouros_device_entry, . - ouros_device_entry\n"
    ".globl ouros_device_vectors\n"
    ".globl ouros_device_reactor_vectors\n" VECTORS("ouros_device_vectors", "ouros_uintr_entry")
        VECTORS("ouros_device_reactor_vectors", "ouros_reactor_entry") ".popsection\n");

int64_t user_device::open(const char* name, handler* function, void* context) {
    uint64_t present;
    asm volatile("csrr %0, " OUROS_CSR_NAME(OUROS_CSR_UTVEC) : "=r"(present));
    uintr::entry* table = ouros_device_vectors;
    if (present == entry_address(ouros_reactor_entry))
        table = ouros_device_reactor_vectors;
    else if (present && present != entry_address(uintr::ouros_uintr_entry))
        return -EBUSY;
    int64_t error = kernel::user_device(name, &description_);
    if (error < 0)
        return error;
    registers_ = reinterpret_cast<volatile uint8_t*>(description_.registers);
    function_ = function;
    context_ = context;
    device_of_thread = this;
    uintr::off_guard off;
    if (!present)
        uintr::set_entry(uintr::ouros_uintr_entry); // set_handler then knows that there is one
    asm volatile(
        "csrw " OUROS_CSR_NAME(OUROS_CSR_UTVEC) ", %0" ::"r"(entry_address(table) | vectored));
    asm volatile("csrs " OUROS_CSR_NAME(OUROS_CSR_UIE) ", %0" ::"r"(external_enable) : "memory");
    return 0;
}

user_device::~user_device() {
    if (!registers_)
        return;
    asm volatile("csrc " OUROS_CSR_NAME(OUROS_CSR_UIE) ", %0" ::"r"(external_enable) : "memory");
    device_of_thread = nullptr;
}

} // namespace ouros
