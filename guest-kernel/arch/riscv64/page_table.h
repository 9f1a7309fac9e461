// SPDX-License-Identifier: BSD-2-Clause
//
// Sv39 page tables. A and D are set from the start: the device that walks the same tables never
// sets them, and neither hart nor kernel has to.
#pragma once

#include <atomic>
#include <cstdint>

#include "arch/riscv64/hart.h"
#include "memory/pages.h"

namespace kernel {
class address_space;
}

namespace kernel::arch {

using pte = uint64_t;

enum pte_bits : uint64_t {
    pte_valid = 1u << 0,
    pte_read = 1u << 1,
    pte_write = 1u << 2,
    pte_execute = 1u << 3,
    pte_user = 1u << 4,
    pte_global = 1u << 5,
    pte_accessed = 1u << 6,
    pte_dirty = 1u << 7,
    pte_borrowed = 1u << 8, // software: the page is not the address space's to free
};

inline physical_address pte_address(pte e) {
    return (e >> 10 & 0xfff'ffff'ffff) << page_shift;
}
inline pte make_pte(physical_address address, uint64_t bits) {
    return address >> page_shift << 10 | bits | pte_accessed | pte_dirty | pte_valid;
}

// The trampoline is the last page of the address space, in every table.
inline constexpr uint64_t trampoline_address = 0xffff'ffff'ffff'f000;
// Trap frames: one page per thread of a process, downwards below a guard page.
inline constexpr unsigned max_frames = 65536;
inline constexpr uint64_t frame_address(unsigned slot) {
    return trampoline_address - (2 + uint64_t(slot)) * page_size;
}
// Kernel stacks, with guard pages, in the kernel's own table.
inline constexpr uint64_t kernel_stack_area = 0xffff'ffc0'0000'0000;

class page_table {
  public:
    bool create();  // an empty table; false: out of memory
    void destroy(); // frees the tables, not the pages they map
    // A part of that, for a table that nobody uses any more, or of which nobody uses the lower
    // half: frees some of what is below the root. False: there was no more.
    bool destroy_some(bool lower_half_only);

    // The leaf entry for an address, or nullptr. With create, tables on the way are made;
    // nullptr is then out of memory.
    pte* find(uint64_t address, bool create = false) {
        if (address >> region_shift == last_region_)
            return &last_table_[address >> page_shift & 511];
        return find_from_root(address, create);
    }
    // Kernel: maps a range with the largest pages that fit. False: out of memory.
    bool map_range(uint64_t address, physical_address to, uint64_t size, uint64_t bits);

    uint64_t satp(uint16_t asid) const;
    explicit operator bool() const { return root_ != nullptr; }

  private:
    static constexpr unsigned region_shift = page_shift + 9; // what one last-level table covers
    static constexpr unsigned most_listed = 16;

    pte* find_from_root(uint64_t address, bool create);
    pte* next_table(pte& entry, bool create);
    void free_table(pte* table);

    pte* root_ = nullptr;
    // Found last: most accesses are near the one before.
    uint64_t last_region_ = ~0ull;
    pte* last_table_ = nullptr;
    // The tables below the root, so that a small process's end need not search for them.
    pte* listed_[most_listed];
    unsigned tables_ = 0;    // how many there are
    bool listed_all_ = true; // the list has all of them
    struct {
        unsigned upper, lower; // index in the root, and in the table below
    } destroyed_ = {};         // what destroy_some has come to
};

// Makes this hart forget a translation of an address space.
void flush_local(uint64_t address, uint16_t asid);
// Makes the harts of the mask (bit n: hart index n) forget a range.
void flush_harts(uint64_t harts, uint64_t start, uint64_t size, uint16_t asid);
// How often harts were made to forget something: a page, a range, or an address space.
uint64_t flushes();
// What was written to memory may be executed in this address space. Other harts that run it are
// told; the rest notice when they begin to run something (fetch_new_instructions).
void synchronise_instructions(address_space& space);
extern std::atomic<uint32_t> instructions_written;
inline void fetch_new_instructions() {
    uint32_t written = instructions_written.load(std::memory_order_relaxed);
    if (this_hart().instructions_seen != written) [[unlikely]] {
        std::atomic_thread_fence(std::memory_order_acquire);
        this_hart().instructions_seen = written;
        asm volatile("fence.i" ::: "memory");
    }
}
// Address space identifiers, so that a switch flushes nothing. 0 is the kernel's. -1: none left.
void asids_start();
int allocate_asid();
void free_asid(uint16_t asid); // no hart may hold translations of it any more

// The kernel's own table: RAM and devices at their physical addresses, W^X.
bool make_kernel_table();
uint64_t kernel_satp();
// A kernel stack of kernel_stack_size with an unmapped page on both sides; its end, or 0.
uint64_t make_kernel_stack(unsigned number);
bool map_device(physical_address start, uint64_t size);

} // namespace kernel::arch
