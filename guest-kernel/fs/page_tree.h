// SPDX-License-Identifier: BSD-2-Clause
//
// The pages of a file, found by index: a radix tree of 512 entries per level, as deep as the
// highest page asks for. A missing page is a hole.
#pragma once

#include "fs/types.h"

namespace kernel {

class page_tree {
  public:
    page_tree() = default;
    page_tree(const page_tree&) = delete;
    page_tree& operator=(const page_tree&) = delete;
    ~page_tree() { truncate(0); }

    // The page at `index`, or null.
    uint8_t* find(uint64_t index) const;
    // The page at `index`; a new one is filled with zeros. Null: no memory.
    uint8_t* make(uint64_t index);
    // Frees every page at `first` and above.
    void truncate(uint64_t first);

    // As truncate(first), but frees a bounded number of pages, the last ones. False: there are more
    // to free, all below `cut`.
    bool truncate_some(uint64_t first, uint64_t& cut);
    // As truncate(0), with preemption points: nobody else knows of it.
    void empty();

    uint64_t pages() const { return pages_; }

  private:
    static constexpr unsigned bits = 9;
    static constexpr size_t fanout = size_t{1} << bits;

    struct level_node {
        void* slot[fanout];
    };
    static_assert(sizeof(level_node) == page_size);

    static uint64_t capacity(unsigned height) {
        return height * bits >= 64 ? UINT64_MAX : uint64_t{1} << (height * bits);
    }
    // Frees pages at `first` and above below `node`; true if nothing is left in it.
    struct progress {
        uint64_t left; // slots that may still be looked at, where a page counts as page_weight
        uint64_t cut;  // nothing is left at this index and above
    };
    static constexpr uint64_t page_weight = 16;
    bool truncate_within(uint64_t limit, uint64_t first, uint64_t& cut);
    bool truncate_below(void* node, unsigned height, uint64_t first, uint64_t index, progress& p);

    void* root_ = nullptr; // a page when height_ is 0, otherwise a level_node
    unsigned height_ = 0;
    uint64_t pages_ = 0;
    uint64_t end_ = 0; // from this index on there is nothing
};

} // namespace kernel
