// SPDX-License-Identifier: BSD-2-Clause
#include <cstring>
#include <new>

#include "memory/address_space.h"

namespace kernel {

ref<memory_object> memory_object::in_place(const uint8_t* data, size_t size) {
    auto made = ref<memory_object>::adopt(new (std::nothrow) memory_object);
    if (made) {
        made->data_ = data;
        made->size_ = size;
    }
    return made;
}

ref<memory_object> memory_object::of_pages(size_t size) {
    size_t count = (size + page_size - 1) / page_size;
    // Not to begin what can't end: the rest of the system needs memory meanwhile.
    if (count > free_page_count() || count * sizeof(uint8_t*) > page_size << max_page_order)
        return {};
    auto made = ref<memory_object>::adopt(new (std::nothrow) memory_object);
    if (!made)
        return {};
    made->size_ = size;
    made->pages_ =
        static_cast<uint8_t**>(allocate_pages(order_for(count > 0 ? count * sizeof(uint8_t*) : 1)));
    if (!made->pages_)
        return {};
    for (; made->page_count_ < count; made->page_count_++) {
        auto* page = static_cast<uint8_t*>(allocate_page());
        if (!page)
            return {};
        made->pages_[made->page_count_] = page;
    }
    return made;
}

memory_object::~memory_object() {
    for (size_t i = 0; i < page_count_; i++)
        free_pages(pages_[i]);
    if (pages_)
        free_pages(pages_);
}

bool memory_object::read(uint64_t offset, void* to, size_t count) const {
    if (offset > size_ || count > size_ - offset)
        return false;
    for (size_t done = 0; done < count;) {
        uint64_t from = offset + done;
        size_t rest = page_size - from % page_size;
        size_t piece = count - done < rest ? count - done : rest;
        memcpy(static_cast<uint8_t*>(to) + done, at(from), piece);
        done += piece;
    }
    return true;
}

} // namespace kernel
