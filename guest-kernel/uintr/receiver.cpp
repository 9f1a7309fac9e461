// SPDX-License-Identifier: BSD-2-Clause
#include "uintr/receiver.h"

#include <ouros/uintc.h>
#include <ouros/uintr.h>

#include "arch/riscv64/hart.h"
#include "arch/riscv64/user_interrupts.h"
#include "drivers/plic.h"
#include "drivers/uintc.h"
#include "lib/print.h"
#include "process/thread.h"
#include "syscalls/syscall.h"

namespace kernel {

namespace {

constexpr unsigned max_slots = OUROS_UINTC_RECEIVERS;
constexpr uint32_t sender_entries = page_size / OUROS_UISTE_SIZE;

bool available;
unsigned slots;

spinlock slots_lock;
uintr_receiver* receivers[max_slots];
uint16_t generations[max_slots];
unsigned next_slot;

uint64_t low_word(const uintr_receiver& r, uint64_t bits) {
    return OUROS_UINTC_LOW_MODE64 | bits |
           uint64_t(r.generation) << OUROS_UINTC_LOW_GENERATION_SHIFT;
}

// The supervisor interrupt of the wake list: receivers that block and have something pending.
void drain_wake_list() {
    for (;;) {
        uint32_t word = uintc::global(OUROS_UINTC_WAKE);
        if (!(word & OUROS_UINTC_WAKE_VALID))
            return;
        uint32_t slot = word & ~OUROS_UINTC_WAKE_VALID;
        lock_guard slots_guard(slots_lock); // keeps the receiver there
        uintr_receiver* r = slot < max_slots ? receivers[slot] : nullptr;
        if (!r)
            continue;
        lock_guard guard(r->lock);
        if (!r->waiting)
            continue;
        r->woken = true;
        r->queue.wake_all();
    }
}

task<long> wait_until_woken(caller& who, uintr_receiver& r, nanoseconds deadline) {
    lock_guard guard(r.lock);
    long outcome = 0;
    while (!r.woken && outcome == 0)
        outcome = co_await r.queue.wait(guard, who, deadline);
    if (outcome < 0)
        guard.relock();
    r.waiting = false;
    if (r.woken)
        co_return 0;
    co_return outcome == -ETIMEDOUT ? -ETIME : outcome;
}

} // namespace

void uintr_start() {
    if (!machine.uintc) {
        print("ouros: no UINTC: user interrupts and rings are not available\n");
        return;
    }
    if (uintc::global(OUROS_UINTC_MAGIC) != OUROS_UINTC_MAGIC_VALUE) {
        print("ouros: the UINTC does not identify itself: not used\n");
        return;
    }
    if (!arch::start_user_interrupts(machine.uintc.start)) {
        print("ouros: the harts lack N or UIPI: user interrupts and rings are not available\n");
        return;
    }
    slots = uintc::global(OUROS_UINTC_CAPACITY);
    if (slots > max_slots)
        slots = max_slots;
    plic_add(machine.uintc_interrupt, drain_wake_list);
    available = true;
}

void uintr_start_hart() {
    if (available && !arch::start_user_interrupts(machine.uintc.start))
        panic("hart %lu lacks N or UIPI, which the first one has", arch::this_hart().id);
}

bool uintr_available() {
    return available;
}

long uintr_setup(thread& t) {
    if (!available)
        return -ENODEV;
    if (t.receiver)
        return 0;
    auto* r = new (std::nothrow) uintr_receiver;
    if (!r)
        return -ENOMEM;
    {
        lock_guard guard(slots_lock);
        unsigned tried = 0;
        while (tried < slots && receivers[next_slot]) {
            next_slot = (next_slot + 1) % slots;
            tried++;
        }
        if (tried == slots) {
            guard.unlock();
            delete r;
            return -ENOSPC;
        }
        r->slot = next_slot;
        if (++generations[r->slot] == 0) // 0 is "unchecked"
            generations[r->slot] = 1;
        r->generation = generations[r->slot];
        receivers[r->slot] = r;
        next_slot = (next_slot + 1) % slots;
    }
    t.receiver = r;
    uintr_switch_in(t);
    return 0;
}

void uintr_release(thread& t) {
    uintr_receiver* r = t.receiver;
    t.receiver = nullptr;
    lock_guard guard(slots_lock);
    // A generation that nobody was given: every sender and device is refused from here on.
    if (++generations[r->slot] == 0)
        generations[r->slot] = 1;
    uintc::set_low(r->slot, uint64_t(generations[r->slot]) << OUROS_UINTC_LOW_GENERATION_SHIFT);
    receivers[r->slot] = nullptr;
    guard.unlock();
    delete r;
}

long uintr_add_sender(process& p, const uintr_target& target) {
    if (!available)
        return -ENODEV;
    lock_guard guard(p.lock);
    if (!p.senders) {
        p.senders = allocate_zeroed_page();
        if (!p.senders)
            return -ENOMEM;
    }
    if (p.senders_used == sender_entries)
        return -ENOSPC;
    static_cast<volatile uint64_t*>(p.senders)[p.senders_used] =
        OUROS_UISTE_VALID | uint64_t(target.vector) << OUROS_UISTE_VECTOR_SHIFT |
        uint64_t(target.generation) << OUROS_UISTE_GENERATION_SHIFT |
        uint64_t(target.slot) << OUROS_UISTE_RECEIVER_SHIFT;
    return long(p.senders_used++);
}

void release_senders(process& p) {
    free_pages(p.senders);
    p.senders = nullptr;
}

void uintr_load_senders(process& p) {
    if (p.senders)
        arch::set_senders(OUROS_SUIST_ENABLE | 1ull << OUROS_SUIST_SIZE_SHIFT |
                          to_physical(p.senders) >> page_shift);
}

void uintr_switch_in(thread& t) {
    uintr_load_senders(t.parent());
    if (uintr_receiver* r = t.receiver) {
        arch::load_user_interrupts(*t.frame);
        arch::set_receiver(OUROS_SUIRS_ENABLE | r->slot);
        uintc::set_low(r->slot,
                       low_word(*r, OUROS_UINTC_LOW_ACTIVE | arch::this_hart().id
                                                                 << OUROS_UINTC_LOW_HART_SHIFT));
    }
}

void uintr_switch_out(thread& t) {
    if (t.parent().senders)
        arch::set_senders(0);
    if (uintr_receiver* r = t.receiver) {
        arch::set_receiver(0);
        lock_guard guard(r->lock);
        uintc::set_low(r->slot,
                       low_word(*r, r->waiting && !r->woken ? OUROS_UINTC_LOW_WAKE_ENABLE : 0));
        guard.unlock();
        arch::save_user_interrupts(*t.frame);
    }
}

uintr_message uintr_message_for(const uintr_receiver& r, unsigned vector) {
    return {uintc::receiver_address(r.slot) + OUROS_UINTC_SEND,
            vector | uint32_t(r.generation) << OUROS_UINTC_SEND_GENERATION_SHIFT};
}

long uintr_wait(thread& t, uint64_t timeout) {
    uintr_receiver* r = t.receiver;
    if (!r)
        return -EINVAL;
    t.counters.waits++;
    arch::enable_user_interrupts();
    // Pending already: the handler runs when the call returns to user mode, before its next
    // instruction.
    if (arch::user_interrupt_pending())
        return 0;
    if (timeout == 0)
        return -ETIME;
    nanoseconds time = now();
    nanoseconds deadline = timeout > never - time ? never : time + timeout;
    {
        lock_guard guard(r->lock);
        r->waiting = true;
        r->woken = false;
    }
    // The slot gets its wake-enable when the thread is switched out; if a bit has come by then,
    // it enters the wake list at once.
    return wait_for(wait_until_woken(t, *r, deadline));
}

} // namespace kernel
