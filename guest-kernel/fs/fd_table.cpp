// SPDX-License-Identifier: BSD-2-Clause
#include "fs/fd_table.h"

#include <new>
#include <utility>

#include "drivers/asyscall.h"
#include "schedule/preempt.h"

namespace kernel {

// The right to change the maps of queue pairs, in the order asked for: co_await turn(table).
struct fd_table::turn : list_node<fd_table::turn>, work_item {
    explicit turn(fd_table& table)
        : table(table) {}

    bool await_ready() noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> self) noexcept {
        suspend_at(self);
        lock_guard guard(table.turn_lock_);
        if (!table.turn_taken_) {
            table.turn_taken_ = true;
            return false;
        }
        table.turn_waiters_.push_back(*this);
        return true;
    }
    void await_resume() noexcept {}

    fd_table& table;
};

void fd_table::end_turn() {
    lock_guard guard(turn_lock_);
    // Handed on, not given up: nobody gets in between.
    if (turn* next = turn_waiters_.pop_front())
        executor::make_ready(*next);
    else
        turn_taken_ = false;
}

ref<fd_table> fd_table::create() {
    return ref<fd_table>::adopt(new (std::nothrow) fd_table);
}

ref<fd_table> fd_table::copy() {
    ref<fd_table> made = create();
    if (!made)
        return {};
    lock_guard guard(lock_);
    for (uint32_t fd = 0; fd < size_; fd++) {
        if (fd >= made->size_ && made->grow(fd + 1) < 0)
            return {};
        made->at(fd) = {at(fd).opened, at(fd).close_on_exec};
        if (fd % part_size == part_size - 1) {
            guard.unlock();
            preemption_point();
            guard.relock();
        }
    }
    made->first_free_ = 0; // what was closed meanwhile may be below
    made->directory_ = directory_;
    made->limit_ = limit_;
    return made;
}

fd_table::~fd_table() {
    for (; size_ > 0; size_ -= part_size)
        delete[] parts_[size_ / part_size - 1];
    delete[] kept_;
}

long fd_table::keep(ref<file> f) {
    lock_guard guard(lock_);
    uint32_t at = kept_free_;
    while (at < kept_size_ && kept_[at])
        at++;
    if (at == max_kept)
        return -EMFILE;
    if (at == kept_size_) {
        uint32_t wanted = kept_size_ ? kept_size_ * 2 : 32;
        auto* larger = new (std::nothrow) ref<file>[wanted];
        if (!larger)
            return -ENOMEM;
        for (uint32_t i = 0; i < kept_size_; i++)
            larger[i] = std::move(kept_[i]);
        delete[] kept_;
        kept_ = larger;
        kept_size_ = wanted;
    }
    kept_[at] = std::move(f);
    kept_free_ = at + 1;
    return long(first_kept + at);
}

ref<file> fd_table::let_go(uint32_t number) {
    uint32_t at = number - first_kept;
    lock_guard guard(lock_);
    if (at >= kept_size_)
        return {};
    if (at < kept_free_)
        kept_free_ = at;
    return std::move(kept_[at]);
}

long fd_table::grow(uint32_t at_least) {
    while (size_ < at_least) {
        auto* part = new (std::nothrow) descriptor[part_size];
        if (!part)
            return -ENOMEM;
        parts_[size_ / part_size] = part;
        size_ += part_size;
    }
    return 0;
}

// An empty table gives its parts back.
void fd_table::shrink() {
    while (size_ > 0) {
        descriptor* part;
        {
            lock_guard guard(lock_);
            part = parts_[size_ / part_size - 1];
            for (uint32_t i = 0; i < part_size; i++)
                if (part[i].taken())
                    return;
            size_ -= part_size;
        }
        delete[] part;
        preemption_point();
    }
}

ref<file> fd_table::get(uint64_t number) {
    auto fd = static_cast<uint32_t>(number);
    lock_guard guard(lock_);
    if (fd >= first_kept) [[unlikely]]
        return fd - first_kept < kept_size_ ? kept_[fd - first_kept] : ref<file>();
    return fd < size_ ? at(fd).opened : ref<file>();
}

// With the lock: the lowest free number from `from`.
long fd_table::take(uint64_t from) {
    if (from >= limit_ && from > 0)
        return -EINVAL;
    uint32_t fd = from > first_free_ ? static_cast<uint32_t>(from) : first_free_;
    while (fd < size_ && at(fd).taken())
        fd++;
    if (fd >= limit_)
        return -EMFILE;
    if (fd >= size_)
        if (long error = grow(fd + 1); error < 0)
            return error;
    if (from <= first_free_)
        first_free_ = fd + 1;
    return fd;
}

long fd_table::install(ref<file> f, bool close_on_exec, uint64_t from) {
    lock_guard guard(lock_);
    long fd = take(from);
    if (fd >= 0)
        at(uint32_t(fd)) = {std::move(f), close_on_exec};
    return fd;
}

long fd_table::reserve(bool close_on_exec) {
    lock_guard guard(lock_);
    long fd = take(0);
    if (fd >= 0)
        at(uint32_t(fd)) = {{}, close_on_exec, true};
    return fd;
}

