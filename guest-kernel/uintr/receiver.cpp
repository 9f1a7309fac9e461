// SPDX-License-Identifier: BSD-2-Clause
#include "uintr/receiver.h"

#include <ouros/uintc.h>
#include <ouros/uintr.h>

#include "arch/riscv64/hart.h"
#include "arch/riscv64/user_interrupts.h"
#include "arch/riscv64/user_traps.h"
#include "drivers/plic.h"
#include "drivers/uintc.h"
#include "lib/print.h"
#include "process/thread.h"
#include "uintr/exceptions.h"
#include "uintr/sender_table.h"
#include "uintr/slots.h"
#include "uintr/user_device.h"

namespace kernel {

namespace {

bool available;

// With the lock: it runs on this hart from now on.
inline void set_active(uintr_receiver& r) {
    arch::set_receiver(OUROS_SUIRS_ENABLE | r.slot);
    *r.low =
        r.low_word | OUROS_UINTC_LOW_ACTIVE | arch::this_hart().id << OUROS_UINTC_LOW_HART_SHIFT;
}

[[gnu::noinline]] void activate_with_new_slot(uintr_receiver& r) {
    slots::give(r);
    lock_guard guard(r.lock);
    set_active(r);
}

inline void activate(uintr_receiver& r) {
    lock_guard guard(r.lock);
    r.active = true; // keeps the slot, if it has one
    r.recent = true;
    r.waiting = false;
    if (r.slot == uintr_receiver::no_slot) [[unlikely]] {
        guard.unlock();
        return activate_with_new_slot(r);
    }
    set_active(r);
}

} // namespace

uint64_t uintr_receiver::entry_for(unsigned vector) const {
    if (slot == no_slot)
        return 0;
    return OUROS_UISTE_VALID | uint64_t(vector) << OUROS_UISTE_VECTOR_SHIFT |
           uint64_t(generation) << OUROS_UISTE_GENERATION_SHIFT |
           uint64_t(slot) << OUROS_UISTE_RECEIVER_SHIFT;
}

long uintr_receiver::send(unsigned vector) {
    if (ended)
        return -ESRCH;
    if (slot != no_slot) {
        uintc::send(slot, generation, vector);
        return 0;
    }
    pending |= 1ull << vector;
    if (waiting)
        wake();
    return 0;
}

void uintr_receiver::wake() {
    if (notified) {
        // In this order: what comes from here on puts it on the wake list anew.
        uintc::clear(slot);
        *low = low_word | OUROS_UINTC_LOW_WAKE_ENABLE;
        return notified(*this);
    }
    waiting = false;
    owner->wait.end(0);
}

void uintr_start() {
    if (!machine.uintc) {
        print("ouros: no UINTC: user interrupts and rings are not available\n");
        return;
    }
    if (uintc::global(OUROS_UINTC_MAGIC) != OUROS_UINTC_MAGIC_VALUE) {
        print("ouros: the UINTC does not identify itself: not used\n");
        return;
    }
    if (!slots::start(arch::hart_count())) {
        print("ouros: the UINTC has fewer receivers than there are harts: not used\n");
        return;
    }
    if (!arch::user_traps_available() || !arch::start_user_interrupts(machine.uintc.start)) {
        print("ouros: the harts lack N or UIPI: user interrupts and rings are not available\n");
        return;
    }
    // The wake list: receivers that block and have something pending.
    plic_add(machine.uintc_interrupt, slots::wake_owners);
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
    t.receiver = new (std::nothrow) uintr_receiver(t);
    if (!t.receiver)
        return -ENOMEM;
    t.user_traps = true;
    activate(*t.receiver);
    return 0;
}

long uintr_setup_for_device(thread& t) {
    if (long error = uintr_setup(t); error < 0)
        return error;
    return slots::pin(*t.receiver) ? 0 : -ENOSPC;
}

long uintr_listen(uintr_receiver& r) {
    if (!available)
        return -ENODEV;
    {
        lock_guard guard(r.lock);
        r.active = true; // keeps the slot until it is pinned
    }
    slots::give(r);
    if (!slots::pin(r)) {
        slots::end(r);
        return -ENOSPC;
    }
    lock_guard guard(r.lock);
    r.active = false;
    r.waiting = true;
    *r.low = r.low_word | OUROS_UINTC_LOW_WAKE_ENABLE;
    return 0;
}

void uintr_release(thread& t) {
    auto r = ref<uintr_receiver>::adopt(t.receiver);
    t.receiver = nullptr;
    slots::end(*r);
}

void uintr_leave(thread& t) {
    if (!t.receiver)
        return;
    arch::set_receiver(0);
    uintr_release(t);
}

void uintr_exec(thread& t) {
    if (t.device)
        user_device_release(t);
    if (t.receiver)
        uintr_release(t);
    release_senders(t.parent());
    forget_user_exceptions(t);
}

void uintr_switch_in(thread& t) {
    if (sender_table* table = t.parent().senders.load(std::memory_order_relaxed))
        arch::set_senders(table->suist());
    if (t.receiver)
        activate(*t.receiver);
}

void uintr_switch_out(thread& t) {
    if (t.parent().has_senders())
        arch::set_senders(0);
    if (uintr_receiver* r = t.receiver) {
        arch::set_receiver(0);
        lock_guard guard(r->lock);
        r->active = false;
        *r->low = r->low_word | (r->waiting ? OUROS_UINTC_LOW_WAKE_ENABLE : 0);
    }
}

void uintr_move(thread& from, thread& to) {
    uintr_receiver* r = from.receiver;
    from.receiver = nullptr;
    to.receiver = r;
    to.user_traps = true;
    if (!r)
        return;
    lock_guard guard(r->lock);
    r->owner = &to;
    r->active = false;
    *r->low = r->low_word;
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
    nanoseconds deadline = never;
    if (timeout != never) {
        nanoseconds time = now();
        deadline = timeout > never - time ? never : time + timeout;
    }
    long at_deadline = -ETIME;
    // The thread's own timer does not run while the thread doesn't.
    if (nanoseconds due = arch::user_timer_deadline(); due < deadline) {
        deadline = due;
        at_deadline = 0;
    }
    long begun = t.wait.begin(t, deadline, at_deadline);
    // The slot gets its wake-enable when the thread is switched out; if a bit has come by then,
    // it enters the wake list at once. Nobody else looks while the thread is active.
    r->waiting = true;
    return begun;
}

} // namespace kernel
