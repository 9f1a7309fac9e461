// SPDX-License-Identifier: BSD-2-Clause
//
// Pages that leave their place while the areas stay, or go elsewhere: mremap, madvise.
#include <utility>

#include "memory/entries.h"
#include "schedule/preempt.h"

namespace kernel {

using namespace arch;

namespace {

long check_move(user_address start, size_t old_size, size_t new_size) {
    if ((start & page_mask) || !new_size || !old_size)
        return -EINVAL;
    return in_user_range(start, old_size) ? 0 : -EFAULT;
}

} // namespace

// Grows what is there, or makes an area for it elsewhere, with the tables that it needs. The
// address or -errno; or 0 and where it is to go.
long address_space::grow_or_prepare_move(user_address start, size_t old_size, size_t new_size,
                                         bool may_move, user_address& to) {
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
        areas_.set_end(*a, start + new_size);
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
    to = description.start;
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
    return 0;
}

long address_space::move_begin(user_address start, size_t old_size, size_t new_size, bool may_move,
                               user_address& to) {
    if (long error = check_move(start, old_size, new_size); error < 0)
        return error;
    long done = grow_or_prepare_move(start, old_size, new_size, may_move, to);
    if (done == 0)
        hide_in_steps(start, start + old_size);
    return done;
}

long address_space::move_finish(user_address start, size_t old_size, size_t new_size,
                                user_address to) {
    bool whole = true;
    in_steps(start, start + old_size, [&](user_address from) {
        user_address next = move_entries(from, start + old_size, to + (from - start));
        whole = whole && next > from;
        return next > from ? next : start + old_size;
    });
    drop_in_steps(start, start + old_size); // nothing, or what the program's own threads took away
    remove_in_steps(start, start + old_size);
    in_steps(to, to + new_size, [&](user_address) {
        area* moved = find(to);
        whole = whole && moved && moved->leaving;
        if (whole)
            moved->leaving = false;
        return to + new_size;
    });
    return whole ? long(to) : -EFAULT;
}

long address_space::move(user_address start, size_t old_size, size_t new_size, bool may_move) {
    old_size = (old_size + page_mask) & ~page_mask;
    new_size = (new_size + page_mask) & ~page_mask;
    if (long error = check_move(start, old_size, new_size); error < 0)
        return error;
    if (new_size <= old_size) {
        if (new_size < old_size)
            if (long error = unmap(start + new_size, old_size - new_size); error < 0)
                return error;
        return long(start);
    }
    user_address to = 0;
    long done = grow_or_prepare_move(start, old_size, new_size, may_move, to);
    return done ? done : move_finish(start, old_size, new_size, to);
}

// So that a move can't fail half way. False: out of memory.
bool address_space::make_tables_for(user_address start, size_t size, user_address to) {
    bool made = true;
    constexpr size_t step = 128 * page_size;
    constexpr user_address table_mask = (page_size << 9) - 1; // what a last-level table covers
    user_address made_last = 1;
    in_steps(start, start + size, [&](user_address at) {
        user_address stop = start + size - at < step ? start + size : at + step;
        const pte* from = nullptr;
        for (; at < stop && made; at += page_size) {
            from = from && (at & table_mask) ? from + 1 : table_.find(at);
            user_address there = (to + (at - start)) & ~table_mask;
            if (!from || !*from || there == made_last)
                continue;
            made = table_.find(there, true);
            made_last = there;
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

long address_space::dont_need_check(user_address start, size_t size) {
    if (start & page_mask)
        return -EINVAL;
    if (!size)
        return 0;
    if (!in_user_range(start, size) || !is_mapped(start, size))
        return -ENOMEM;
    lock_guard guard(lock_);
    return areas_.has(start, start + size, area::fixed_pages) ? -EINVAL : 0;
}

long address_space::advise_dont_need(user_address start, size_t size) {
    size = (size + page_mask) & ~page_mask;
    if (long error = dont_need_check(start, size); error < 0)
        return error;
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

void address_space::take_pages(user_address& start, user_address end, taken_pages& taken) {
    in_steps(start, end, [&](user_address at) {
        peak_ = peak_pages();
        changes_++;
        user_address next = some_entries(
            at, end, entry_step,
            // What became a ring's meanwhile is not the program's to give back.
            [](area&) { return true; },
            [&](area& a, pte& e, user_address) {
                if (a.kind == area_kind::fixed)
                    return true;
                if (!(e & pte_borrowed)) {
                    if (taken.count == taken_pages::most)
                        return false;
                    taken.page[taken.count++] = from_physical(pte_address(e));
                    resident_--;
                }
                e = 0;
                return true;
            });
        flush(at, next);
        start = next;
        return taken.count == taken_pages::most ? end : next;
    });
}

} // namespace kernel
