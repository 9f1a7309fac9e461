// SPDX-License-Identifier: BSD-2-Clause
#include "uintr/slots.h"

#include "drivers/uintc.h"
#include "uintr/receiver.h"
#include "uintr/sender_table.h"

namespace kernel::slots {

namespace {

constexpr unsigned max_slots = OUROS_UINTC_RECEIVERS;

// Taken before a sender table's lock, and that before a receiver's.
spinlock lock;
unsigned count;
unsigned reserved; // slots that can't be pinned: one for each hart
unsigned pinned;
uintr_receiver* owners[max_slots];
uint16_t generations[max_slots]; // of the owner, or of the next one
unsigned hand;                   // of the clock
unsigned used;

// The slot's next generation, which no sender has. 0 means "unchecked".
void next_generation(unsigned slot) {
    if (++generations[slot] == 0)
        generations[slot] = 1;
}

// After next_generation, without the receiver's lock and before the slot has another owner: when
// the numbers have begun anew, whoever still has an old one must forget it.
void settle(unsigned slot) {
    if (generations[slot] != 1)
        return;
    forget_slot(slot);
    uintc::clear(slot); // what came from them meanwhile
}

uint64_t generation_word(unsigned slot) {
    return uint64_t(generations[slot]) << OUROS_UINTC_LOW_GENERATION_SHIFT;
}

// Takes the slot away. False: its owner can't do without.
bool evict(unsigned slot) {
    uintr_receiver& r = *owners[slot];
    lock_guard receiver_guard(r.lock);
    if (r.active || r.pinned)
        return false;
    next_generation(slot);
    // In this order: from the first access on senders are refused, the second finds all that was
    // sent until then.
    uintc::set_low(slot, OUROS_UINTC_LOW_KEEP | generation_word(slot));
    r.pending |= uintc::take(slot);
    r.slot = uintr_receiver::no_slot;
    owners[slot] = nullptr;
    // If it was on the wake list, it is not any more.
    if (r.pending && r.waiting)
        r.wake();
    receiver_guard.unlock();
    settle(slot);
    return true;
}

unsigned find() {
    for (;; hand = (hand + 1) % count) {
        uintr_receiver* r = owners[hand];
        if (!r)
            return hand;
        // A look without the lock: what it sees may be old, but evict() looks again.
        if (used < count || r->pinned || r->active)
            continue;
        if (r->recent)
            r->recent = false;
        else if (evict(hand)) {
            used--;
            return hand;
        }
    }
}

} // namespace

bool start(unsigned harts) {
    count = uintc::global(OUROS_UINTC_CAPACITY);
    if (count > max_slots)
        count = max_slots;
    reserved = harts;
    for (unsigned slot = 0; slot < count; slot++)
        generations[slot] = 1;
    return count >= harts;
}

void give(uintr_receiver& r) {
    lock_guard guard(lock);
    unsigned slot = find();
    hand = (slot + 1) % count;
    used++;
    owners[slot] = &r;
    lock_guard receiver_guard(r.lock);
    r.slot = uint16_t(slot);
    r.generation = generations[slot];
    r.low = &uintc::low(slot);
    r.low_word = OUROS_UINTC_LOW_MODE64 | generation_word(slot);
    uintc::set_low(slot, generation_word(slot));
    if (r.pending)
        uintc::add(slot, r.pending);
    r.pending = 0;
}

void end(uintr_receiver& r) {
    lock_guard guard(lock);
    lock_guard receiver_guard(r.lock);
    r.ended = true;
    if (r.slot == uintr_receiver::no_slot)
        return;
    unsigned slot = r.slot;
    next_generation(slot);
    uintc::set_low(slot, generation_word(slot));
    owners[slot] = nullptr;
    used--;
    if (r.pinned)
        pinned--;
    r.slot = uintr_receiver::no_slot;
    receiver_guard.unlock();
    settle(slot);
}

bool pin(uintr_receiver& r) {
    lock_guard guard(lock);
    lock_guard receiver_guard(r.lock);
    if (r.pinned)
        return true;
    if (pinned + reserved >= count)
        return false;
    r.pinned = true;
    pinned++;
    return true;
}

unsigned in_use() {
    lock_guard guard(lock);
    return used;
}

void wake_owners() {
    lock_guard guard(lock); // keeps the receivers there
    while (uint32_t word = uintc::global(OUROS_UINTC_WAKE)) {
        uint32_t slot = word & ~OUROS_UINTC_WAKE_VALID;
        uintr_receiver* r = slot < max_slots ? owners[slot] : nullptr;
        if (!r)
            continue;
        lock_guard receiver_guard(r->lock);
        // Taken off the list, it is not armed. If it is again, or runs, this is about a former
        // wait, which has ended meanwhile.
        constexpr uint64_t busy = OUROS_UINTC_LOW_ACTIVE | OUROS_UINTC_LOW_WAKE_ENABLE;
        if (r->waiting && !(*r->low & busy))
            r->wake();
    }
}

} // namespace kernel::slots
