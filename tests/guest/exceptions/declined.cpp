// SPDX-License-Identifier: BSD-2-Clause
//
// What a handler declines, and a handler that faults for ever: the kernel ends the program as it
// ends any other. WHAT says which.

#include <cstring>
#include <ouros/exceptions.hpp>
#include <sys/mman.h>

namespace exceptions = ouros::exceptions;
using exceptions::action;
using exceptions::cause;
using exceptions::context;

namespace {

int asked;

action decline(context&, void*) {
    asked++;
    return action::decline;
}

action recurse(context&, void*) {
    asm volatile("lb zero, 8(zero)");
    return action::resume;
}

} // namespace

int main(int, char** argv) {
    for (cause of : {cause::illegal_instruction, cause::breakpoint, cause::load_page_fault,
                     cause::misaligned_store})
        if (exceptions::set_handler(of, decline) < 0)
            return 1;
    alignas(8) char word[16] = {};
    if (!strcmp(argv[1], "illegal-instruction"))
        asm volatile(".word 0x0000000b");
    else if (!strcmp(argv[1], "breakpoint"))
        asm volatile("ebreak");
    else if (!strcmp(argv[1], "page-fault"))
        asm volatile("lb zero, 16(zero)");
    else if (!strcmp(argv[1], "misaligned"))
        asm volatile("amoadd.w zero, zero, (%0)" ::"r"(word + 1) : "memory");
    else if (!strcmp(argv[1], "endless-faults")) {
        exceptions::set_handler(cause::load_page_fault, recurse);
        asm volatile("lb zero, 16(zero)");
    }
    return asked;
}
