// SPDX-License-Identifier: BSD-2-Clause
//
// Slabs: a page holds objects of one size class behind a small header. Each hart keeps a short list
// of free objects per class, which it uses without a lock (the kernel is not preempted); it is
// filled from and emptied to the class's shared slabs. Sizes above the largest class are whole
// pages, told apart by their alignment: an object in a slab never starts on a page boundary.
#include "memory/heap.h"

#include <cstdint>

#include "arch/riscv64/hart.h"
#include "lib/list.h"
#include "lib/print.h"
#include "lib/spinlock.h"
#include "memory/failing.h"
#include "memory/pages.h"

namespace kernel {

namespace {

constexpr uint16_t class_sizes[] = {32, 64, 96, 128, 192, 256, 384, 512, 672, 1008, 2016};
constexpr unsigned classes = sizeof class_sizes / sizeof class_sizes[0];
constexpr size_t largest = class_sizes[classes - 1];
constexpr size_t granule = 16;

struct size_to_class {
    uint8_t of[largest / granule + 1];
    constexpr size_to_class()
        : of() {
        unsigned c = 0;
        for (size_t i = 0; i <= largest / granule; i++) {
            while (class_sizes[c] < i * granule)
                c++;
            of[i] = uint8_t(c);
        }
    }
};
constexpr size_to_class class_table;

struct free_object {
    free_object* next;
};

struct slab : list_node<slab> {
    free_object* free;
    uint16_t in_use;
    uint16_t capacity;
    uint8_t size_class;
};
constexpr size_t slab_header = 64;
static_assert(sizeof(slab) <= slab_header);

struct shared_class {
    spinlock lock;
    list<slab> partial; // slabs with a free object
    unsigned empty = 0; // of them, without an object in use
    size_t pages = 0;   // slabs
    size_t taken = 0;   // objects that are in use or in a hart's cache
};
shared_class shared[classes];

struct hart_cache {
    struct {
        free_object* head;
        unsigned count; // others read it
    } of[classes];
};
hart_cache caches[arch::max_harts];

constexpr unsigned batch = 16;
constexpr unsigned cache_limit = 2 * batch;

slab* slab_of(void* object) {
    return reinterpret_cast<slab*>(reinterpret_cast<uintptr_t>(object) & ~(page_size - 1));
}

slab* make_slab(unsigned c) {
    void* page = allocate_page();
    if (!page)
        return nullptr;
    auto* s = new (page) slab;
    s->free = nullptr;
    s->in_use = 0;
    s->size_class = uint8_t(c);
    s->capacity = uint16_t((page_size - slab_header) / class_sizes[c]);
    auto* bytes = static_cast<uint8_t*>(page) + slab_header;
    for (unsigned i = s->capacity; i-- > 0;) {
        auto* o = reinterpret_cast<free_object*>(bytes + i * class_sizes[c]);
        o->next = s->free;
        s->free = o;
    }
    return s;
}

void refill(hart_cache& cache, unsigned c) {
    shared_class& s = shared[c];
    lock_guard guard(s.lock);
    while (cache.of[c].count < batch) {
        slab* from = s.partial.front();
        if (!from) {
            from = make_slab(c);
            if (!from)
                return;
            s.partial.push_back(*from);
            s.empty++;
            s.pages++;
        }
        if (from->in_use == 0)
            s.empty--;
        free_object* o = from->free;
        from->free = o->next;
        from->in_use++;
        if (!from->free)
            list<slab>::remove(*from);
        o->next = cache.of[c].head;
        cache.of[c].head = o;
        cache.of[c].count++;
        s.taken++;
    }
}

void drain(hart_cache& cache, unsigned c) {
    shared_class& s = shared[c];
    lock_guard guard(s.lock);
    while (cache.of[c].count > batch) {
        free_object* o = cache.of[c].head;
        cache.of[c].head = o->next;
        cache.of[c].count--;
        s.taken--;
        slab* to = slab_of(o);
        if (!to->free)
            s.partial.push_front(*to);
        o->next = to->free;
        to->free = o;
        if (--to->in_use == 0 && ++s.empty > 1) { // keep one empty slab against flutter
            s.empty--;
            s.pages--;
            list<slab>::remove(*to);
            free_pages(to);
        }
    }
}

} // namespace

void* heap_allocate(size_t size) {
    if (size > largest) {
        unsigned order = order_for(size);
        return order > max_page_order ? nullptr : allocate_pages(order);
    }
    if (allocation_fails())
        return nullptr;
    unsigned c = class_table.of[(size + granule - 1) / granule];
    hart_cache& cache = caches[arch::this_hart().index];
    if (!cache.of[c].head) {
        refill(cache, c);
        if (!cache.of[c].head)
            return nullptr;
    }
    free_object* o = cache.of[c].head;
    cache.of[c].head = o->next;
    cache.of[c].count--;
    return o;
}

void heap_free(void* p) {
    if (!p)
        return;
    if ((reinterpret_cast<uintptr_t>(p) & (page_size - 1)) == 0)
        return free_pages(p);
    unsigned c = slab_of(p)->size_class;
    hart_cache& cache = caches[arch::this_hart().index];
    auto* o = static_cast<free_object*>(p);
    o->next = cache.of[c].head;
    cache.of[c].head = o;
    if (++cache.of[c].count > cache_limit)
        drain(cache, c);
}

heap_use heap_in_use() {
    heap_use all{};
    for (unsigned c = 0; c < classes; c++) {
        lock_guard guard(shared[c].lock);
        all.pages += shared[c].pages;
        all.objects += shared[c].taken;
        for (const hart_cache& cache : caches)
            all.objects -= __atomic_load_n(&cache.of[c].count, __ATOMIC_RELAXED);
    }
    return all;
}

} // namespace kernel

const std::nothrow_t std::nothrow{};

void* operator new(size_t size) {
    return kernel::heap_allocate(size);
}
void* operator new[](size_t size) {
    return kernel::heap_allocate(size);
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
    return kernel::heap_allocate(size);
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
    return kernel::heap_allocate(size);
}
void operator delete(void* p) noexcept {
    kernel::heap_free(p);
}
void operator delete[](void* p) noexcept {
    kernel::heap_free(p);
}
void operator delete(void* p, size_t) noexcept {
    kernel::heap_free(p);
}
void operator delete[](void* p, size_t) noexcept {
    kernel::heap_free(p);
}
void operator delete(void* p, const std::nothrow_t&) noexcept {
    kernel::heap_free(p);
}
