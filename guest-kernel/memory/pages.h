// SPDX-License-Identifier: BSD-2-Clause
//
// Physical pages. The kernel maps all RAM at its physical address (virtual = physical), so a page
// is handed out as a pointer. Binary buddy: O(log) allocate and free, free lists in the free pages
// themselves, one bit per pair of buddies, so that boot touches almost no memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel {

inline constexpr size_t page_size = 4096;
inline constexpr unsigned page_shift = 12;
inline constexpr unsigned max_page_order = 10; // 4 MiB

using physical_address = uint64_t;

inline physical_address to_physical(const void* p) {
    return reinterpret_cast<physical_address>(p);
}
template <class T = void>
T* from_physical(physical_address address) {
    return reinterpret_cast<T*>(address);
}

// 2^order contiguous pages, aligned to their size; not zeroed. nullptr: none left.
void* allocate_pages(unsigned order);
// Drops a reference; the last one gives the pages back. The order is remembered, so freeing needs
// only the pointer.
void free_pages(void* pages);
unsigned page_order(const void* pages);
// From now on each of the block's pages has a reference of its own, and is given back by itself.
void split_pages(void* pages);

// References: one from allocate_pages, one more for each other address space or object that has
// the page. Who has the only reference and keeps others from it may write.
void add_page_reference(void* page);
bool page_is_shared(const void* page);

void* allocate_page();        // order 0
void* allocate_zeroed_page(); // order 0, all zero
void zero_page(void* page);

size_t free_page_count();
size_t total_page_count();

// Smallest order that holds `bytes`.
unsigned order_for(size_t bytes);

// Boot: the range the allocator may ever manage, then the free parts of it.
// Returns the bytes its tables take at `tables`.
size_t page_allocator_tables_size(physical_address start, physical_address end);
void page_allocator_start(physical_address start, physical_address end, void* tables);
void page_allocator_add(physical_address start, physical_address end);

} // namespace kernel
