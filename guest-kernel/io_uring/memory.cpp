// SPDX-License-Identifier: BSD-2-Clause
#include "io_uring/memory.h"

#include <new>

#include "schedule/preempt.h"

namespace kernel {

namespace {

constexpr size_t whole_pages(size_t bytes) {
    return (bytes + page_size - 1) & ~(page_size - 1);
}

} // namespace

bool io_uring_memory::block::allocate(size_t bytes) {
    unsigned order = order_for(bytes);
    pages = order <= max_page_order ? allocate_pages(order) : nullptr;
    if (!pages)
        return false;
    split_pages(pages); // a mapping may keep one of them longer than the others
    size = page_size << order;
    for (size_t at = 0; at < size; at += page_size) {
        zero_page(static_cast<uint8_t*>(pages) + at);
        preemption_point();
    }
    return true;
}

void io_uring_memory::block::release() {
    for (size_t at = 0; at < size; at += page_size)
        free_pages(static_cast<uint8_t*>(pages) + at);
}

ref<io_uring_memory> io_uring_memory::create(uint32_t sq_entries, uint32_t cq_entries,
                                             uint32_t device_entries) {
    auto made = ref<io_uring_memory>::adopt(new (std::nothrow) io_uring_memory);
    if (!made || !made->words_.allocate(sizeof(io_uring_words) + sq_entries * sizeof(uint32_t)) ||
        !made->device_.allocate(asyscall_ring_size(device_entries, cq_entries)) ||
        !made->entries_.allocate(sq_entries * sizeof(io_uring_sqe)))
        return {};
    uint32_t sq_offset = asyscall_sq_offset(cq_entries);
    made->device_shown_ = whole_pages(sq_offset);
    made->device_entries_ =
        reinterpret_cast<io_uring_sqe*>(static_cast<uint8_t*>(made->device_.pages) + sq_offset);
    io_uring_words& words = made->words();
    words.sq_mask = sq_entries - 1;
    words.sq_entries = sq_entries;
    words.cq_mask = cq_entries - 1;
    words.cq_entries = cq_entries;
    return made;
}

io_uring_memory::~io_uring_memory() {
    words_.release();
    device_.release();
    entries_.release();
}

result<void*> io_uring_memory::shared_page(uint64_t index) {
    const block* shown = &words_;
    uint64_t offset = index << page_shift, size = words_.size;
    if (offset >= IORING_OFF_SQES) {
        shown = &entries_;
        offset -= IORING_OFF_SQES;
        size = entries_.size;
    } else {
        if (offset >= IORING_OFF_CQ_RING)
            offset -= IORING_OFF_CQ_RING;
        if (offset >= words_.size) {
            shown = &device_;
            offset -= words_.size;
            size = device_shown_;
        }
    }
    if (offset >= size)
        return result<void*>::failure(-ENXIO);
    void* page = static_cast<uint8_t*>(shown->pages) + offset;
    add_page_reference(page);
    return page;
}

} // namespace kernel
