// SPDX-License-Identifier: BSD-2-Clause
#include "memory/address_space.h"

#include <cstring>
#include <utility>

#include "arch/riscv64/hart.h"
#include "memory/entries.h"
#include "schedule/preempt.h"

extern "C" char trampoline_start[];

namespace kernel {

using namespace arch;

namespace {

constexpr uint64_t permission_bits = pte_read | pte_write | pte_execute;

bool in_user_range(user_address start, size_t size) {
    return start >= user_start && start < user_end && size <= user_end - start;
}

} // namespace

ref<address_space> address_space::create() {
    auto space = ref<address_space>::adopt(new (std::nothrow) address_space);
    if (!space || !space->table_.create())
        return {};
    space->asid_ = allocate_asid();
    if (space->asid_ < 0)
        return {};
    space->satp_ = space->table_.satp(uint16_t(space->asid_));
    pte* entry = space->table_.find(trampoline_address, true);
    if (!entry)
        return {};
    *entry = make_pte(to_physical(trampoline_start), pte_read | pte_execute | pte_global);
    return space;
}

address_space::~address_space() {
    if (!table_)
        return;
    drop_pages(user_start, user_end);
    for (unsigned slot = 0; slot < frame_pages_; slot++)
        free_pages(from_physical(pte_address(*table_.find(frame_address(slot)))));
    while (area* a = areas_.pop_front())
        delete a;
    if (asid_ >= 0) {
        flush_harts(harts_seen_, 0, ~0ull, uint16_t(asid_));
        free_asid(uint16_t(asid_));
    }
    table_.destroy();
}

// ---- Areas ----

area* address_space::first_ending_after(user_address address) {
    if (last_ && last_->end > address && last_->start <= address)
        return last_;
    // They are sorted: those before one that starts below the address end below it, too.
    area* a = last_ && last_->start <= address ? last_ : areas_.front();
    while (a && a->end <= address)
        a = areas_.next(*a);
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

bool address_space::range_has(user_address start, user_address end, area_kind kind) {
    for (area* a = first_ending_after(start); a && a->start < end; a = areas_.next(*a))
        if (a->kind == kind)
            return true;
    return false;
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
    area* previous = nullptr;
    if (next)
        previous = next == areas_.front() ? nullptr : static_cast<area*>(next->previous);
    else
        previous = areas_.back();
    if (previous && previous->end == description.start && plain(*previous)) {
        previous->end = description.end;
        previous->touch(description.touched_start, description.touched_end);
    } else if (next && next->start == description.end && plain(*next)) {
        next->start = description.start;
        next->touch(description.touched_start, description.touched_end);
    } else {
        auto* a = new (std::nothrow) area(std::move(description));
        if (!a)
            return -ENOMEM;
        if (next)
            areas_.insert_before(*next, *a);
        else
            areas_.push_back(*a);
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
    if (a && a != areas_.front())
        a = static_cast<area*>(a->previous);
    changes_++;
    while (area* next = a ? areas_.next(*a) : nullptr) {
        if (next->start > end)
            break;
        if (a->end == next->start && a->protection == next->protection && plain(*a) &&
            plain(*next) && a->may_write == next->may_write) {
            a->end = next->end;
            a->touch(next->touched_start, next->touched_end);
            list<area>::remove(*next);
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
    a->end = at;
    if (area* next = areas_.next(*a))
        areas_.insert_before(*next, *upper);
    else
        areas_.push_back(*upper);
    return 0;
}

void address_space::remove_areas(user_address start, user_address end) {
    area* a = first_ending_after(start);
    last_ = nullptr;
    changes_++;
    while (a && a->start < end) {
        area* next = areas_.next(*a);
        mapped_bytes_ -= a->end - a->start;
        list<area>::remove(*a);
        delete a;
        a = next;
    }
}

user_address address_space::find_free(size_t size) {
    user_address top = mmap_top;
    // From the highest area down: the first gap that is large enough.
    for (area* a = areas_.back(); a;
         a = a == areas_.front() ? nullptr : static_cast<area*>(a->previous)) {
        if (a->start >= mmap_top)
            continue;
        if (a->end <= top && top - a->end >= size)
            break;
        top = a->start < top ? a->start : top;
    }
    return top >= user_start + size ? top - size : 0;
}

// ---- Mapping ----

namespace {

long check_range(user_address start, size_t size, uint64_t offset) {
    if (!size || ((start | size | offset) & page_mask))
        return -EINVAL;
    return in_user_range(start, size) ? 0 : -ENOMEM;
}

} // namespace

long address_space::map(user_address start, size_t size, uint8_t protection,
                        ref<memory_object> object, uint64_t object_offset, uint64_t object_end) {
    if (long error = check_range(start, size, 0); error < 0)
        return error;
    area description;
    description.start = start;
    description.end = start + size;
    description.protection = protection;
    description.object = std::move(object);
    description.object_offset = object_offset;
    description.object_end = object_end;
    lock_guard guard(lock_);
    return insert(std::move(description));
}

long address_space::map_shared(user_address start, size_t size, uint8_t protection,
                               ref<page_object> pages, uint64_t offset, bool may_write) {
    if (long error = check_range(start, size, offset); error < 0)
        return error;
    area description;
    description.start = start;
    description.end = start + size;
    description.protection = protection;
    description.kind = area_kind::shared;
    description.pages = std::move(pages);
    description.object_offset = offset;
    description.may_write = may_write;
    lock_guard guard(lock_);
    return insert(std::move(description));
}

long address_space::map_shared_anywhere(size_t size, uint8_t protection, ref<page_object> pages,
                                        uint64_t offset, bool may_write) {
    if (!size || size > user_end)
        return -ENOMEM;
    area description;
    description.protection = protection;
    description.kind = area_kind::shared;
    description.pages = std::move(pages);
    description.object_offset = offset;
    description.may_write = may_write;
    lock_guard guard(lock_);
    user_address start = find_free(size);
    if (!start)
        return -ENOMEM;
    description.start = start;
    description.end = start + size;
    long error = insert(std::move(description));
    return error < 0 ? error : long(start);
}

long address_space::map_anywhere(size_t size, uint8_t protection) {
    if (!size || size > user_end)
        return -ENOMEM;
    lock_guard guard(lock_);
    area description;
    description.start = find_free(size);
    description.end = description.start + size;
    description.protection = protection;
    user_address start = description.start;
    if (!start)
        return -ENOMEM;
    long error = insert(std::move(description));
    return error < 0 ? error : long(start);
}

long address_space::map_fixed_pages(physical_address pages, size_t size, uint8_t protection) {
    lock_guard guard(lock_);
    user_address start = find_free(size);
    if (!start)
        return -ENOMEM;
    // There is no area yet: entries made so far must not stay when it fails.
    auto take_back = [&](size_t made) {
        for (size_t at = 0; at < made; at += page_size)
            *table_.find(start + at) = 0;
    };
    for (size_t at = 0; at < size; at += page_size) {
        pte* entry = table_.find(start + at, true);
        if (!entry) {
            take_back(at);
            return -ENOMEM;
        }
        *entry = make_pte(pages + at, leaf_bits(protection) | pte_borrowed);
    }
    area description;
    description.start = start;
    description.end = start + size;
    description.protection = protection;
    description.kind = area_kind::fixed;
    description.touch(start, start + size);
    long error = insert(std::move(description));
    if (error < 0) {
        take_back(size);
        return error;
    }
    flush(start, start + size);
    return long(start);
}

void address_space::unmap_fixed_pages(user_address start, size_t size) {
    lock_guard guard(lock_);
    drop_pages(start, start + size);
    flush(start, start + size);
    remove_areas(start, start + size);
}

void address_space::drop_pages(user_address start, user_address end) {
    peak_ = peak_pages();
    each_entry(start, end, [this](pte& e, user_address) { drop(e); });
}

void address_space::drop(pte& e) {
    if (!(e & pte_borrowed)) {
        free_pages(from_physical(pte_address(e)));
        resident_--;
    }
    e = 0;
}

void address_space::flush(user_address start, user_address end) {
    flush_harts(harts_seen_.load(std::memory_order_seq_cst), start, end - start, uint16_t(asid_));
}

long address_space::unmap_begin(user_address start, size_t size) {
    size = (size + page_mask) & ~page_mask;
    if ((start & page_mask) || !size || start >= user_end || size > user_end - start)
        return -EINVAL;
    user_address end = start + size;
    lock_guard guard(lock_);
    if (range_has(start, end, area_kind::fixed))
        return -EINVAL;
    if (long error = split(start); error < 0)
        return error;
    if (long error = split(end); error < 0)
        return error;
    guard.unlock();
    hide_in_steps(start, end);
    return 0;
}

// Nothing there translates any more; the entries remember their pages. Harts are told only if
// there was something that they may remember: it costs a rendezvous with each.
void address_space::hide_in_steps(user_address start, user_address end) {
    in_steps(start, end, [&](user_address at) {
        bool any = false;
        changes_++;
        user_address next = some_entries(
            at, end, entry_step,
            [&](area& a) {
                a.leaving = true;
                return true;
            },
            [&](area&, pte& e, user_address) {
                any = any || (e & pte_valid);
                e &= ~uint64_t(pte_valid);
                return true;
            });
        if (any)
            flush(at, next);
        return next;
    });
}

void address_space::drop_in_steps(user_address start, user_address end) {
    in_steps(start, end, [&](user_address at) {
        peak_ = peak_pages();
        return some_entries(
            at, end, entry_step, [](area&) { return true; },
            [&](area&, pte& e, user_address) {
                drop(e);
                return true;
            });
    });
}

void address_space::remove_in_steps(user_address start, user_address end) {
    while (start < end) {
        list<area> removed; // deleted after the lock: an object may go with its last area
        {
            lock_guard guard(lock_);
            area* a = first_ending_after(start);
            last_ = nullptr;
            changes_++;
            for (int n = 0; a && a->start < end && n < 16; n++) {
                area* next = areas_.next(*a);
                mapped_bytes_ -= a->end - a->start;
                list<area>::remove(*a);
                removed.push_back(*a);
                a = next;
            }
            start = a && a->start < end ? a->start : end;
        }
        while (area* a = removed.pop_front()) {
            if (a->pages && a->pages->ref_count() == 1)
                a->pages->empty();
            delete a;
        }
        preemption_point();
    }
}

void address_space::unmap_finish(user_address start, size_t size) {
    user_address end = start + ((size + page_mask) & ~page_mask);
    drop_in_steps(start, end);
    remove_in_steps(start, end);
}

void address_space::empty(bool no_threads) {
    drop_in_steps(user_start, user_end);
    remove_in_steps(user_start, user_end);
    preemption_steps<16> steps;
    while (no_threads && frame_pages_ > 0) {
        pte& entry = *table_.find(frame_address(--frame_pages_));
        free_pages(from_physical(pte_address(entry)));
        entry = 0;
        steps.step();
    }
}

long address_space::unmap(user_address start, size_t size) {
    long error = unmap_begin(start, size);
    if (error == 0)
        unmap_finish(start, size);
    return error;
}

long address_space::protect(user_address start, size_t size, uint8_t protection) {
    size = (size + page_mask) & ~page_mask;
    if (start & page_mask)
        return -EINVAL;
    if (!size)
        return 0;
    if (!in_user_range(start, size) || !is_mapped(start, size))
        return -ENOMEM;
    user_address end = start + size;
    lock_guard guard(lock_);
    if (range_has(start, end, area_kind::fixed))
        return -EACCES;
    if (protection & protection_write)
        for (area* a = first_ending_after(start); a && a->start < end; a = areas_.next(*a))
            if (!a->may_write)
                return -EACCES;
    if (long error = split(start); error < 0)
        return error;
    if (long error = split(end); error < 0)
        return error;
    guard.unlock();
    bool none = protection == protection_none;
    in_steps(start, end, [&](user_address at) {
        bool less = false;
        user_address next = some_entries(
            at, end, entry_step,
            [&](area& a) {
                a.protection = protection;
                return true;
            },
            [&](area& a, pte& e, user_address) {
                uint64_t bits = entry_bits(a, e);
                // A hart that remembers less than is allowed now takes a fault and looks again.
                less = less || ((e & pte_valid) && (none || (e & ~bits & permission_bits)));
                // No access keeps the page, invisible: an entry that is not valid but not empty.
                e = make_pte(pte_address(e), bits);
                if (none)
                    e &= ~uint64_t(pte_valid);
                return true;
            });
        if (less)
            flush(at, next);
        join(at, next);
        return next;
    });
    if (protection & protection_execute)
        synchronise_instructions(*this);
    return 0;
}

long address_space::advise_dont_need(user_address start, size_t size) {
    size = (size + page_mask) & ~page_mask;
    if (start & page_mask)
        return -EINVAL;
    if (!size)
        return 0;
    if (!in_user_range(start, size) || !is_mapped(start, size))
        return -ENOMEM;
    {
        lock_guard guard(lock_);
        if (range_has(start, start + size, area_kind::fixed))
            return -EINVAL;
    }
    in_steps(start, start + size, [&](user_address at) {
        bool any = false;
        changes_++;
        auto all_areas = [](area&) { return true; };
        user_address next =
            some_entries(at, start + size, entry_step, all_areas, [&](area&, pte& e, user_address) {
                any = any || (e & pte_valid);
                e &= ~uint64_t(pte_valid);
                return true;
            });
        if (any)
            flush(at, next);
        peak_ = peak_pages();
        some_entries(at, next, ~0u, all_areas, [&](area&, pte& e, user_address) {
            drop(e);
            return true;
        });
        return next;
    });
    return 0;
}

long address_space::move(user_address start, size_t old_size, size_t new_size, bool may_move) {
    old_size = (old_size + page_mask) & ~page_mask;
    new_size = (new_size + page_mask) & ~page_mask;
    if ((start & page_mask) || !new_size || !old_size)
        return -EINVAL;
    if (!in_user_range(start, old_size))
        return -EFAULT;
    if (new_size <= old_size) {
        if (new_size < old_size)
            if (long error = unmap(start + new_size, old_size - new_size); error < 0)
                return error;
        return long(start);
    }
    lock_guard guard(lock_);
    area* a = find(start);
    if (!a || a->end < start + old_size || a->kind == area_kind::fixed || a->leaving)
        return -EFAULT;
    area description;
    description.protection = a->protection;
    description.kind = a->kind;
    description.object = a->object;
    description.pages = a->pages;
    description.may_write = a->may_write;
    description.object_offset = a->object_offset + (start - a->start);
    description.object_end = a->object_end;
    area* next = areas_.next(*a);
    if (a->end == start + old_size && in_user_range(start, new_size) &&
        (!next || next->start >= start + new_size)) {
        if (mapped_bytes_ + (new_size - old_size) > limit_)
            return -ENOMEM;
        mapped_bytes_ += new_size - old_size;
        a->end = start + new_size;
        return long(start);
    }
    if (!may_move)
        return -ENOMEM;
    description.start = find_free(new_size);
    if (!description.start)
        return -ENOMEM;
    description.end = description.start + new_size;
    description.touch(description.start, description.end);
    description.leaving = true; // until everything is there
    user_address to = description.start;
    if (long error = split(start); error < 0)
        return error;
    if (long error = split(start + old_size); error < 0)
        return error;
    if (long error = insert(std::move(description)); error < 0)
        return error;
    guard.unlock();
    if (!make_tables_for(start, old_size, to)) {
        remove_in_steps(to, to + new_size);
        return -ENOMEM;
    }
    bool whole = true;
    in_steps(start, start + old_size, [&](user_address from) {
        user_address next = move_entries(from, start + old_size, to + (from - start));
        whole = whole && next > from;
        return next > from ? next : start + old_size;
    });
    drop_in_steps(start, start + old_size); // nothing, or what the program's own threads took away
    remove_in_steps(start, start + old_size);
    in_steps(to, to + new_size, [&](user_address at) {
        area* moved = find(at);
        whole = whole && moved && moved->leaving;
        if (whole)
            moved->leaving = false;
        return to + new_size;
    });
    return whole ? long(to) : -EFAULT;
}

// So that a move can't fail half way. False: out of memory.
bool address_space::make_tables_for(user_address start, size_t size, user_address to) {
    bool made = true;
    constexpr size_t step = 128 * page_size;
    in_steps(start, start + size, [&](user_address at) {
        user_address stop = start + size - at < step ? start + size : at + step;
        for (; at < stop && made; at += page_size) {
            pte* from = table_.find(at);
            made = !from || !*from || table_.find(to + (at - start), true);
        }
        return made ? stop : start + size;
    });
    return made;
}

// A step of a move. Where the next one begins; `start` if the area at `to`, which nobody should
// know yet, has been unmapped.
user_address address_space::move_entries(user_address start, user_address end, user_address to) {
    area* target = find(to);
    if (!target || !target->leaving)
        return start;
    changes_++;
    bool any = false;
    user_address next = some_entries(
        start, end, entry_step,
        [&](area& a) {
            a.leaving = true;
            return true;
        },
        [&](area&, pte& e, user_address address) {
            pte* there = target->end > to + (address - start) ? table_.find(to + (address - start))
                                                              : nullptr;
            if (!there)
                return false;
            any = any || (e & pte_valid);
            if (*there)
                drop(*there);
            *there = std::exchange(e, 0);
            return true;
        });
    if (any)
        flush(start, next);
    return next;
}

user_address address_space::set_break(user_address wanted) {
    user_address old_end = (break_ + page_mask) & ~page_mask;
    user_address new_end = (wanted + page_mask) & ~page_mask;
    if (wanted < break_start_ || wanted > mmap_top)
        return break_;
    if (new_end > old_end) {
        if (map(old_end, new_end - old_end, protection_read | protection_write) < 0)
            return break_;
    } else if (new_end < old_end) {
        if (unmap(new_end, old_end - new_end) < 0)
            return break_;
    }
    return break_ = wanted;
}

} // namespace kernel
