// SPDX-License-Identifier: BSD-2-Clause
#include "fs/page_tree.h"

#include "schedule/preemption.h"

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

// `index` is that of the first page below `node`, `first` is relative to it. From the end, so that
// what is left is always a beginning.
bool page_tree::truncate_below(void* node, unsigned height, uint64_t first, uint64_t index,
                               progress& p) {
    if (height == 0) {
        if (first > 0 || p.left == 0)
            return false;
        p.left--;
        p.cut = index;
        pages_--;
        free_pages(node);
        return true;
    }
    auto* level = static_cast<level_node*>(node);
    uint64_t span = capacity(height - 1);
    bool empty = true;
    for (size_t i = fanout; i-- > 0;) {
        if (!level->slot[i])
            continue;
        uint64_t start = i * span;
        bool gone = start + (span - 1) >= first && p.left > 0 &&
                    truncate_below(level->slot[i], height - 1, first > start ? first - start : 0,
                                   index + start, p);
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
    progress p{UINT64_MAX, 0};
    if (root_ && truncate_below(root_, height_, first, 0, p)) {
        root_ = nullptr;
        height_ = 0;
    }
}

bool page_tree::truncate_some(uint64_t first, uint64_t& cut) {
    constexpr uint64_t at_once = 16;
    progress p{at_once, UINT64_MAX};
    if (root_ && truncate_below(root_, height_, first, 0, p)) {
        root_ = nullptr;
        height_ = 0;
    }
    cut = p.cut;
    return p.left > 0;
}

void page_tree::empty() {
    uint64_t cut;
    while (!truncate_some(0, cut))
        preemption_point_apart();
}

} // namespace kernel
