// SPDX-License-Identifier: BSD-2-Clause

#include <algorithm>
#include <cerrno>
#include <ouros/ipc.hpp>
#include <ouros/ordering.h>
#include <ouros/worker.hpp>

namespace ouros::ipc {

server::server()
    : poller{nullptr, look, sleeps, 0} {}

int64_t server::open() {
    if (vector_ >= 0)
        return 0;
    if (int64_t error = kernel::uintr_setup(); error < 0)
        return error;
    int vector = uintr::claim_vector();
    if (vector < 0)
        return -ENOSPC;
    vector_ = vector;
    uintr::set_handler(static_cast<unsigned>(vector), interrupt, this);
    this_worker.add_poller(this);
    uintr::enable();
    return 0;
}

void server::close() {
    if (vector_ < 0)
        return;
    uintr::release_vector(static_cast<unsigned>(vector_));
    vector_ = -1;
    this_worker.remove_poller(this);
    begin_ = end_ = nullptr;
    for (auto& each : channels_) {
        if (!each)
            continue;
        store_release(&each->at.shared->closed, 1u);
        notify(each.get());
        each->owner = nullptr;
        if (each->in_service)
            each.release(); // goes with its last request
    }
    in_use_.clear();
    channels_.clear();
}

int64_t server::invite(const options& how, invitation* out) {
    layout where{how.slots, how.slot_size};
    if (vector_ < 0 || !where.valid())
        return -EINVAL;
    auto fresh = std::make_unique<detail::served>();
    invitation result;
    if (int64_t error = fresh->memory.create(where.size(), &result.memory); error < 0)
        return error;
    int64_t fd = kernel::uintr_create_fd(static_cast<unsigned>(vector_));
    if (fd < 0)
        return fd;
    result.sender = owned_fd(static_cast<int>(fd));
    fresh->owner = this;
    fresh->at.attach(fresh->memory.get(), where);
    store_relaxed(&fresh->at.shared->slots, where.slots);
    store_relaxed(&fresh->at.shared->slot_size, where.slot_size);
    auto number = std::find(channels_.begin(), channels_.end(), nullptr) - channels_.begin();
    fresh->number = static_cast<unsigned>(number);
    std::vector<detail::served*> in_use = in_use_;
    in_use.push_back(fresh.get());
    {
        uintr::off_guard off;
        store_relaxed(&fresh->at.shared->server_sleeps, uint32_t{sleeping_});
        in_use_.swap(in_use);
        begin_ = in_use_.data();
        end_ = begin_ + in_use_.size();
    }
    if (number == static_cast<ptrdiff_t>(channels_.size()))
        channels_.push_back(std::move(fresh));
    else
        channels_[static_cast<size_t>(number)] = std::move(fresh);
    *out = std::move(result);
    return number;
}

int64_t server::attach(unsigned channel, const owned_fd& notifier) {
    if (channel >= channels_.size() || !channels_[channel])
        return -EINVAL;
    return channels_[channel]->client.open(notifier.get());
}

void server::drop(unsigned channel) {
    if (channel >= channels_.size() || !channels_[channel])
        return;
    detail::served* gone = channels_[channel].get();
    store_release(&gone->at.shared->closed, 1u);
    notify(gone);
    gone->dropped = true;
    if (gone->in_service == 0)
        release(gone);
}

// Its last request is answered, and nobody takes another.
void server::release(detail::served* gone) {
    std::vector<detail::served*> in_use;
    in_use.reserve(in_use_.size());
    std::copy_if(in_use_.begin(), in_use_.end(), std::back_inserter(in_use),
                 [gone](detail::served* each) { return each != gone; });
    {
        uintr::off_guard off;
        in_use_.swap(in_use);
        begin_ = in_use_.data();
        end_ = begin_ + in_use_.size();
        turn_ = 0;
    }
    channels_[gone->number].reset();
}

bool server::broken(unsigned channel) const {
    return channel < channels_.size() && channels_[channel] && channels_[channel]->broken;
}

void server::notify(detail::served* channel) {
    full_fence();
    if (load_relaxed(&channel->at.shared->client_sleeps) && channel->client.attached() &&
        !channel->client.send()) [[unlikely]]
        channel->broken = true; // its client has ended
}

void server::answer(detail::served* channel, uint32_t slot, int64_t result) {
    server* owner = channel->owner;
    if (!owner) { // closed: nobody waits for it
        if (--channel->in_service == 0)
            delete channel;
        return;
    }
    const uint32_t mask = channel->at.where.slots - 1;
    store_relaxed(&channel->at.replies[channel->reply_tail & mask], make_entry(slot, result));
    store_release(&channel->at.shared->reply_tail, ++channel->reply_tail);
    notify(channel);
    {
        uintr::off_guard off; // take() is the handler's, too
        channel->taken[slot / 64] &= ~(uint64_t{1} << slot % 64);
        channel->in_service--;
    }
    if (channel->dropped && channel->in_service == 0) [[unlikely]]
        owner->release(channel);
}

size_t request::copy(bytes to) const {
    size_t length = std::min<size_t>(length_, to.size());
    std::memcpy(to.data(), in_place(), length);
    return length;
}

int64_t request::reply(const_bytes data) {
    if (data.size() > from_->at.where.slot_size)
        return -EMSGSIZE;
    std::memcpy(in_place(), data.data(), data.size());
    return reply_in_place(data.size());
}

int64_t request::reply_in_place(size_t length) {
    if (length > from_->at.where.slot_size)
        return -EMSGSIZE;
    detail::served* from = std::exchange(from_, nullptr);
    server::answer(from, slot_, static_cast<int64_t>(length));
    return 0;
}

void request::fail(int64_t error) {
    detail::served* from = std::exchange(from_, nullptr);
    server::answer(from, slot_, error < 0 ? error : -EIO);
}

request server::try_next() {
    request result;
    uintr::off_guard off;
    take(&result);
    return result;
}

request server::wait_next(uint64_t timeout_ns) {
    request result;
    deadline until(timeout_ns);
    uintr::off_guard off;
    if (uint32_t allowed = polling_.allowed()) {
        for (uint32_t looks = 0; looks < allowed; looks++) {
            if (take(&result)) {
                polling_.found(looks);
                return result;
            }
            relax();
        }
        polling_.missed();
    }
    set_sleeping(true);
    full_fence();
    while (!take(&result)) {
        uint64_t timeout = until.remaining();
        if (timeout == 0)
            break;
        kernel::wait(timeout);
        uintr::disable();
        set_sleeping(true); // the handler has found nobody that waits
        full_fence();
    }
    set_sleeping(false);
    return result;
}

bool next_request::await_ready() noexcept {
    uintr::off_guard off;
    return !from_.first_ && from_.take(&result_);
}

std::coroutine_handle<> next_request::await_suspend(std::coroutine_handle<> coroutine) noexcept {
    {
        uintr::off_guard off;
        waiting_ = this_worker.current();
        (from_.last_ ? from_.last_->next_ : from_.first_) = this;
        from_.last_ = this;
        from_.poller::waiting++;
        from_.set_sleeping(true);
        full_fence();
        from_.give_to_waiters();
    }
    return this_worker.suspend(coroutine);
}

next_request::~next_request() {
    if (!waiting_)
        return;
    uintr::off_guard off;
    next_request* previous = nullptr;
    for (next_request* at = from_.first_; at; previous = at, at = at->next_) {
        if (at != this)
            continue;
        (previous ? previous->next_ : from_.first_) = next_;
        if (from_.last_ == this)
            from_.last_ = previous;
        from_.poller::waiting--;
        return;
    }
}

int64_t accept(server& by, int socket, const options& how) {
    invitation to;
    int64_t number = by.invite(how, &to);
    if (number < 0)
        return number;
    owned_fd notifier;
    int64_t error = send_invitation(socket, to);
    if (error == 0)
        error = receive_fds(socket, &notifier, 1);
    if (error == 0)
        error = by.attach(static_cast<unsigned>(number), notifier);
    if (error < 0)
        by.drop(static_cast<unsigned>(number));
    return error < 0 ? error : number;
}

} // namespace ouros::ipc
