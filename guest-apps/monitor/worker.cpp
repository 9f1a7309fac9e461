// SPDX-License-Identifier: BSD-2-Clause
//
// A task that computes with an instruction its hart lacks, which it emulates itself, and counts the
// ticks of its own timer. The monitor knows of neither.
#include "task.h"

extern "C" void worker_entry();
extern "C" const uint64_t worker_secret = 0x5ec2e7;

static constexpr uint64_t TICK = 3000;
static volatile uint64_t ticks, emulated;

// cpop rd, rs1 of Zbb: how many bits are set.
static uint64_t cpop(uint64_t value) {
    uint64_t bits;
    asm volatile(".insn i 0x13, 1, %0, %1, 0x602" : "=r"(bits) : "r"(value));
    return bits;
}

static bool emulate(uint64_t* x) {
    uint32_t instruction = instruction_at(x[0]);
    uint32_t rd = instruction >> 7 & 31, rs1 = instruction >> 15 & 31;
    uint64_t bits = 0;

    if ((instruction & 0xfff0707f) != 0x60201013)
        return false;
    for (uint64_t value = rs1 ? x[rs1] : 0; value; value &= value - 1)
        bits++;
    if (rd)
        x[rd] = bits;
    x[0] += 4;
    emulated = emulated + 1;
    return true;
}

extern "C" void worker_trap(uint64_t* x) {
    uint64_t cause = csr_read<UCAUSE>();

    if (cause == (INTERRUPT | USER_TIMER)) {
        ticks = ticks + 1;
        csr_write<UTIMECMP>(csr_read<TIME>() + TICK);
    } else if (cause != ILLEGAL || !emulate(x)) {
        line() << "a trap that I did not expect: " << cause;
        call(EXIT);
    }
}

extern "C" void worker_main() {
    uint64_t bits = 0;

    handle_traps(worker_entry, 1 << USER_TIMER);
    csr_write<UTIMECMP>(csr_read<TIME>() + TICK);
    for (uint64_t i = 0; i < 1000; i++)
        bits += cpop(i);
    line() << bits << " bits are set in the numbers below 1000";
    line() << emulated << " instructions emulated";
    while (ticks < 20)
        ;
    line() << "20 ticks of my timer";
    call(SEND, INTRUDER, bits);
    call(EXIT);
}
