// SPDX-License-Identifier: BSD-2-Clause

#include <cerrno>
#include <ouros/deadline.hpp>
#include <ouros/ordering.h>
#include <ouros/signal.hpp>
#include <ouros/worker.hpp>

namespace ouros::signal {

int64_t inbox::open() {
    if (opened())
        return 0;
    if (int64_t error = kernel::uintr_setup(); error < 0)
        return error;
    int vector = uintr::claim_vector();
    if (vector < 0)
        return -ENOSPC;
    vector_ = vector;
    uintr::set_handler(static_cast<unsigned>(vector), interrupt, this);
    uintr::enable();
    return 0;
}

// Senders that are already past the check of `closed` find memory that nobody looks at.
void inbox::close() {
    if (!opened())
        return;
    uintr::release_vector(static_cast<unsigned>(vector_));
    vector_ = -1;
    for (auto& each : owned_)
        store_release(&each->shared->closed, 1u);
    begin_ = end_ = nullptr;
    pending_ = none;
    for (auto& queue : queues_)
        queue = {};
    channels_.clear();
    owned_.clear();
}

int64_t inbox::invite(invitation* out) {
    if (!opened())
        return -EINVAL;
    auto fresh = std::make_unique<detail::incoming>();
    invitation result;
    if (int64_t error = fresh->memory.create(sizeof(shared_channel), &result.memory); error < 0)
        return error;
    int64_t fd = kernel::uintr_create_fd(static_cast<unsigned>(vector_));
    if (fd < 0)
        return fd;
    result.sender = owned_fd(static_cast<int>(fd));
    fresh->shared = static_cast<shared_channel*>(fresh->memory.get());
    fresh->number = static_cast<unsigned>(owned_.size());
    for (auto& node : fresh->pool) {
        node.next = fresh->free;
        fresh->free = &node;
    }
    std::vector<detail::incoming*> channels = channels_;
    channels.push_back(fresh.get());
    owned_.push_back(std::move(fresh));
    {
        uintr::off_guard off;
        channels_.swap(channels);
        begin_ = channels_.data();
        end_ = begin_ + channels_.size();
    }
    *out = std::move(result);
    return static_cast<int64_t>(channels_.size() - 1);
}

bool inbox::broken(unsigned channel) const {
    return channel < channels_.size() && load_relaxed(&channels_[channel]->broken);
}

void inbox::set_handler(unsigned signo, const action& what) {
    if (signo < 1 || signo > last)
        return;
    uintr::off_guard off;
    actions_[signo - 1] = what;
    if (what.function)
        handled_set_ |= only(signo);
    else
        handled_set_ &= ~only(signo);
    deliver();
}

set inbox::change_mask(set mask) {
    uintr::off_guard off;
    set before = mask_;
    mask_ = mask;
    deliver();
    return before;
}

set inbox::block(set more) {
    return change_mask(load_relaxed(&mask_) | more);
}
set inbox::unblock(set fewer) {
    return change_mask(load_relaxed(&mask_) & ~fewer);
}
set inbox::set_mask(set mask) {
    return change_mask(mask);
}

set inbox::pending() {
    uintr::off_guard off;
    collect();
    return pending_;
}

// With user interrupts off before and after. What is pending is handled while it waits.
int64_t inbox::sleep(const deadline& until) {
    uint64_t timeout = until.remaining();
    if (timeout == 0)
        return -ETIME;
    int64_t result = kernel::wait(timeout);
    uintr::disable();
    collect();
    deliver();
    return result;
}

int64_t inbox::suspend(set mask) {
    uintr::off_guard off;
    set before = mask_;
    uint64_t handled = handled_;
    int64_t result = 0;
    mask_ = mask;
    collect();
    deliver();
    while (handled_ == handled && result == 0)
        result = sleep(deadline(deadline::never));
    mask_ = before;
    deliver();
    return handled_ == handled ? result : 0;
}

std::optional<info> inbox::wait(set wanted, uint64_t timeout_ns) {
    deadline until(timeout_ns);
    uintr::off_guard off;
    set before = mask_;
    mask_ |= wanted; // no handler gets what somebody waits for
    collect();
    info result;
    bool found;
    while (!(found = take(wanted, &result)) && sleep(until) == 0) {
    }
    if (!found)
        found = take(wanted, &result); // it came together with the deadline
    mask_ = before;
    deliver();
    return found ? std::optional<info>(result) : std::nullopt;
}

void inbox::remove(detail::waiter* gone) {
    uintr::off_guard off;
    awaited_ = none;
    for (detail::waiter** at = &waiters_; *at;) {
        if (*at == gone) {
            *at = gone->next;
        } else {
            awaited_ |= (*at)->wanted;
            at = &(*at)->next;
        }
    }
}

next_signal::~next_signal() {
    if (waiting && result.signo == 0)
        inbox_.remove(this);
}

std::coroutine_handle<> next_signal::await_suspend(std::coroutine_handle<> coroutine) noexcept {
    {
        uintr::off_guard off;
        inbox_.collect();
        if (inbox_.take(wanted, &result))
            return coroutine;
        waiting = this_worker.current();
        detail::waiter** end = &inbox_.waiters_;
        while (*end)
            end = &(*end)->next;
        next = nullptr;
        *end = this;
        inbox_.awaited_ |= wanted;
    }
    return this_worker.suspend(coroutine);
}

} // namespace ouros::signal
