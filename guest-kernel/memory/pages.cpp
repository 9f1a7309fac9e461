// SPDX-License-Identifier: BSD-2-Clause
#include "memory/pages.h"

#include <atomic>
#include <cstring>

#include "arch/riscv64/hart.h"
#include "arch/riscv64/zero_page.h"
#include "lib/list.h"
#include "lib/print.h"
#include "lib/spinlock.h"
#include "memory/failing.h"

namespace kernel {

namespace {

struct free_block : list_node<free_block> {};

// For each order one bit per pair of buddies: set when exactly one of the two is free (as a block
// of that order). Toggled by allocate and free; 0 after freeing means both are: merge.
struct pair_bits {
    uint64_t* words;
    bool toggle(size_t pair) {
        words[pair / 64] ^= 1ull << (pair % 64);
        return words[pair / 64] >> (pair % 64) & 1;
    }
};

spinlock lock;
physical_address base; // aligned to the largest block
size_t pages_covered;
pair_bits pairs[max_page_order + 1];
uint8_t* orders;                   // of the block that starts at a page, while it is allocated
std::atomic<uint32_t>* references; // to that block, likewise
list<free_block> free_lists[max_page_order + 1];
size_t free_pages_left;
size_t total_pages;

// Single pages that a hart has freed and will want again: without the lock, for the kernel is not
// preempted. Their bits say "allocated".
struct hart_cache {
    free_block* first;
    size_t count; // others read it
};
constexpr size_t cache_limit = 64;
hart_cache caches[arch::max_harts];

constexpr size_t block_size(unsigned order) {
    return page_size << order;
}
size_t page_index(const void* p) {
    return (to_physical(p) - base) >> page_shift;
}
size_t pair_index(physical_address block, unsigned order) {
    return (block - base) >> (page_shift + order + 1);
}
size_t pair_words(size_t pages, unsigned order) {
    return ((pages >> (order + 1)) + 64) / 64;
}

void release(physical_address block, unsigned order) {
    free_pages_left += size_t(1) << order;
    while (order < max_page_order && !pairs[order].toggle(pair_index(block, order))) {
        physical_address buddy = base + ((block - base) ^ block_size(order));
        list<free_block>::remove(*from_physical<free_block>(buddy));
        block = block < buddy ? block : buddy;
        order++;
    }
    free_lists[order].push_front(*new (from_physical(block)) free_block);
}

physical_address align_up(physical_address a, size_t to) {
    return (a + to - 1) & ~(to - 1);
}

} // namespace

unsigned order_for(size_t bytes) {
    unsigned order = 0;
    while (order <= max_page_order && block_size(order) < bytes)
        order++;
    return order;
}

size_t page_allocator_tables_size(physical_address start, physical_address end) {
    start &= ~(block_size(max_page_order) - 1);
    size_t pages = (end - start) >> page_shift;
    size_t size = align_up(pages, 8) + pages * sizeof references[0];
    for (unsigned order = 0; order < max_page_order; order++)
        size += pair_words(pages, order) * 8;
    return align_up(size, page_size);
}

void page_allocator_start(physical_address start, physical_address end, void* tables) {
    base = start & ~(block_size(max_page_order) - 1);
    pages_covered = (end - base) >> page_shift;
    auto* words = static_cast<uint64_t*>(tables);
    for (unsigned order = 0; order < max_page_order; order++) {
        pairs[order].words = words;
        memset(words, 0, pair_words(pages_covered, order) * 8);
        words += pair_words(pages_covered, order);
    }
    // Filled as pages are handed out.
    references = reinterpret_cast<std::atomic<uint32_t>*>(words);
    orders = reinterpret_cast<uint8_t*>(references + pages_covered);
}

void page_allocator_add(physical_address start, physical_address end) {
    start = align_up(start, page_size);
    end &= ~(page_size - 1);
    lock_guard guard(lock);
    while (start < end) {
        unsigned order = max_page_order;
        while (((start - base) & (block_size(order) - 1)) || start + block_size(order) > end)
            order--;
        release(start, order);
        total_pages += size_t(1) << order;
        start += block_size(order);
    }
}

void* allocate_pages(unsigned order) {
    if (allocation_fails())
        return nullptr;
    hart_cache& cache = caches[arch::this_hart().index];
    if (order == 0 && cache.first) {
        free_block* page = cache.first;
        cache.first = static_cast<free_block*>(page->next);
        cache.count--;
        references[page_index(page)].store(1, std::memory_order_relaxed);
        return page;
    }
    lock_guard guard(lock);
    unsigned from = order;
    while (from <= max_page_order && free_lists[from].empty())
        from++;
    if (from > max_page_order)
        return nullptr;
    auto block = to_physical(free_lists[from].pop_front());
    if (from < max_page_order)
        pairs[from].toggle(pair_index(block, from));
    while (from > order) { // split: the upper half stays free
        from--;
        pairs[from].toggle(pair_index(block, from));
        free_lists[from].push_front(*new (from_physical(block + block_size(from))) free_block);
    }
    free_pages_left -= size_t(1) << order;
    void* p = from_physical(block);
    orders[page_index(p)] = uint8_t(order);
    references[page_index(p)].store(1, std::memory_order_relaxed);
    return p;
}

void free_pages(void* p) {
    if (!p)
        return;
    KERNEL_ASSERT((to_physical(p) & (page_size - 1)) == 0 && page_index(p) < pages_covered);
    std::atomic<uint32_t>& count = references[page_index(p)];
    // The only owner needs no atomic operation: nobody else can make it two.
    if (count.load(std::memory_order_acquire) != 1 &&
        count.fetch_sub(1, std::memory_order_acq_rel) != 1)
        return;
    unsigned order = orders[page_index(p)];
    hart_cache& cache = caches[arch::this_hart().index];
    if (order == 0 && cache.count < cache_limit) {
        auto* page = new (p) free_block;
        page->next = cache.first;
        cache.first = page;
        cache.count++;
        return;
    }
    lock_guard guard(lock);
    release(to_physical(p), order);
}

unsigned page_order(const void* p) {
    return orders[page_index(p)];
}

void split_pages(void* p) {
    size_t first = page_index(p), count = size_t(1) << orders[first];
    for (size_t i = first; i < first + count; i++) {
        orders[i] = 0;
        references[i].store(1, std::memory_order_relaxed);
    }
}

void add_page_reference(void* page) {
    references[page_index(page)].fetch_add(1, std::memory_order_relaxed);
}

bool page_is_shared(const void* page) {
    return references[page_index(page)].load(std::memory_order_acquire) > 1;
}

void* allocate_page() {
    return allocate_pages(0);
}

void zero_page(void* page) {
    arch::zero_page(page);
}

void* allocate_zeroed_page() {
    void* p = allocate_pages(0);
    if (p)
        zero_page(p);
    return p;
}

size_t free_page_count() {
    lock_guard guard(lock);
    size_t count = free_pages_left;
    for (const hart_cache& cache : caches)
        count += __atomic_load_n(&cache.count, __ATOMIC_RELAXED);
    return count;
}

size_t total_page_count() {
    return total_pages;
}

} // namespace kernel
