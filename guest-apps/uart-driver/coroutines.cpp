// SPDX-License-Identifier: BSD-2-Clause
#include "coroutines.hpp"

#include <ouros/uintr.hpp>

namespace uart {

int64_t port::open(bool loop) {
    int64_t error = device_.open(
        device_name, [](void* self) { static_cast<port*>(self)->serve(); }, this);
    if (error == 0)
        set_up(device_, loop, enable_received);
    return error;
}

std::coroutine_handle<> port::transfer::await_suspend(std::coroutine_handle<> coroutine) noexcept {
    {
        ouros::uintr::off_guard off;
        waiter = ouros::this_worker.current();
        if ((of.*begin)(*this))
            return coroutine;
    }
    // A wake in between is not lost: the strand is then ready when it has suspended.
    return ouros::this_worker.suspend(coroutine);
}

void port::ask_for(uint8_t interrupts) {
    if (interrupts_ != interrupts)
        device_.set8(interrupt_enable, interrupts_ = interrupts);
}

bool port::begin_send(transfer& t) {
    sender_ = &t;
    t.waiter = nullptr; // it isn't waiting yet
    serve();
    t.waiter = ouros::this_worker.current();
    return !sender_;
}

bool port::begin_receive(transfer& t) {
    uint32_t from = early_out_;
    uint8_t* next = t.next;
    uint8_t* const end = next + t.left;
    for (; next != end && from != early_in_; from++)
        *next++ = early_[from % early_size];
    early_out_ = from;
    t.next = next;
    t.left = static_cast<size_t>(end - next);
    if (t.left)
        receiver_ = &t;
    return !t.left;
}

void port::finish(transfer*& t) {
    if (t->waiter)
        ouros::this_worker.wake_in_handler(t->waiter);
    t = nullptr;
}

// A byte store may alias any member: the loops keep what they change in locals.
uint8_t port::take_received(uint8_t status) {
    if (transfer* to = receiver_) {
        uint8_t* next = to->next;
        uint8_t* const end = next + to->left;
        for (; (status & data_ready) && next != end; status = device_.get8(line_status))
            *next++ = device_.get8(data);
        to->next = next;
        to->left = static_cast<size_t>(end - next);
        if (next == end)
            finish(receiver_);
    }
    uint32_t at = early_in_;
    for (; status & data_ready; status = device_.get8(line_status)) {
        uint8_t byte = device_.get8(data);
        if (at - early_out_ < early_size)
            early_[at++ % early_size] = byte;
        else
            lost_++;
    }
    early_in_ = at;
    return status;
}

// All that the UART may want: in the handler, and when there is something new to send. What has
// come goes first, because in loop mode what is sent comes at once.
void port::serve() {
    uint8_t status = take_received(device_.get8(line_status));
    if (!sender_ || !(status & transmitter_empty))
        return;
    size_t count = sender_->left < fifo_size ? sender_->left : fifo_size;
    const uint8_t* next = sender_->next;
    for (size_t i = 0; i < count; i++)
        device_.set8(data, next[i]);
    sender_->next += count;
    sender_->left -= count;
    ask_for(sender_->left ? enable_received | enable_sent : enable_received);
    if (!sender_->left)
        finish(sender_);
}

} // namespace uart
