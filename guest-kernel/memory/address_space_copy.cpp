// SPDX-License-Identifier: BSD-2-Clause
//
// Copies of an address space, for fork.
//
// A copy shows the memory as it was at one moment: what a thread has written is in it up to some
// point in that thread's order, and what it writes after that is not. (A C library counts on it. It
// repairs in the child a list that another thread was about to change, by what that thread has
// written down before.) It is made in steps, though, between which the process's other threads run.
// They read, and write where the copy has not been yet. Who writes where it has been, or anywhere
// else that takes a fault, finishes the copy first, at its own priority: it waits for nobody.
//
//   copy_pages      shares a page, which nobody may write to from then on, with the child
//
// Where a device transfers to and from the space pages are not shared. There a step can't forbid
// writes and copy: a device may write to a page that it has translated before. So
//
//   forbid_writes   nobody writes any more who does not finish the copy first
//   copy_pages      copies them
//   allow_writes    what may be written to is so again
#include <cstring>

#include "memory/address_space.h"
#include "memory/entries.h"
#include "schedule/preempt.h"

namespace kernel {

using namespace arch;

// On the stack of who forks. Everybody else reaches it with the space's lock.
struct address_space::copy_in_progress {
    enum pass { forbidding, copying, allowing, done };

    address_space& child;
    uint64_t changes = 0; // of the space's areas, when it began
    bool transfers = false;
    pass now = done;
    user_address at = user_start;
    bool write_protected = false; // in this step
    long error = 0;
};

namespace {

void* page_of(pte entry) {
    return from_physical(pte_address(entry));
}

// Rings and registers of devices belong to one process.
bool is_copied(const area& a) {
    return !a.leaving && !(a.kind == area_kind::fixed && (a.protection & protection_write));
}

} // namespace

// A copy that a change of the areas has got into is thrown away, and made again in one go.
ref<address_space> address_space::copy() {
    for (bool preemptible : {true, false}) {
        ref<address_space> child = create();
        if (!child)
            return {};
        copy_in_progress c{*child};
        long error = make_copy(c, preemptible);
        if (error == 0)
            return child;
        child->empty(true);
        if (error != -EAGAIN)
            break;
    }
    return {};
}

long address_space::make_copy(copy_in_progress& c, bool preemptible) {
    lock_guard guard(lock_);
    help_copy(guard); // another thread's
    c.changes = changes_;
    c.transfers = transfers_;
    c.now = transfers_ ? c.forbidding : c.copying;
    copy_ = &c;
    if (preemptible) {
        copy_step(c, entry_step);
        while (c.now != c.done) {
            guard.unlock();
            preemption_point();
            guard.relock();
            if (c.now != c.done) // nobody has helped
                copy_step(c, entry_step);
        }
    }
    while (c.now != c.done)
        copy_step(c, ~0u);
    return c.error;
}

void address_space::help_copy(lock_guard& guard) {
    while (copy_) {
        copy_step(*copy_, entry_step);
        if (copy_) {
            guard.unlock();
            preemption_point();
            guard.relock();
        }
    }
}

void address_space::copy_step(copy_in_progress& c, unsigned limit) {
    if (changes_ != c.changes)
        c.error = -EAGAIN;
    user_address from = c.at;
    c.write_protected = false;
    if (c.error < 0)
        ;
    else if (c.now == c.forbidding)
        c.at = forbid_writes(c, limit);
    else if (c.now == c.copying)
        c.at = copy_pages(c, c.transfers ? limit / 16 : limit);
    else
        c.at = allow_writes(c, limit);
    // Also when it has failed: a hart that goes on writing must not do so to a shared page.
    if (c.write_protected)
        flush(from, c.at);
    if (c.error == 0 && c.at < user_end)
        return;
    c.at = user_start;
    c.now = c.error == 0 && c.transfers ? copy_in_progress::pass(c.now + 1) : c.done;
    if (c.now != c.done)
        return;
    copy_ = nullptr;
    c.child.break_start_ = break_start_;
    c.child.break_ = break_;
    c.child.stack_bottom_ = stack_bottom_;
    c.child.signal_return_ = signal_return_;
    c.child.layout_ = layout_;
    c.child.limit_ = limit_;
}

user_address address_space::copy_pages(copy_in_progress& c, unsigned limit) {
    area* twin = c.child.areas_.back();
    pte* to = nullptr; // of `next`
    user_address next = 0;
    constexpr int most_areas = 6;
    int areas = 0;
    return some_entries(
        c.at, user_end, limit,
        [&](area& a) {
            if (!is_copied(a))
                return true;
            if (twin && twin->start == a.start) {
                twin->touch(a.touched_start, a.touched_end);
                return true;
            }
            if (areas++ == most_areas)
                return false;
            twin = copy_area(a);
            if (!twin) {
                c.error = -ENOMEM;
                return false;
            }
            c.child.areas_.insert(*twin, nullptr);
            c.child.mapped_bytes_ += a.end - a.start;
            return true;
        },
        [&](area& a, pte& e, user_address address) {
            if (!twin || twin->start != a.start)
                return true;
            // The entry behind the last one, if they are in one table.
            constexpr user_address table_span = page_size << 9;
            if (to && address / table_span == next / table_span)
                to += (address - next) / page_size;
            else
                to = c.child.table_.find(address, true);
            next = address;
            if (!to || !copy_entry(c, a, e, *to)) {
                c.error = -ENOMEM;
                return false;
            }
            if (!(*to & pte_borrowed))
                c.child.resident_++;
            return true;
        });
}

area* address_space::copy_area(const area& a) {
    auto* twin = new (std::nothrow) area;
    if (!twin)
        return nullptr;
    twin->start = a.start;
    twin->end = a.end;
    twin->protection = a.protection;
    twin->kind = a.kind;
    twin->object = a.object;
    twin->pages = a.pages;
    twin->touched_start = a.touched_start;
    twin->touched_end = a.touched_end;
    twin->may_write = a.may_write;
    twin->object_offset = a.object_offset;
    twin->object_end = a.object_end;
    return twin;
}

// False: out of memory.
bool address_space::copy_entry(copy_in_progress& c, const area& a, pte& e, pte& to) {
    if (e & pte_borrowed) {
        to = e;
        return true;
    }
    if (c.transfers && a.kind == area_kind::anonymous) {
        void* page = allocate_page();
        if (!page)
            return false;
        memcpy(page, page_of(e), page_size);
        to = (make_pte(to_physical(page), leaf_bits(a.protection)) & ~uint64_t(pte_valid)) |
             (e & pte_valid);
        return true;
    }
    if (a.kind == area_kind::anonymous && (e & pte_write)) {
        e &= ~uint64_t(pte_write);
        c.write_protected = true;
    }
    add_page_reference(page_of(e));
    to = e;
    return true;
}

user_address address_space::forbid_writes(copy_in_progress& c, unsigned limit) {
    return some_entries(
        c.at, user_end, limit, [](area&) { return true; },
        [&](area& a, pte& e, user_address) {
            if (a.kind == area_kind::anonymous && !a.leaving && (e & pte_write)) {
                e &= ~uint64_t(pte_write);
                c.write_protected = true;
            }
            return true;
        });
}

user_address address_space::allow_writes(copy_in_progress& c, unsigned limit) {
    return some_entries(
        c.at, user_end, limit, [](area&) { return true; },
        [&](area& a, pte& e, user_address) {
            if (a.kind == area_kind::anonymous && !a.leaving && (e & pte_valid))
                e |= entry_bits(a, e) & pte_write;
            return true;
        });
}

} // namespace kernel
