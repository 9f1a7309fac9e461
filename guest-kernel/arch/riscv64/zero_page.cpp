// SPDX-License-Identifier: BSD-2-Clause
#include "arch/riscv64/zero_page.h"

#include <cstring>

#include "memory/pages.h"

// cbo.zero, which the assembler knows only with the extension turned on.
#define CBO_ZERO ".insn i 0x0f, 2, x0, %[address], 4"

namespace kernel::arch {

namespace {

uint32_t block; // bytes; 0: not available

alignas(4096) uint8_t trial[4096];

// The firmware may have left the instruction disabled for S mode.
bool try_zero_block(void* address) {
    uint64_t vector, failed;
    asm volatile("  la %[failed], 1f\n"
                 "  csrrw %[vector], stvec, %[failed]\n"
                 "  li %[failed], 1\n"
                 "  " CBO_ZERO "\n"
                 "  li %[failed], 0\n"
                 "  .balign 4\n"
                 "1:\n"
                 "  csrw stvec, %[vector]\n"
                 : [vector] "=&r"(vector), [failed] "=&r"(failed)
                 : [address] "r"(address)
                 : "memory");
    return !failed;
}

} // namespace

void start_block_zeroing(uint32_t block_size) {
    bool usable =
        block_size >= 16 && block_size <= page_size / 4 && !(block_size & (block_size - 1));
    if (usable && try_zero_block(trial))
        block = block_size;
}

void zero_page(void* page) {
    if (!block) {
        memset(page, 0, page_size);
        return;
    }
    auto* at = static_cast<uint8_t*>(page);
    auto* end = at + page_size;
    uint64_t step = block;
    do {
        asm volatile(CBO_ZERO "\n"
                              "add %[address], %[address], %[step]\n" CBO_ZERO "\n"
                              "add %[address], %[address], %[step]\n" CBO_ZERO "\n"
                              "add %[address], %[address], %[step]\n" CBO_ZERO "\n"
                              "add %[address], %[address], %[step]\n"
                     : [address] "+r"(at)
                     : [step] "r"(step)
                     : "memory");
    } while (at != end);
}

} // namespace kernel::arch
