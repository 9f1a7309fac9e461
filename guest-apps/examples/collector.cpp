// SPDX-License-Identifier: BSD-2-Clause
//
// collector: a generational garbage collector with a write barrier that costs nothing until it is
// needed. Old cells are on write-protected pages; the first write to one comes to a handler, which
// marks the page and lets the program write. A collection looks for young cells from marked pages.
#include <algorithm>
#include <cstdio>
#include <ouros/exceptions.hpp>
#include <sys/mman.h>

using namespace ouros::exceptions;

struct cell {
    cell *left, *right;
    uint64_t value;
    cell* moved; // where a young cell has gone
};

constexpr size_t page = 4096, per_page = page / sizeof(cell), old_pages = 1024, young_cells = 4096;
cell* const old_cells = static_cast<cell*>(
    mmap(nullptr, old_pages* page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
cell young[young_cells];
size_t old_used, young_used, collections, marked, searchable;
bool dirty[old_pages];
cell* root;

action barrier(context& at, void*) {
    size_t number = (at.value - reinterpret_cast<uint64_t>(old_cells)) / page;
    if (number >= old_pages || dirty[number])
        return action::decline; // not protected, so not there yet: the kernel's business
    dirty[number] = true;
    mprotect(old_cells + number * per_page, page, PROT_READ | PROT_WRITE);
    return action::resume;
}

void promote(cell*& at) {
    if (at < young || at >= young + young_cells)
        return;
    if (!at->moved) {
        at->moved = &old_cells[old_used++];
        *at->moved = *at;
    }
    at = at->moved;
}

void collect() {
    size_t before = old_used;
    mprotect(old_cells, old_pages * page, PROT_READ | PROT_WRITE);
    promote(root);
    auto visit = [](cell& c) { promote(c.left), promote(c.right); };
    for (size_t i = 0; i < before; i++)
        if (dirty[i / per_page])
            visit(old_cells[i]);
    for (size_t i = before; i < old_used; i++)
        visit(old_cells[i]);
    marked += static_cast<size_t>(std::count(dirty, dirty + before / per_page, true));
    searchable += before / per_page;
    std::fill_n(dirty, old_pages, false);
    mprotect(old_cells, (old_used + per_page - 1) / per_page * page, PROT_READ);
    young_used = 0, collections++;
}

cell* allocate(uint64_t value) {
    if (young_used == young_cells)
        collect();
    young[young_used] = {nullptr, nullptr, value, nullptr};
    return &young[young_used++];
}

void insert(uint64_t value) {
    cell* added = allocate(value); // may move everything else: before the walk
    cell** at = &root;
    while (*at)
        at = value < (*at)->value ? &(*at)->left : &(*at)->right;
    *at = added;
}

uint64_t sum(const cell* at) {
    return at ? at->value + sum(at->left) + sum(at->right) : 0;
}

int main() {
    if (set_handler(cause::store_page_fault, barrier) < 0)
        return std::fputs("collector: needs Ouros\n", stderr), 1;
    uint64_t random = 1, expected = 0;
    for (size_t i = 0; i < 500'000; i++) { // first a large tree, then few changes and much garbage
        if (i > 20'000 && i % 512) {
            allocate(i); // garbage
            continue;
        }
        insert((random = random * 6364136223846793005 + 1442695040888963407) >> 40);
        expected += random >> 40;
    }
    bool right = sum(root) == expected;
    std::printf("%zu collections kept %zu cells; %s\n", collections, old_used,
                right ? "the sum is right" : "the SUM IS WRONG");
    std::printf("searched %zu of %zu old pages\n", marked, searchable);
    return !right;
}
