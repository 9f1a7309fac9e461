// SPDX-License-Identifier: BSD-2-Clause
//
// What an inbox does with user interrupts off, most of it in the handler: integer registers only,
// no allocation, no locks (tests/unit/libs/handler-code.py looks at the object code).

#include <ouros/bits.h>
#include <ouros/ordering.h>
#include <ouros/signal.hpp>
#include <ouros/worker.hpp>

namespace ouros::signal {

namespace {

constexpr uint32_t standard_signals = ~uint32_t{1}; // bits 1..31

} // namespace

void inbox::interrupt(unsigned /* vector */, void* self) {
    auto* box = static_cast<inbox*>(self);
    box->collect();
    box->deliver();
}

// Takes what the senders have left in the shared memory.
void inbox::collect() {
    for (detail::incoming* const* at = begin_; at != end_; at++) {
        detail::incoming& from = **at;
        if (load_relaxed(&from.shared->standard)) {
            uint32_t bits = exchange(&from.shared->standard, uint32_t{0}) & standard_signals;
            from.standard |= bits;
            pending_ |= bits >> 1;
        }
        if (load_relaxed(&from.shared->tail) != from.head)
            collect_queue(from);
    }
}

void inbox::collect_queue(detail::incoming& from) {
    uint32_t tail = load_acquire(&from.shared->tail);
    if (from.broken || tail - from.head > shared_channel::capacity) [[unlikely]] {
        from.broken = true;
        return;
    }
    uint32_t head = from.head;
    // With the pool used up the rest stays where it is, and the sender's queue is full some day.
    for (; head != tail && from.free; head++) {
        const channel_entry* entry = &from.shared->entries[head % shared_channel::capacity];
        uint64_t value = load_relaxed(&entry->value);
        uint32_t signo = load_relaxed(&entry->signo);
        if (signo - real_time > last - real_time) [[unlikely]]
            continue;
        detail::pending_signal* node = from.free;
        from.free = node->next;
        *node = {nullptr, {signo, from.number, value}};
        auto& queue = queues_[signo - real_time];
        (queue.first ? queue.last->next : queue.first) = node;
        queue.last = node;
        pending_ |= only(signo);
    }
    from.head = head;
    store_release(&from.shared->head, head);
}

// The lowest of the pending signals that are wanted.
bool inbox::take(set wanted, info* out) {
    set ready = pending_ & wanted;
    if (!ready)
        return false;
    unsigned signo = lowest_bit(ready) + 1;
    if (signo >= real_time) {
        auto& queue = queues_[signo - real_time];
        detail::pending_signal* node = queue.first;
        queue.first = node->next;
        if (!queue.first)
            pending_ &= ~only(signo);
        *out = node->what;
        detail::incoming& from = *begin_[node->what.sender];
        node->next = from.free;
        from.free = node;
        if (load_relaxed(&from.shared->tail) != from.head) [[unlikely]]
            collect_queue(from); // what the pool had no room for
        return true;
    }
    // One per sender; the bit in pending_ falls with the last.
    uint32_t bit = uint32_t{1} << signo;
    detail::incoming* taken = nullptr;
    bool more = false;
    for (detail::incoming* const* at = begin_; at != end_; at++) {
        if (!((*at)->standard & bit))
            continue;
        if (taken)
            more = true;
        else
            taken = *at;
    }
    taken->standard &= ~bit;
    if (!more)
        pending_ &= ~only(signo);
    *out = {signo, taken->number, 0};
    return true;
}

// Those who wait for a signal come before its handler, blocked or not.
bool inbox::give_to_waiter(unsigned signo) {
    for (detail::waiter** at = &waiters_; *at; at = &(*at)->next) {
        detail::waiter* waiting = *at;
        if (!(waiting->wanted & only(signo)))
            continue;
        take(only(signo), &waiting->result);
        *at = waiting->next;
        awaited_ = none;
        for (detail::waiter* each = waiters_; each; each = each->next)
            awaited_ |= each->wanted;
        this_worker.wake_in_handler(waiting->waiting);
        return true;
    }
    return false;
}

void inbox::deliver() {
    while (set ready = pending_ & (awaited_ | (handled_set_ & ~mask_))) {
        unsigned signo = lowest_bit(ready) + 1;
        if ((awaited_ & only(signo)) && give_to_waiter(signo))
            continue;
        info signal;
        take(only(signo), &signal);
        run(signal);
    }
}

void inbox::run(const info& signal) {
    const action what = actions_[signal.signo - 1];
    const set before = mask_;
    mask_ = before | what.mask | only(signal.signo);
    if (what.nodefer)
        mask_ &= ~(only(signal.signo) & ~before);
    if (mask_ == all) {
        what.function(signal, what.context);
    } else {
        uintr::nesting others_may_interrupt;
        what.function(signal, what.context);
    }
    mask_ = before; // also if the handler has changed it, as when a POSIX handler returns
    handled_++;
}

} // namespace ouros::signal
