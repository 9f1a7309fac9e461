// SPDX-License-Identifier: BSD-2-Clause

#include <algorithm>
#include <cerrno>
#include <ouros/ipc.hpp>
#include <ouros/ordering.h>
#include <ouros/worker.hpp>

namespace ouros::ipc {

namespace {

// How long a blocked thread believes that the server is alive.
constexpr uint64_t liveness_ns = 100'000'000;

} // namespace

client::client()
    : poller{nullptr, look, sleeps, 0} {}

int64_t client::open(const invitation& from) {
    close();
    if (int64_t error = memory_.map(from.memory.get()); error < 0)
        return error;
    layout where = {};
    if (memory_.size() >= sizeof(shared_channel)) {
        auto* shared = static_cast<shared_channel*>(memory_.get());
        where = {load_relaxed(&shared->slots), load_relaxed(&shared->slot_size)};
    }
    int64_t error = where.valid() && where.size() <= memory_.size() ? 0 : -EINVAL;
    if (!error)
        error = server_.open(from.sender.get());
    if (!error)
        error = kernel::uintr_setup();
    if (!error) {
        vector_ = uintr::claim_vector();
        error = vector_ < 0 ? -ENOSPC : 0;
    }
    if (error) {
        server_.close();
        memory_.reset();
        return error;
    }
    at_.attach(memory_.get(), where);
    request_tail_ = load_relaxed(&at_.shared->request_tail);
    reply_head_ = load_relaxed(&at_.shared->reply_tail);
    calls_ = std::make_unique<detail::pending_call*[]>(where.slots);
    free_ = std::make_unique<uint32_t[]>(where.slots);
    for (free_count_ = 0; free_count_ < where.slots; free_count_++)
        free_[free_count_] = where.slots - 1 - free_count_; // slot 0 first
    error_ = 0;
    store_relaxed(&at_.shared->client_sleeps, 1u);
    uintr::set_handler(static_cast<unsigned>(vector_), interrupt, this);
    this_worker.add_poller(this);
    uintr::enable();
    return 0;
}

void client::close() {
    if (vector_ < 0)
        return;
    fail(-ECANCELED);
    uintr::release_vector(static_cast<unsigned>(vector_));
    vector_ = -1;
    this_worker.remove_poller(this);
    server_.close();
    memory_.reset();
    error_ = -ENOTCONN;
}

int64_t client::notifier(owned_fd* out) const {
    if (vector_ < 0)
        return -ENOTCONN;
    int64_t fd = kernel::uintr_create_fd(static_cast<unsigned>(vector_));
    if (fd < 0)
        return fd;
    *out = owned_fd(static_cast<int>(fd));
    return 0;
}

void client::fail(int64_t error) {
    uintr::off_guard off;
    take_replies(); // what was answered before the end is answered
    fail_all(error);
}

task<void> client::watch(int fd) {
    char byte;
    int64_t length = 1;
    while (length > 0)
        length = co_await read(fd, &byte, 1);
    fail(-EPIPE);
}

// With user interrupts off. False: call->result is there already.
bool client::start(detail::pending_call* call) {
    if (error_) [[unlikely]] {
        call->result = error_;
        return false;
    }
    if (call->request.size() > at_.where.slot_size) [[unlikely]] {
        call->result = -EMSGSIZE;
        return false;
    }
    if (free_count_) [[likely]] {
        call->slot = free_[--free_count_];
        send(call);
    } else {
        call->next = nullptr;
        (last_ ? last_->next : first_) = call;
        last_ = call;
    }
    return true;
}

// What the caller gets of an answered call. The slot is free again.
int64_t client::result_of(detail::pending_call* call) {
    int64_t result = call->result;
    if (call->slot == detail::pending_call::no_slot)
        return result;
    if (result > 0) {
        size_t length = std::min(static_cast<size_t>(result), call->reply.size());
        std::memcpy(call->reply.data(), at_.slot(call->slot), length);
        if (length < static_cast<size_t>(result))
            result = -EMSGSIZE;
    }
    uintr::off_guard off;
    if (!error_)
        give_slot(call->slot);
    return result;
}

// Nobody waits for the answer any more. With user interrupts off.
void client::abandon(detail::pending_call* call) {
    if (call->waiting)
        poller::waiting--;
    if (call->slot != detail::pending_call::no_slot) {
        calls_[call->slot] = &abandoned_;
        return;
    }
    detail::pending_call* previous = nullptr;
    for (detail::pending_call* at = first_; at; previous = at, at = at->next) {
        if (at != call)
            continue;
        (previous ? previous->next : first_) = at->next;
        if (last_ == at)
            last_ = previous;
        return;
    }
}

// With user interrupts off before and after. False: not before the deadline.
bool client::wait_for(detail::pending_call* call, const deadline& until) {
    constexpr int64_t unanswered = detail::pending_call::unanswered;
    if (uint32_t allowed = polling_.allowed()) {
        for (uint32_t looks = 0; looks < allowed; looks++) {
            take_replies();
            if (call->result != unanswered) {
                polling_.found(looks);
                return true;
            }
            relax();
        }
        polling_.missed();
    }
    sleeps(this, true);
    full_fence();
    for (;;) {
        take_replies();
        if (call->result != unanswered)
            return true;
        uint64_t timeout = until.remaining();
        if (timeout == 0)
            return false;
        int64_t result = kernel::wait(std::min(timeout, liveness_ns));
        uintr::disable();
        // An interrupt that nobody needs asks whether the server is still there.
        if (result == -ETIME && call->result == unanswered && !server_.send())
            fail(-EPIPE);
    }
}

int64_t client::call_and_wait(const_bytes request, bytes reply, uint64_t timeout_ns) {
    detail::pending_call call;
    call.request = request;
    call.reply = reply;
    {
        deadline until(timeout_ns);
        uintr::off_guard off;
        if (vector_ >= 0)
            sleeps(this, false);
        if (start(&call)) {
            bool answered = wait_for(&call, until);
            sleeps(this, true);
            if (!answered) {
                abandon(&call);
                return -ETIME;
            }
        }
    }
    return result_of(&call);
}

call_operation::call_operation(client& through, const_bytes request, bytes reply)
    : through_(through) {
    pending_call::request = request;
    pending_call::reply = reply;
}

call_operation::~call_operation() {
    if (!waiting || result != unanswered)
        return;
    uintr::off_guard off;
    if (result == unanswered)
        through_.abandon(this);
}

std::coroutine_handle<> call_operation::await_suspend(std::coroutine_handle<> coroutine) noexcept {
    {
        uintr::off_guard off;
        waiting = this_worker.current();
        through_.poller::waiting++;
        if (!through_.start(this)) {
            through_.poller::waiting--;
            return coroutine;
        }
    }
    return this_worker.suspend(coroutine);
}

int64_t call_operation::await_resume() noexcept {
    return through_.result_of(this);
}

int64_t connect(client& of, int socket) {
    invitation from;
    if (int64_t error = receive_invitation(socket, &from); error < 0)
        return error;
    if (int64_t error = of.open(from); error < 0)
        return error;
    owned_fd notifier;
    if (int64_t error = of.notifier(&notifier); error < 0)
        return error;
    const int fd = notifier.get();
    return send_fds(socket, &fd, 1);
}

} // namespace ouros::ipc
