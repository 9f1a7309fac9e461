// SPDX-License-Identifier: BSD-2-Clause
//
// The smallest handler, without the library: notes what the hart says about the exception and goes
// on `skip` bytes behind the instruction.
#ifndef RAW_HPP
#define RAW_HPP

#include "../libs/expect.hpp"

#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <ouros/kernel.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct record {
    uint64_t pc, cause, value;
    uint64_t skip;
    uint64_t count;
    uint64_t saved[2]; // the entry's own
};

extern "C" void raw_entry();
asm(".pushsection .text\n"
    ".balign 64\n"
    "raw_entry:\n"
    "  csrrw t0, uscratch, t0\n"
    "  sd t1, 40(t0)\n"
    "  csrr t1, ucause\n"
    "  sd t1, 8(t0)\n"
    "  csrr t1, utval\n"
    "  sd t1, 16(t0)\n"
    "  ld t1, 32(t0)\n"
    "  addi t1, t1, 1\n"
    "  sd t1, 32(t0)\n"
    "  csrr t1, uepc\n"
    "  sd t1, 0(t0)\n"
    "  sd t2, 48(t0)\n"
    "  ld t2, 24(t0)\n"
    "  add t1, t1, t2\n"
    "  csrw uepc, t1\n"
    "  ld t2, 48(t0)\n"
    "  ld t1, 40(t0)\n"
    "  csrrw t0, uscratch, t0\n"
    "  uret\n"
    ".popsection\n");

inline thread_local record raw;

inline long user_exceptions(uint64_t mask, uint64_t flags = 0) {
    long value = syscall(OUROS_SYS_user_exceptions, mask, flags);
    return value < 0 ? -errno : value;
}

inline long fault_in(const void* address, uint64_t access) {
    long value = syscall(OUROS_SYS_fault_in, address, access);
    return value < 0 ? -errno : value;
}

// This handler can't tell a page that comes in on demand from one that isn't there: all that the
// program may touch comes in first.
inline void bring_in_everything() {
    extern char start[] asm("__executable_start"), text_end[] asm("etext"), end[] asm("_end");
    char on_stack;
    for (char* at = start; at < end; at += 4096)
        fault_in(at, at < text_end ? PROT_EXEC : PROT_READ);
    for (char* at = start; at < end; at += 4096)
        fault_in(at, PROT_WRITE);
    for (long pages = -8; pages < 2; pages++)
        fault_in(&on_stack + pages * 4096, PROT_WRITE);
}

inline void raw_start(uint64_t mask) {
    user_exceptions(0); // from here on the kernel keeps the registers
    bring_in_everything();
    raw = {};
    asm volatile("csrw uscratch, %0\n\tcsrw utvec, %1" ::"r"(&raw), "r"(raw_entry) : "memory");
    expect(user_exceptions(mask) == 0, "the mask before");
}

inline uint64_t entries() {
    ouros_statistics s{};
    syscall(OUROS_SYS_statistics, &s, sizeof s);
    return s.kernel_entries;
}

#endif // RAW_HPP
