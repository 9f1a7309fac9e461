// SPDX-License-Identifier: BSD-2-Clause
#include "fs/page_tree.h"

namespace kernel {

uint8_t* page_tree::find(uint64_t index) const {
    if (!root_ || index >= capacity(height_))
        return nullptr;
    void* node = root_;
    for (unsigned height = height_; node && height > 0; height--)
        node = static_cast<level_node*>(node)->slot[index >> ((height - 1) * bits) & (fanout - 1)];
    return static_cast<uint8_t*>(node);
}

uint8_t* page_tree::make(uint64_t index) {
    while (index >= capacity(height_)) {
        if (root_) {
            auto* level = static_cast<level_node*>(allocate_zeroed_page());
            if (!level)
                return nullptr;
            level->slot[0] = root_;
            root_ = level;
        }
        height_++;
    }
    // Levels that were made stay when a later allocation fails; truncate() finds them.
    void** link = &root_;
    for (unsigned height = height_; height > 0; height--) {
        if (!*link && !(*link = allocate_zeroed_page()))
            return nullptr;
        link =
            &static_cast<level_node*>(*link)->slot[index >> ((height - 1) * bits) & (fanout - 1)];
    }
    if (!*link) {
        if (!(*link = allocate_zeroed_page()))
            return nullptr;
        pages_++;
    }
    return static_cast<uint8_t*>(*link);
}

bool page_tree::truncate_below(void* node, unsigned height, uint64_t first) {
    if (height == 0) {
        if (first > 0)
            return false;
        pages_--;
        free_pages(node);
        return true;
    }
    auto* level = static_cast<level_node*>(node);
    uint64_t span = capacity(height - 1);
    bool empty = true;
    for (size_t i = 0; i < fanout; i++) {
        if (!level->slot[i])
            continue;
        uint64_t start = i * span;
        bool gone = start + (span - 1) >= first &&
                    truncate_below(level->slot[i], height - 1, first > start ? first - start : 0);
        if (gone)
            level->slot[i] = nullptr;
        else
            empty = false;
    }
    if (empty)
        free_pages(level);
    return empty;
}

void page_tree::truncate(uint64_t first) {
    if (root_ && truncate_below(root_, height_, first)) {
        root_ = nullptr;
        height_ = 0;
    }
}

} // namespace kernel
