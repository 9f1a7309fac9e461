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
    areas_.dissolve();
    while (area* a = areas_.pop_front())
        delete a;
    if (asid_ >= 0) {
        flush_harts(harts_seen_, 0, ~0ull, uint16_t(asid_));
        free_asid(uint16_t(asid_));
    }
    table_.destroy();
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
    if (areas_.has(start, end, area::fixed_pages))
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

namespace {

void delete_area(area* a) {
    if (a->pages && a->pages->ref_count() == 1)
        a->pages->empty();
    delete a;
}

} // namespace

void address_space::remove_in_steps(user_address start, user_address end) {
    while (start < end) {
        list<area> removed; // deleted after the lock: an object may go with its last area
        {
            lock_guard guard(lock_);
            area* a = first_ending_after(start);
            last_ = nullptr;
            changes_++;
            for (int n = 0; a && a->start < end && n < 6; n++) {
                area* next = areas_.next(*a);
                mapped_bytes_ -= a->end - a->start;
                areas_.remove(*a);
                removed.push_back(*a);
                a = next;
            }
            start = a && a->start < end ? a->start : end;
        }
        while (area* a = removed.pop_front())
            delete_area(a);
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
    {
        lock_guard guard(lock_);
        areas_.dissolve();
        last_ = nullptr;
        changes_++;
        mapped_bytes_ = 0;
    }
    preemption_steps<16> steps;
    for (;; steps.step()) {
        lock_guard guard(lock_); // others may still look
        area* a = areas_.pop_front();
        guard.unlock();
        if (!a)
            break;
        delete_area(a);
    }
    while (no_threads && frame_pages_ > 0) {
        pte& entry = *table_.find(frame_address(--frame_pages_));
        free_pages(from_physical(pte_address(entry)));
        entry = 0;
        steps.step();
    }
    // Who looks at a process from outside may still have the space.
    for (bool more = true; more; preemption_point()) {
        lock_guard guard(lock_);
        more = table_.destroy_some(!no_threads);
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
    if (areas_.has(start, end, area::fixed_pages))
        return -EACCES;
    if ((protection & protection_write) && areas_.has(start, end, area::never_written))
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
