// SPDX-License-Identifier: BSD-2-Clause
//
// What the device tree says about the machine, read once at boot with libfdt.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel {

struct memory_range {
    uint64_t start = 0;
    uint64_t size = 0;
    uint64_t end() const { return start + size; }
    explicit operator bool() const { return size != 0; }
};

// A device that the kernel has no need of and a process can be given.
struct spare_device {
    char name[32] = {}; // its node's, "serial@10009000"
    memory_range registers;
    uint32_t interrupt = 0;
};

struct machine_description {
    static constexpr unsigned max_listed_harts = 8;
    static constexpr unsigned max_reserved = 16;
    static constexpr unsigned max_spare = 4;
    static constexpr uint32_t no_context = ~0u;

    memory_range tree; // the device tree blob itself
    memory_range memory;
    memory_range reserved[max_reserved]; // firmware and the like
    unsigned reserved_count = 0;
    memory_range initrd;
    char arguments[256 + 32] = {}; // /chosen bootargs, and zeros

    uint64_t hart_ids[max_listed_harts] = {};
    unsigned harts = 0;
    unsigned harts_ignored = 0;                   // more than the kernel is built for
    uint64_t timebase = 0;                        // of the `time` counter, Hz
    uint32_t zero_block = 0;                      // bytes that cbo.zero clears; 0: not there
    bool sstc = false;                            // S mode has its own timer compare register
    uint32_t plic_context[max_listed_harts] = {}; // S-mode context of each hart
    uint32_t plic_user_context[max_listed_harts]; // U-mode context, or no_context

    memory_range uart; // the console's
    uint32_t uart_interrupt = 0;
    char uart_name[32] = {};
    spare_device spare[max_spare]; // the other UARTs
    unsigned spare_count = 0;
    memory_range plic;
    memory_range power; // sifive_test
    memory_range uintc;
    uint32_t uintc_interrupt = 0; // wake list
    memory_range asyscall;
    uint32_t asyscall_interrupt = 0;
};

extern machine_description machine;

// What follows "name=" in the kernel's arguments, or "" for a bare "name"; nullptr: it is not
// there.
const char* machine_argument(const char* name);

// nullptr, or what is wrong.
const char* machine_read(uint64_t tree);

} // namespace kernel
