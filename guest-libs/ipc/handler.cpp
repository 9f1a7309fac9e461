// SPDX-License-Identifier: BSD-2-Clause
//
// What client and server do with user interrupts off, much of it in the handler: integer registers
// only, no allocation, no locks (tests/unit/libs/handler-code.py looks at the object code).

#include <cerrno>
#include <ouros/ipc.hpp>
#include <ouros/ordering.h>
#include <ouros/worker.hpp>

namespace ouros::ipc {

// --- client

void client::interrupt(unsigned /* vector */, void* self) {
    auto* of = static_cast<client*>(self);
    // Asked first: what was answered before the end is answered.
    const bool closed = load_acquire(&of->at_.shared->closed);
    of->take_replies();
    if (closed)
        of->fail_all(-EPIPE);
}

bool client::look(poller* self) {
    return static_cast<client*>(self)->take_replies();
}

void client::sleeps(poller* self, bool now) {
    store_relaxed(&static_cast<client*>(self)->at_.shared->client_sleeps, uint32_t{now});
}

void client::answer(detail::pending_call* call, int64_t result) {
    call->result = result;
    if (call->waiting) {
        poller::waiting--;
        this_worker.wake_in_handler(call->waiting);
    }
}

// Each call that is outstanding is in calls_ or in the list of those that wait for a slot, and
// leaves it here.
void client::fail_all(int64_t error) {
    if (error_)
        return;
    error_ = error;
    for (uint32_t slot = 0; slot < at_.where.slots; slot++) {
        if (detail::pending_call* call = std::exchange(calls_[slot], nullptr)) {
            if (call == &abandoned_)
                continue;
            call->slot = detail::pending_call::no_slot;
            answer(call, error);
        }
    }
    while (detail::pending_call* call = first_) {
        first_ = call->next;
        answer(call, error);
    }
    last_ = nullptr;
}

// Whether there was anything.
bool client::take_replies() {
    const uint32_t tail = load_acquire(&at_.shared->reply_tail);
    if (tail == reply_head_ || error_)
        return false;
    if (tail - reply_head_ > at_.where.slots) [[unlikely]] {
        fail_all(-EPROTO);
        return true;
    }
    // A slot given on may find the server ended, and take the rest.
    while (static_cast<int32_t>(tail - reply_head_) > 0 && !error_) {
        const uint32_t head = reply_head_++;
        const uint64_t entry = load_relaxed(&at_.replies[head & (at_.where.slots - 1)]);
        const uint32_t slot = entry_slot(entry);
        const int64_t length = entry_length(entry);
        if (slot >= at_.where.slots || !calls_[slot] || length > int64_t{at_.where.slot_size})
            [[unlikely]] {
            fail_all(-EPROTO);
            return true;
        }
        detail::pending_call* call = std::exchange(calls_[slot], nullptr);
        if (call == &abandoned_)
            give_slot(slot);
        else
            answer(call, length);
    }
    return true;
}

// A slot that is free: for the one that has waited longest.
void client::give_slot(uint32_t slot) {
    if (detail::pending_call* call = first_) {
        first_ = call->next;
        if (!first_)
            last_ = nullptr;
        call->slot = slot;
        send(call);
    } else {
        free_[free_count_++] = slot;
    }
}

void client::send(detail::pending_call* call) {
    const uint32_t slot = call->slot;
    calls_[slot] = call;
    std::memcpy(at_.slot(slot), call->request.data(), call->request.size());
    store_relaxed(&at_.requests[request_tail_ & (at_.where.slots - 1)],
                  make_entry(slot, static_cast<int64_t>(call->request.size())));
    store_release(&at_.shared->request_tail, ++request_tail_);
    full_fence();
    if ((load_relaxed(&at_.shared->server_sleeps) && !server_.send()) ||
        load_acquire(&at_.shared->closed)) [[unlikely]] {
        take_replies(); // it may have answered before it ended
        fail_all(-EPIPE);
    }
}

// --- server

void server::interrupt(unsigned /* vector */, void* self) {
    static_cast<server*>(self)->give_to_waiters();
}

bool server::look(poller* self) {
    return static_cast<server*>(self)->give_to_waiters();
}

void server::sleeps(poller* self, bool now) {
    static_cast<server*>(self)->set_sleeping(now && self->waiting);
}

void server::set_sleeping(bool now) {
    if (sleeping_ == now)
        return;
    sleeping_ = now;
    for (detail::served* const* at = begin_; at != end_; at++)
        store_relaxed(&(*at)->at.shared->server_sleeps, uint32_t{now});
}

// One request, from the channels in turn.
bool server::take(request* out) {
    const auto count = static_cast<size_t>(end_ - begin_);
    for (size_t i = 0; i < count; i++) {
        const size_t index = turn_ + i < count ? turn_ + i : turn_ + i - count;
        detail::served* from = begin_[index];
        const uint32_t tail = load_acquire(&from->at.shared->request_tail);
        if (tail == from->request_head || from->broken || from->dropped)
            continue;
        const uint32_t slots = from->at.where.slots;
        const uint64_t entry = load_relaxed(&from->at.requests[from->request_head & (slots - 1)]);
        const uint32_t slot = entry_slot(entry);
        const uint32_t length = static_cast<uint32_t>(entry_length(entry));
        uint64_t* taken = &from->taken[slot % layout::most_slots / 64];
        const uint64_t bit = uint64_t{1} << slot % 64;
        if (tail - from->request_head > slots || slot >= slots || (*taken & bit) ||
            length > from->at.where.slot_size) [[unlikely]] {
            from->broken = true;
            continue;
        }
        *taken |= bit;
        from->request_head++;
        from->in_service++;
        turn_ = index + 1 < count ? index + 1 : 0;
        out->from_ = from;
        out->slot_ = slot;
        out->length_ = length;
        return true;
    }
    return false;
}

bool server::give_to_waiters() {
    bool given = false;
    while (first_ && take(&first_->result_)) {
        next_request* to = first_;
        first_ = to->next_;
        poller::waiting--;
        this_worker.wake_in_handler(to->waiting_);
        to->waiting_ = nullptr;
        given = true;
    }
    if (!first_) {
        last_ = nullptr;
        set_sleeping(false); // who comes back looks before it sleeps
    }
    return given;
}

} // namespace ouros::ipc
