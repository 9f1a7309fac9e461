// SPDX-License-Identifier: BSD-2-Clause
//
// The pages of an address space: how they come in, and who may write to them.
#include <cstring>

#include "arch/riscv64/hart.h"
#include "memory/address_space.h"
#include "memory/entries.h"
#include "schedule/preempt.h"

namespace kernel {

using namespace arch;

namespace {

// Pages that a step copies.
constexpr int copies_at_once = 2;

void* page_of(pte entry) {
    return from_physical(pte_address(entry));
}

} // namespace

long address_space::fault(user_address address, uint8_t access) {
    lock_guard guard(lock_);
    help_copy(guard);
    return fault_locked(address, access);
}

// The bits that an entry with this page may have now.
uint64_t address_space::entry_bits(const area& a, pte entry) {
    uint64_t bits = leaf_bits(a.protection) | (entry & pte_borrowed);
    bool others = (entry & pte_borrowed) || page_is_shared(page_of(entry));
    if (a.kind == area_kind::anonymous && others)
        bits &= ~uint64_t(pte_write);
    return bits;
}

long address_space::fault_locked(user_address address, uint8_t access) {
    while (copy_) // who writes for the process may hold locks: no preemption here
        copy_step(*copy_, ~0u);
    area* a = address < user_end ? find(address) : nullptr;
    if (!a || a->leaving || (a->protection & access) != access)
        return -EFAULT;
    user_address page_address = address & ~page_mask;
    pte* entry = table_.find(page_address, true);
    if (!entry)
        return -ENOMEM;
    if (a->kind == area_kind::fixed && !(*entry & pte_valid))
        return -EFAULT;
    if (!*entry) {
        a->touch(page_address, page_address + page_size);
        if (long error = bring_in(*a, page_address, access, *entry); error < 0)
            return error;
    } else if (!(*entry & pte_valid)) { // kept by protect()
        *entry = make_pte(pte_address(*entry), entry_bits(*a, *entry));
    }
    if ((access & protection_write) && !(*entry & pte_write))
        if (long error = make_private(*a, page_address, *entry); error < 0)
            return error;
    // Also when nothing has changed: another hart was first, or this one remembers an old entry.
    flush_local(page_address, uint16_t(asid_));
    return 0;
}

long address_space::bring_in(area& a, user_address page_address, uint8_t access, pte& entry) {
    uint64_t offset = a.object_offset + (page_address - a.start);
    if (a.kind == area_kind::shared) {
        result<void*> page = a.pages->shared_page(offset >> page_shift);
        if (!page)
            return page.error();
        if (a.protection & protection_execute)
            synchronise_instructions(*this);
        entry = make_pte(to_physical(*page), leaf_bits(a.protection));
        resident_++;
        return 0;
    }
    size_t copied = 0;
    if (a.object && offset < a.object_end)
        copied = a.object_end - offset < page_size ? a.object_end - offset : page_size;
    const uint8_t* source = copied ? a.object->at(offset) : nullptr;
    bool whole = copied == page_size && !(to_physical(source) & page_mask);
    if (whole && !(access & protection_write)) {
        // The object's own page: there while an area shows the object.
        entry = make_pte(to_physical(source),
                         (leaf_bits(a.protection) & ~uint64_t(pte_write)) | pte_borrowed);
        return 0;
    }
    auto* page = static_cast<uint8_t*>(allocate_page());
    if (!page)
        return -ENOMEM;
    if (copied < page_size)
        zero_page(page);
    if (copied)
        memcpy(page, source, copied);
    if (a.protection & protection_execute)
        synchronise_instructions(*this);
    entry = make_pte(to_physical(page), leaf_bits(a.protection));
    resident_++;
    return 0;
}

// The first write to a page that may have other owners.
long address_space::make_private(area& a, user_address page_address, pte& entry) {
    void* old = page_of(entry);
    bool borrowed = entry & pte_borrowed;
    if (a.kind == area_kind::shared || (!borrowed && !page_is_shared(old))) {
        entry |= leaf_bits(a.protection) & pte_write;
        return 0;
    }
    void* page = allocate_page();
    if (!page)
        return -ENOMEM;
    memcpy(page, old, page_size);
    entry = make_pte(to_physical(page), leaf_bits(a.protection));
    // Other harts must not go on reading the old page, which others may soon write.
    flush(page_address, page_address + page_size);
    if (borrowed)
        resident_++;
    else
        free_pages(old);
    return 0;
}

// ---- Transfers ----

// From the first step on fork copies pages at once; what was shared before is copied by and by.
long address_space::begin_transfers() {
    {
        lock_guard guard(lock_);
        if (private_pages_)
            return 0;
        help_copy(guard);
        transfers_ = true;
    }
    long error = 0;
    in_steps(user_start, user_end, [&](user_address at) {
        while (copy_)
            copy_step(*copy_, ~0u);
        int copied = 0;
        user_address next = some_entries(
            at, user_end, entry_step, [](area&) { return true; },
            [&](area& a, pte& e, user_address address) {
                if (a.kind != area_kind::anonymous || (e & pte_borrowed) ||
                    !page_is_shared(page_of(e)))
                    return true;
                if (copied++ == copies_at_once)
                    return false;
                uint64_t valid = e & pte_valid;
                error = make_private(a, address, e);
                if (!valid)
                    e &= ~uint64_t(pte_valid);
                return error == 0;
            });
        return error == 0 ? next : user_end;
    });
    if (error < 0)
        return error;
    lock_guard guard(lock_);
    private_pages_ = true;
    return 0;
}

// ---- Futexes ----

futex_key address_space::key_of(user_address address, bool is_private) {
    if (!is_private) {
        lock_guard guard(lock_);
        area* a = address < user_end ? find(address) : nullptr;
        if (a && a->kind == area_kind::shared)
            return {a->pages->identity(), a->object_offset + (address - a->start)};
    }
    return {this, address};
}

// ---- Trap frames ----

void* address_space::take_frame(unsigned& slot) {
    lock_guard guard(lock_);
    unsigned word = 0;
    while (word < frame_slots / 64 && frames_used_[word] == ~0ull)
        word++;
    if (word == frame_slots / 64)
        return nullptr;
    slot = word * 64 + unsigned(__builtin_ctzll(~frames_used_[word]));
    pte* entry = table_.find(frame_address(slot), true);
    if (!entry)
        return nullptr;
    if (!*entry) {
        void* page = allocate_page();
        if (!page)
            return nullptr;
        *entry = make_pte(to_physical(page), pte_read | pte_write);
        frame_pages_ = slot + 1; // the lowest free slot, so those below have theirs
    }
    frames_used_[word] |= 1ull << slot % 64;
    return page_of(*entry);
}

void address_space::return_frame(unsigned slot) {
    lock_guard guard(lock_);
    frames_used_[slot / 64] &= ~(1ull << slot % 64);
}

} // namespace kernel
