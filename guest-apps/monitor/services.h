// SPDX-License-Identifier: BSD-2-Clause
//
// What the monitor does for a task that asks by ecall: the number in a7, arguments in a0 and a1,
// the result in a0, -1 if it was refused. And the CSRs of user traps, which both sides use.
#pragma once

#include <cstdint>

enum service : uint64_t {
    PRINT,   // a0: text, a1: its length; all of it in the task's own memory
    SEND,    // a0: task, a1: message; the task gets a user software interrupt
    RECEIVE, // the message sent last
    EXIT,
};

enum task_number : uint64_t { WORKER, INTRUDER, TASKS };

constexpr uint64_t MEMORY_SIZE = 0x10000; // of a task: a power of two, and aligned to it

constexpr int USTATUS = 0x000, UIE = 0x004, UTVEC = 0x005, USCRATCH = 0x040, UEPC = 0x041,
              UCAUSE = 0x042, UTVAL = 0x043, UIP = 0x044, UTIMECMP = 0x800, TIME = 0xc01;

constexpr uint64_t INTERRUPT = 1ull << 63; // in a cause; beside it:
constexpr uint64_t USER_SOFTWARE = 0, USER_TIMER = 4, MACHINE_TIMER = 7;
constexpr uint64_t FETCH_ACCESS = 1, ILLEGAL = 2, LOAD_ACCESS = 5, STORE_ACCESS = 7, USER_ECALL = 8;

// Static, as all functions are that tasks use: a copy for each, in its own memory.
template <int csr>
static inline uint64_t csr_read() {
    uint64_t value;
    asm volatile("csrr %0, %1" : "=r"(value) : "i"(csr) : "memory");
    return value;
}

template <int csr>
static inline void csr_write(uint64_t value) {
    asm volatile("csrw %0, %1" ::"i"(csr), "r"(value) : "memory");
}
