// SPDX-License-Identifier: BSD-2-Clause
//
// Entry stubs and the dispatch by vector. Runs in the handler: integer registers only
// (tests/unit/handler-code.py looks).

#include <ouros/bits.h>
#include <ouros/kernel.h>
#include <ouros/uintr.hpp>

namespace ouros::uintr {

namespace {

struct slot {
    handler* function;
    void* context;
};

constinit thread_local slot slots[64] = {};
constinit thread_local entry* entry_of_thread = nullptr;
constinit thread_local uint64_t unclaimed = ~(uint64_t{1} << OUROS_VECTOR_COMPLETION);

void set_vector(entry* stub) {
    entry_of_thread = stub;
    asm volatile("csrw " OUROS_CSR_NAME(OUROS_CSR_UTVEC) ", %0" ::"r"(stub));
    asm volatile("csrsi " OUROS_CSR_NAME(OUROS_CSR_UIE) ", 1" ::: "memory");
}

} // namespace

void set_entry(entry* stub) {
    set_vector(stub);
}

void set_handler(unsigned vector, handler* function, void* context) {
    off_guard off;
    slots[vector % 64] = {function, context};
    if (!entry_of_thread)
        set_vector(ouros_uintr_entry);
}

int claim_vector() {
    int vector = 63;
    while (vector >= 0 && !(unclaimed >> vector & 1))
        vector--;
    if (vector >= 0)
        unclaimed &= ~(uint64_t{1} << vector);
    return vector;
}

void release_vector(unsigned vector) {
    off_guard off;
    slots[vector % 64] = {};
    unclaimed |= uint64_t{1} << vector % 64;
}

// uscratch holds the address of the flag; t0 and t1 are free again at the end. Seven instructions.
extern "C" void ouros_uintr_flag_entry();
asm(".pushsection .text.ouros_uintr_flag_entry, \"ax\", @progbits\n"
    ".balign 4\n"
    ".type ouros_uintr_flag_entry, @function\n"
    "ouros_uintr_flag_entry:\n"
    "csrrw t0, " OUROS_CSR_NAME(
        OUROS_CSR_USCRATCH) ", t0\n"
                            "sd t1, 8(t0)\n"
                            ".insn i 0x7b, 2, t1, x0, 1\n"
                            "amoor.d zero, t1, (t0)\n"
                            "ld t1, 8(t0)\n"
                            "csrrw t0, " OUROS_CSR_NAME(
                                OUROS_CSR_USCRATCH) ", t0\n"
                                                    ".word 0x00200073\n" // uret
                                                    ".size ouros_uintr_flag_entry, . - "
                                                    "ouros_uintr_flag_entry\n"
                                                    ".popsection\n");

void set_flag(flag* where) {
    off_guard off;
    asm volatile("csrw " OUROS_CSR_NAME(OUROS_CSR_USCRATCH) ", %0" ::"r"(where) : "memory");
    set_vector(ouros_uintr_flag_entry);
}

extern "C" void ouros_uintr_dispatch(uint64_t vectors) {
    for (; vectors; vectors &= vectors - 1) {
        unsigned vector = lowest_bit(vectors);
        const slot& to = slots[vector];
        if (to.function)
            to.function(vector, to.context);
    }
}

OUROS_UINTR_ENTRY(ouros_uintr_entry, ouros_uintr_dispatch);

} // namespace ouros::uintr
