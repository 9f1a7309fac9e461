// SPDX-License-Identifier: BSD-2-Clause
//
// Page table entries of areas: for the files that make up address_space.
#pragma once

#include "arch/riscv64/page_table.h"
#include "memory/address_space.h"
#include "schedule/preempt.h"

namespace kernel {

inline constexpr uint64_t page_mask = page_size - 1;

inline bool in_user_range(user_address start, size_t size) {
    return start >= user_start && start < user_end && size <= user_end - start;
}

// What an area's protection allows.
inline uint64_t leaf_bits(uint8_t protection) {
    using namespace arch;
    uint64_t bits = pte_user;
    if (protection)
        bits |= pte_read; // the table knows no write-only, and execute-only helps nobody here
    if (protection & protection_write)
        bits |= pte_write;
    if (protection & protection_execute)
        bits |= pte_execute;
    return bits;
}

// What one step does at most: entries that are there count several times those that are not.
inline constexpr unsigned entry_step = 160;
inline constexpr unsigned entry_weight = 8;

template <class A, class F>
user_address address_space::some_entries(user_address start, user_address end, unsigned limit,
                                         A&& each_area, F&& each) {
    auto spend = [&limit](unsigned units) { limit -= limit < units ? limit : units; };
    // By the areas, not by the range: a munmap of everything would walk 2^26 entries.
    for (area* a = first_ending_after(start); a && a->start < end; a = areas_.next(*a)) {
        user_address at = a->start > start ? a->start : start;
        user_address stop = a->end < end ? a->end : end;
        if (limit == 0 || !each_area(*a))
            return at;
        spend(entry_weight);
        at = a->touched_start > at ? a->touched_start : at;
        stop = a->touched_end < stop ? a->touched_end : stop;
        while (at < stop) {
            if (limit == 0)
                return at;
            arch::pte* entry = table_.find(at);
            if (!entry) { // no last-level table: on to the next one's range
                at = (at | ((page_size << 9) - 1)) + 1;
                spend(entry_weight);
                continue;
            }
            // The rest of this last-level table.
            user_address border = (at | ((page_size << 9) - 1)) + 1;
            for (; at < stop && at < border; at += page_size, entry++) {
                if (limit == 0)
                    return at;
                limit--;
                if (!*entry)
                    continue;
                if (!each(*a, *entry, at))
                    return at;
                spend(entry_weight - 1);
            }
        }
    }
    return end;
}

template <class F>
void address_space::in_steps(user_address start, user_address end, F&& step) {
    while (start < end) {
        {
            lock_guard guard(lock_);
            start = step(start);
        }
        if (start < end)
            preemption_point();
    }
}

template <class F>
void address_space::each_entry(user_address start, user_address end, F&& f) {
    while (start < end)
        start = some_entries(
            start, end, ~0u, [](area&) { return true; },
            [&](area&, arch::pte& e, user_address at) {
                f(e, at);
                return true;
            });
}

} // namespace kernel
