// SPDX-License-Identifier: BSD-2-Clause
//
// The kernel heap, behind operator new. Memory can run out: write `new (std::nothrow) T` and check.
// (Plain new is compiled with -fcheck-new and also gives nullptr.)
#pragma once

#include <cstddef>
#include <new>

namespace kernel {

void* heap_allocate(size_t size); // 16-byte aligned; nullptr: out of memory
void heap_free(void* p);          // nullptr is fine

// What is handed out. Pages are those that hold small objects; larger ones are pages of their own,
// and no objects here. Exact while no other hart allocates.
struct heap_use {
    size_t objects;
    size_t pages;
};
heap_use heap_in_use();

} // namespace kernel
