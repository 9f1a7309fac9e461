// SPDX-License-Identifier: BSD-2-Clause
#include "memory/area_list.h"

#include "memory/address_space.h"

namespace kernel {

namespace {

uint8_t own_traits(const area& a) {
    return uint8_t((a.kind == area_kind::fixed ? area_node::fixed_pages : 0) |
                   (a.may_write ? 0 : area_node::never_written));
}

} // namespace

area* area_list::previous(area& a) {
    return &a == list_.front() ? nullptr
                               : static_cast<area*>(static_cast<list_node<area>&>(a).previous);
}

user_address area_list::gap_before(area& a) {
    area* before = previous(a);
    return a.start - (before ? before->end : bottom_);
}

// What it knows of those below it and itself. Whether that has changed.
bool area_list::update(area& a) {
    user_address largest = gap_before(a);
    uint8_t traits = own_traits(a);
    for (area* below : a.below_) {
        if (!below)
            continue;
        largest = below->largest_gap_ > largest ? below->largest_gap_ : largest;
        traits |= below->traits_;
    }
    bool changed = largest != a.largest_gap_ || traits != a.traits_;
    a.largest_gap_ = largest;
    a.traits_ = traits;
    return changed;
}

void area_list::update_upwards(area* a) {
    while (a && update(*a))
        a = a->above_;
}

void area_list::replace_below(area* above, area& old, area* by) {
    if (above)
        above->below_[above->below_[1] == &old] = by;
    else
        root_ = by;
    if (by)
        by->above_ = above;
}

// Changes places with the one above it.
void area_list::rotate_up(area& a) {
    area& old = *a.above_;
    bool side = old.below_[1] == &a;
    area* inner = a.below_[!side];
    replace_below(old.above_, old, &a);
    a.below_[!side] = &old;
    old.above_ = &a;
    old.below_[side] = inner;
    if (inner)
        inner->above_ = &old;
    update(old);
    update(a);
}

void area_list::insert(area& a, area* next) {
    area* before = next ? previous(*next) : list_.back();
    if (next)
        list_.insert_before(*next, a);
    else
        list_.push_back(a);
    random_ ^= random_ << 13; // xorshift32
    random_ ^= random_ >> 17;
    random_ ^= random_ << 5;
    a.weight_ = random_;
    a.below_[0] = a.below_[1] = nullptr;
    // Of two neighbours one has nothing on the other's side.
    bool under_next = next && !next->below_[0];
    area* above = under_next ? next : before;
    a.above_ = above;
    if (above)
        above->below_[!under_next] = &a;
    else
        root_ = &a;
    a.largest_gap_ = a.traits_ = 0;
    update(a);
    update_upwards(above);
    while (a.above_ && a.above_->weight_ < a.weight_)
        rotate_up(a);
    update_upwards(a.above_);
    if (next)
        update_upwards(next);
}

void area_list::remove(area& a) {
    while (a.below_[0] && a.below_[1])
        rotate_up(*a.below_[a.below_[1]->weight_ > a.below_[0]->weight_]);
    area* above = a.above_;
    area* next = list_.next(a);
    replace_below(above, a, a.below_[0] ? a.below_[0] : a.below_[1]);
    list<area>::remove(a);
    update_upwards(above);
    if (next)
        update_upwards(next);
}

void area_list::set_start(area& a, user_address start) {
    a.start = start;
    update_upwards(&a);
}

void area_list::set_end(area& a, user_address end) {
    a.end = end;
    if (area* after = next(a))
        update_upwards(after);
}

area* area_list::pop_front() {
    area* a = list_.front();
    if (a && root_)
        remove(*a);
    else if (a)
        list<area>::remove(*a);
    return a;
}

area* area_list::first_ending_after(user_address address) const {
    area* found = nullptr;
    for (area* a = root_; a;) {
        bool ends_after = a->end > address;
        if (ends_after)
            found = a;
        a = a->below_[!ends_after];
    }
    return found;
}

bool area_list::has(user_address start, user_address end, area_node::trait trait) const {
    // Down to one that is in the range, then along both edges of it.
    area* a = root_;
    while (a && (a->traits_ & trait) && (a->end <= start || a->start >= end))
        a = a->below_[a->end <= start];
    if (!a || !(a->traits_ & trait))
        return false;
    if (own_traits(*a) & trait)
        return true;
    auto along = [&](area* at, bool upwards) {
        while (at && (at->traits_ & trait)) {
            bool inside = upwards ? at->start < end : at->end > start;
            if (inside) {
                area* all = at->below_[!upwards]; // in the range as a whole
                if ((own_traits(*at) & trait) || (all && (all->traits_ & trait)))
                    return true;
            }
            at = at->below_[inside == upwards];
        }
        return false;
    };
    return along(a->below_[0], false) || along(a->below_[1], true);
}

user_address area_list::find_room(size_t size, user_address top) {
    // The last area that begins below the top.
    area* a = nullptr;
    for (area* at = root_; at;) {
        bool below = at->start < top;
        if (below)
            a = at;
        at = at->below_[below];
    }
    user_address start = a ? a->end : bottom_;
    if (start <= top && top - start >= size)
        return top - size;
    // From there downwards: one with enough room before it.
    while (a) {
        if (gap_before(*a) >= size)
            return a->start - size;
        if (area* lower = a->below_[0]; lower && lower->largest_gap_ >= size) {
            a = lower;
            while (a->below_[1] && a->below_[1]->largest_gap_ >= size)
                a = a->below_[1];
            continue;
        }
        // Up, until it comes from the higher side.
        area* from;
        do {
            from = a;
            a = a->above_;
        } while (a && a->below_[0] == from);
    }
    return 0;
}

} // namespace kernel
