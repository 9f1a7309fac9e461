// SPDX-License-Identifier: BSD-2-Clause
#include "fs/unix_socket.h"

#include <asm/poll.h>
#include <linux/fcntl.h>
#include <new>
#include <utility>

#include "fs/unix_pair.h"
#include "memory/heap.h"
#include "schedule/preempt.h"

namespace kernel {

bool file_bundle::reserve(size_t count) {
    files_ = new (std::nothrow) ref<file>[count];
    count_ = files_ ? count : 0;
    return files_ != nullptr;
}

bool file_bundle::copy_from(const file_bundle& other) {
    if (!other.count())
        return true;
    if (!reserve(other.count()))
        return false;
    for (size_t i = 0; i < count_; i++)
        files_[i] = other[i];
    return true;
}

unix_socket::unix_socket(ref<unix_pair> pair, unsigned end, uint32_t flags)
    : file(O_RDWR | (flags & O_NONBLOCK))
    , pair_(std::move(pair))
    , end_(end) {}

unix_socket::~unix_socket() {
    end_watches();
    pair_->close(end_);
}

socket_type unix_socket::type() const {
    return pair_->type;
}

long unix_socket::send(user_buffers& from, file_bundle& files, uint32_t flags) {
    bool wait = !nonblocking() && !(flags & message_dont_wait);
    long total = 0;
    for (;;) {
        lock_guard guard(pair_->lock);
        // What may have to wait in the middle is the task's, all of it.
        size_t at_once = pair_->room(end_) < unix_pair::step ? pair_->room(end_) : unix_pair::step;
        if (wait && pair_->type == socket_type::stream && from.remaining() > at_once)
            return must_wait;
        long done = pair_->send(end_, from, files);
        guard.unlock();
        if (done < 0)
            return total > 0 ? total : done == must_wait && !wait ? -EAGAIN : done;
        total += done;
        if (wait || from.empty() || pair_->type != socket_type::stream || done == 0)
            return total;
        preemption_point();
    }
}

task<long> unix_socket::send_later(caller& who, user_buffers from, file_bundle files,
                                   uint32_t flags) {
    ref<unix_socket> self(this);
    bool wait = !nonblocking() && !(flags & message_dont_wait);
    lock_guard guard(pair_->lock);
    long total = 0;
    for (;;) {
        long done = pair_->send(end_, from, files);
        if (done >= 0) {
            total += done;
            if (from.empty() || pair_->type != socket_type::stream)
                co_return total;
            guard.unlock();
            preemption_point();
            guard.relock();
            continue;
        }
        if (done != must_wait)
            co_return total > 0 ? total : done;
        if (!wait)
            co_return total > 0 ? total : -EAGAIN;
        if (long error = co_await pair_->ends[1 - end_].writable.wait(guard, who); error < 0)
            co_return total > 0 ? total : error;
    }
}

long unix_socket::receive(user_buffers& to, received_message& out, uint32_t flags) {
    bool wait = !nonblocking() && !(flags & message_dont_wait);
    if (wait && (flags & message_wait_all) && pair_->type == socket_type::stream)
        return must_wait;
    long total = 0;
    for (;;) {
        lock_guard guard(pair_->lock);
        long done = pair_->receive(end_, to, out, flags);
        guard.unlock();
        if (done < 0)
            return total > 0 ? total : done == must_wait && !wait ? -EAGAIN : done;
        total += done;
        if (size_t(done) < unix_pair::step || to.empty() || out.files.count() ||
            pair_->type != socket_type::stream || (flags & message_peek))
            return total;
        preemption_point();
    }
}

task<long> unix_socket::receive_later(caller& who, user_buffers to, received_message& out,
                                      uint32_t flags) {
    ref<unix_socket> self(this);
    bool all =
        (flags & message_wait_all) && pair_->type == socket_type::stream && !(flags & message_peek);
    bool wait = !nonblocking() && !(flags & message_dont_wait);
    lock_guard guard(pair_->lock);
    long total = 0;
    for (;;) {
        long done = pair_->receive(end_, to, out, flags);
        if (done >= 0) {
            total += done;
            bool more = all || (size_t(done) >= unix_pair::step && !(flags & message_peek) &&
                                pair_->type == socket_type::stream);
            if (!more || done == 0 || to.empty() || out.files.count())
                co_return total;
            guard.unlock();
            preemption_point();
            guard.relock();
            wait = wait && all;
            continue;
        }
        if (done != must_wait)
            co_return total > 0 ? total : done;
        if (!wait)
            co_return total > 0 ? total : -EAGAIN;
        if (long error = co_await pair_->ends[end_].readable.wait(guard, who); error < 0)
            co_return total > 0 ? total : error;
    }
}

long unix_socket::shut_down(bool receiving, bool sending) {
    lock_guard guard(pair_->lock);
    pair_->shut_down(end_, receiving, sending);
    return 0;
}

// read takes no descriptors: those of a message are dropped, after the lock.
long unix_socket::read(user_buffers& to, int64_t offset) {
    if (offset != at_position)
        return -ESPIPE;
    received_message message;
    return receive(to, message, 0);
}
task<long> unix_socket::read_later(caller& who, user_buffers to, int64_t) {
    received_message message;
    co_return co_await receive_later(who, std::move(to), message, 0);
}
long unix_socket::write(user_buffers& from, int64_t offset) {
    if (offset != at_position)
        return -ESPIPE;
    file_bundle none;
    return send(from, none, 0);
}
task<long> unix_socket::write_later(caller& who, user_buffers from, int64_t) {
    co_return co_await send_later(who, std::move(from), file_bundle(), 0);
}

long unix_socket::attributes(file_attributes& out) {
    out = {};
    out.mode = mode_socket | 0777;
    out.links = 1;
    out.inode = pair_->ends[end_].number;
    return 0;
}

uint32_t unix_socket::poll() {
    lock_guard guard(pair_->lock);
    return pair_->poll(end_);
}

void unix_socket::poll_queues(wait_queue*& readable, wait_queue*& writable) {
    readable = &pair_->ends[end_].readable;
    writable = &pair_->ends[1 - end_].writable;
}

long make_unix_pair(socket_type type, uint32_t flags, ref<file>& first, ref<file>& second) {
    auto pair = ref<unix_pair>::adopt(new (std::nothrow) unix_pair(type));
    if (!pair)
        return -ENOMEM;
    // An end closes when its socket goes; one that was never made has no peer to tell.
    auto* left = new (std::nothrow) unix_socket(pair, 0, flags);
    if (!left)
        return -ENOMEM;
    first = ref<file>::adopt(left);
    auto* right = new (std::nothrow) unix_socket(pair, 1, flags);
    if (!right)
        return -ENOMEM;
    second = ref<file>::adopt(right);
    return 0;
}

} // namespace kernel
