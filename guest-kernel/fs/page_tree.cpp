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
    end_ = index < end_ ? end_ : index + 1;
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
        p.left -= p.left < page_weight ? p.left : page_weight;
        p.cut = index;
        pages_--;
        free_pages(node);
        return true;
    }
    auto* level = static_cast<level_node*>(node);
    uint64_t span = capacity(height - 1);
    uint64_t slots = p.cut > index ? (p.cut - index - 1) / span + 1 : 0; // the others are empty
    for (slots = slots < fanout ? slots : fanout; slots > 0 && p.left > 0; slots--) {
        uint64_t start = (slots - 1) * span;
        if (start + (span - 1) < first)
            break;
        if (void*& slot = level->slot[slots - 1]) {
            if (!truncate_below(slot, height - 1, first > start ? first - start : 0, index + start,
                                p))
                return false;
            slot = nullptr;
        } else {
            p.left--;
        }
        if (start >= first)
            p.cut = index + start;
    }
    while (slots > 0)
        if (level->slot[--slots])
            return false;
    free_pages(level);
    return true;
}

void page_tree::truncate(uint64_t first) {
    uint64_t cut;
    truncate_within(UINT64_MAX, first, cut);
}

bool page_tree::truncate_some(uint64_t first, uint64_t& cut) {
    constexpr uint64_t at_once = 16;
    return truncate_within(at_once * page_weight, first, cut);
}

bool page_tree::truncate_within(uint64_t limit, uint64_t first, uint64_t& cut) {
    progress p{limit, end_};
    if (root_ && truncate_below(root_, height_, first, 0, p)) {
        root_ = nullptr;
        height_ = 0;
    }
    cut = p.cut;
    if (p.left > 0 && first < p.cut)
        p.cut = first;
    end_ = p.cut;
    return p.left > 0;
}

void page_tree::empty() {
    uint64_t cut;
    while (!truncate_some(0, cut))
        preemption_point_apart();
}

} // namespace kernel