void fd_table::fill(uint32_t fd, ref<file> f) {
    lock_guard guard(lock_);
    at(fd).opened = std::move(f);
    at(fd).reserved = false;
}

void fd_table::give_up(uint32_t fd) {
    lock_guard guard(lock_);
    at(fd).reserved = false;
    if (fd < first_free_)
        first_free_ = fd;
}

long fd_table::install_at(uint64_t number, ref<file> f, bool close_on_exec, ref<file>& replaced) {
    auto fd = static_cast<uint32_t>(number);
    lock_guard guard(lock_);
    if (fd >= limit_)
        return -EBADF;
    if (fd >= size_)
        if (long error = grow(fd + 1); error < 0)
            return error;
    if (at(fd).reserved)
        return -EBUSY;
    replaced = std::move(at(fd).opened);
    at(fd) = {std::move(f), close_on_exec};
    return fd;
}

ref<file> fd_table::remove(uint64_t number) {
    auto fd = static_cast<uint32_t>(number);
    lock_guard guard(lock_);
    if (fd >= size_ || !at(fd).opened)
        return {};
    if (fd < first_free_)
        first_free_ = fd;
    return std::move(at(fd).opened);
}

long fd_table::close_on_exec(uint64_t number) {
    auto fd = static_cast<uint32_t>(number);
    lock_guard guard(lock_);
    if (fd >= size_ || !at(fd).opened)
        return -EBADF;
    return at(fd).close_on_exec;
}

long fd_table::set_close_on_exec(uint64_t number, bool on) {
    auto fd = static_cast<uint32_t>(number);
    lock_guard guard(lock_);
    if (fd >= size_ || !at(fd).opened)
        return -EBADF;
    at(fd).close_on_exec = on;
    return 0;
}

void fd_table::close_all(bool only_close_on_exec) {
    for (uint32_t fd = 0;;) {
        ref<file> closed;
        lock_guard guard(lock_);
        while (fd < size_ && (!at(fd).opened || (only_close_on_exec && !at(fd).close_on_exec)))
            fd++;
        if (fd >= size_)
            break;
        closed = std::move(at(fd).opened);
        if (fd < first_free_)
            first_free_ = fd;
        guard.unlock();
        if (closed->ref_count() == 1)
            closed->before_end();
        closed.reset();
        preemption_point();
    }
    if (!only_close_on_exec)
        shrink();
}

void fd_table::set_limit(uint32_t limit) {
    lock_guard guard(lock_);
    limit_ = limit < max_descriptors ? limit : max_descriptors;
}

int fd_table::next_number(int after) {
    lock_guard guard(lock_);
    for (uint32_t fd = uint32_t(after + 1); fd < size_; fd++)
        if (at(fd).opened)
            return int(fd);
    return -1;
}

path_place fd_table::working_directory() {
    lock_guard guard(lock_);
    return directory_;
}

void fd_table::set_working_directory(path_place place) {
    lock_guard guard(lock_);
    std::swap(directory_, place); // the old one goes when `place` does, after the lock
}

// Queue pairs. SET_FD names a host handle, so an entry for a file without one says "none".
task<long> fd_table::send(uint32_t queue_pair, uint32_t fd) {
    ref<file> f = get(fd);
    device_access access = f ? f->device() : device_access{ASYSCALL_NO_HANDLE, 0};
    auto* device = asyscall_device::get();
    if (fd >= device->max_fds())
        co_return 0;
    if (access.rights == 0)
        access.handle = ASYSCALL_NO_HANDLE;
    co_return co_await device->set_fd(queue_pair, fd, access.handle, access.rights);
}

task<long> fd_table::publish(uint64_t fd) {
    co_await turn(*this);
    long error = 0;
    for (uint32_t i = 0; i < rings_.load(std::memory_order_relaxed) && error == 0; i++)
        error = co_await send(ring_[i], static_cast<uint32_t>(fd));
    end_turn();
    co_return error;
}

task<long> fd_table::attach_ring(uint32_t queue_pair) {
    co_await turn(*this);
    uint32_t count = rings_.load(std::memory_order_relaxed);
    long error = count < max_rings ? 0 : -ENOSPC;
    if (error == 0) {
        // Counted before the table is read: what is opened from here on publishes itself,
        // behind this turn.
        ring_[count] = queue_pair;
        rings_.store(count + 1, std::memory_order_seq_cst);
        for (int fd = next_number(-1); fd >= 0 && error == 0; fd = next_number(fd)) {
            ref<file> f = get(uint32_t(fd));
            if (f && f->device().rights != 0)
                error = co_await send(queue_pair, uint32_t(fd));
            f.reset();
            preemption_point();
        }
        if (error < 0)
            rings_.store(count, std::memory_order_release);
    }
    end_turn();
    co_return error;
}

task<long> fd_table::detach_ring(uint32_t queue_pair) {
    co_await turn(*this);
    uint32_t count = rings_.load(std::memory_order_relaxed);
    for (uint32_t i = 0; i < count; i++) {
        if (ring_[i] != queue_pair)
            continue;
        ring_[i] = ring_[count - 1];
        rings_.store(count - 1, std::memory_order_release);
        break;
    }
    end_turn();
    co_return 0;
}

} // namespace kernel
