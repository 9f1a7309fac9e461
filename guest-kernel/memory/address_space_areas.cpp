// SPDX-License-Identifier: BSD-2-Clause
//
// The areas of an address space: found, made, split, joined, removed.
#include <utility>

#include "memory/entries.h"
#include "schedule/preempt.h"

namespace kernel {

using namespace arch;

area* address_space::first_ending_after(user_address address) {
    if (last_ && last_->end > address && last_->start <= address)
        return last_;
    area* a = areas_.first_ending_after(address);
    if (a)
        last_ = a;
    return a;
}

area* address_space::find(user_address address) {
    area* a = first_ending_after(address);
    return a && a->start <= address ? a : nullptr;
}

bool address_space::is_free(user_address start, size_t size) {
    lock_guard guard(lock_);
    area* a = first_ending_after(start);
    return in_user_range(start, size) && (!a || a->start >= start + size);
}

bool address_space::is_mapped(user_address start, size_t size) {
    bool mapped = true;
    user_address end = start + size;
    in_steps(start, end, [&](user_address at) {
        for (int areas = 0; at < end && areas < 64; areas++) {
            area* a = find(at);
            if (!a || a->leaving) {
                mapped = false;
                return end;
            }
            at = a->end;
        }
        return at;
    });
    return mapped;
}

// Takes the description's place in the list; grows a neighbour of the same sort instead if it can.
long address_space::insert(area&& description) {
    area* next = first_ending_after(description.start);
    if (next && next->start < description.end)
        return -EEXIST;
    auto plain = [&](const area& a) {
        return !a.object && !a.leaving && a.kind == area_kind::anonymous &&
               description.kind == area_kind::anonymous && !description.object &&
               !description.leaving && a.protection == description.protection;
    };
    size_t size = description.end - description.start;
    if (size > limit_ || mapped_bytes_ > limit_ - size)
        return -ENOMEM;
    changes_++;
    area* previous = next ? areas_.previous(*next) : areas_.back();
    if (previous && previous->end == description.start && plain(*previous)) {
        areas_.set_end(*previous, description.end);
        previous->touch(description.touched_start, description.touched_end);
    } else if (next && next->start == description.end && plain(*next)) {
        areas_.set_start(*next, description.start);
        next->touch(description.touched_start, description.touched_end);
    } else {
        auto* a = new (std::nothrow) area(std::move(description));
        if (!a)
            return -ENOMEM;
        areas_.insert(*a, next);
    }
    mapped_bytes_ += size;
    return 0;
}

// Makes one area of those that meet between the addresses and are of the same sort: a program that
// changes protections page by page must not pay for the number of pages that it has changed.
void address_space::join(user_address start, user_address end) {
    auto plain = [](const area& a) {
        return a.kind == area_kind::anonymous && !a.object && !a.pages && !a.leaving;
    };
    area* a = first_ending_after(start);
    if (a && areas_.previous(*a))
        a = areas_.previous(*a);
    changes_++;
    while (area* next = a ? areas_.next(*a) : nullptr) {
        if (next->start > end)
            break;
        if (a->end == next->start && a->protection == next->protection && plain(*a) &&
            plain(*next) && a->may_write == next->may_write) {
            areas_.remove(*next);
            areas_.set_end(*a, next->end);
            a->touch(next->touched_start, next->touched_end);
            delete next;
        } else {
            a = next;
        }
        last_ = a;
    }
}

// Makes `at` a border between areas.
long address_space::split(user_address at) {
    area* a = find(at);
    if (!a || a->start == at)
        return 0;
    auto* upper = new (std::nothrow) area;
    if (!upper)
        return -ENOMEM;
    changes_++;
    upper->start = at;
    upper->end = a->end;
    upper->protection = a->protection;
    upper->kind = a->kind;
    upper->leaving = a->leaving;
    upper->object = a->object;
    upper->pages = a->pages;
    upper->touched_start = a->touched_start;
    upper->touched_end = a->touched_end;
    upper->may_write = a->may_write;
    upper->object_offset = a->object_offset + (at - a->start);
    upper->object_end = a->object_end;
    area* next = areas_.next(*a);
    areas_.set_end(*a, at);
    areas_.insert(*upper, next);
    return 0;
}

void address_space::remove_areas(user_address start, user_address end) {
    area* a = first_ending_after(start);
    last_ = nullptr;
    changes_++;
    while (a && a->start < end) {
        area* next = areas_.next(*a);
        mapped_bytes_ -= a->end - a->start;
        areas_.remove(*a);
        delete a;
        a = next;
    }
}

} // namespace kernel
