// SPDX-License-Identifier: BSD-2-Clause

#include <ouros/ordering.h>
#include <ouros/signal.hpp>

namespace ouros::signal {

int64_t peer::open(const invitation& from) {
    close();
    if (int64_t error = memory_.map(from.memory.get(), sizeof(shared_channel)); error < 0)
        return error;
    if (int64_t error = sender_.open(from.sender.get()); error < 0) {
        memory_.reset();
        return error;
    }
    shared_ = static_cast<shared_channel*>(memory_.get());
    tail_ = load_relaxed(&shared_->tail);
    limit_ = tail_;
    return 0;
}

void peer::close() {
    sender_.close();
    memory_.reset();
    shared_ = nullptr;
}

// Learns how far the receiver has read.
bool peer::has_room() {
    uint32_t waiting = tail_ - load_acquire(&shared_->head);
    if (waiting > shared_channel::capacity)
        return false; // nonsense
    limit_ = tail_ + (shared_channel::capacity - waiting);
    return waiting != shared_channel::capacity;
}

status peer::send(unsigned signo, uint64_t value) {
    if (signo - 1 >= last)
        return status::invalid;
    if (!shared_ || load_relaxed(&shared_->closed)) [[unlikely]]
        return status::ended;
    if (signo < real_time) {
        // Always with an interrupt: a bit that was set already may have lost its own to a receiver
        // that has ended.
        __atomic_fetch_or(&shared_->standard, uint32_t{1} << signo, __ATOMIC_RELEASE);
    } else {
        if (tail_ == limit_ && !has_room()) [[unlikely]]
            return status::full;
        channel_entry* entry = &shared_->entries[tail_ % shared_channel::capacity];
        store_relaxed(&entry->value, value);
        store_relaxed(&entry->signo, uint32_t{signo});
        store_release(&shared_->tail, ++tail_);
    }
    return sender_.send() ? status::sent : status::ended;
}

} // namespace ouros::signal
