// SPDX-License-Identifier: BSD-2-Clause
//
// The areas of an address space by address: a list for going from one to the next, and a tree over
// it for what must not take longer the more areas there are, since it is done with the space's lock
// held. The tree is a treap: a search tree by address, a heap by the areas' random weights.
#pragma once

#include <cstdint>

#include "lib/list.h"

namespace kernel {

struct area;
using user_address = uint64_t;

// An area's place.
struct area_node : list_node<area> {
    // What a range may be asked about: whether an area in it is so.
    enum trait : uint8_t { fixed_pages = 1, never_written = 2 };

  private:
    friend class area_list;
    area* above_ = nullptr;
    area* below_[2] = {}; // lower addresses, higher ones
    uint32_t weight_ = 0;
    uint8_t traits_ = 0;           // of all from here downwards
    user_address largest_gap_ = 0; // before one of those
};

class area_list {
  public:
    // There is room from `bottom` on.
    explicit constexpr area_list(user_address bottom)
        : bottom_(bottom) {}

    bool empty() const { return !root_; }
    area* front() { return list_.front(); }
    area* back() { return list_.back(); }
    area* next(area& a) { return list_.next(a); }
    area* previous(area& a);
    auto begin() { return list_.begin(); }
    auto end() { return list_.end(); }

    // `next`, if not null, is the area before which it goes.
    void insert(area& a, area* next);
    void remove(area& a);
    void set_start(area& a, user_address start);
    void set_end(area& a, user_address end);
    // For the end of all areas: from now on none is found any more, and they only come out.
    void dissolve() { root_ = nullptr; }
    area* pop_front();

    // The first area that ends above the address.
    area* first_ending_after(user_address address) const;
    // Whether an area with a part in the range has the trait.
    bool has(user_address start, user_address end, area_node::trait trait) const;
    // The start of the highest room of that size below `top`; 0: none.
    user_address find_room(size_t size, user_address top);

  private:
    user_address gap_before(area& a);
    bool update(area& a);
    void update_upwards(area* a);
    void replace_below(area* above, area& old, area* by);
    void rotate_up(area& a);

    list<area> list_;
    area* root_ = nullptr;
    const user_address bottom_;
    uint32_t random_ = 2463534242;
};

} // namespace kernel
