// SPDX-License-Identifier: BSD-2-Clause
#include "fs/pipe.h"

#include <asm/poll.h>
#include <linux/fcntl.h>
#include <new>
#include <utility>

#include "fs/tmpfs_nodes.h"
#include "schedule/preempt.h"

namespace kernel {

namespace {

constexpr size_t pipe_capacity = 65536;
constexpr size_t pipe_atomic = 4096; // PIPE_BUF: a write up to this size isn't torn apart
constexpr size_t pipe_step = 8192;   // what is moved with the lock held
constexpr unsigned pipe_order = 4;
static_assert(page_size << pipe_order == pipe_capacity);

// The bytes between read_at and write_at, which run freely and are masked on use.
class pipe final : public ref_counted {
  public:
    static ref<pipe> make() {
        auto* bytes = static_cast<uint8_t*>(allocate_pages(pipe_order));
        auto* made = bytes ? new (std::nothrow) pipe(bytes) : nullptr;
        if (bytes && !made)
            free_pages(bytes);
        return ref<pipe>::adopt(made);
    }
    ~pipe() { free_pages(bytes_); }

    const uint64_t number = new_inode_number();

    size_t used() const { return write_at_ - read_at_; }
    size_t room() const { return pipe_capacity - used(); }

    // Both with the lock held. must_wait: nothing to read, or no room.
    long read(user_buffers& to, size_t limit = pipe_step) {
        if (to.empty())
            return 0;
        if (used() == 0)
            return writers == 0 ? 0 : must_wait;
        long done = to.each(used() < limit ? used() : limit, protection_write,
                            [&](uint8_t* memory, size_t size) {
                                size = until_wrap(read_at_, size);
                                __builtin_memcpy(memory, bytes_ + read_at_ % pipe_capacity, size);
                                read_at_ += size;
                                return static_cast<long>(size);
                            });
        // A piece that wraps ends each() early; the rest is at the start of the buffer.
        if (done > 0 && size_t(done) < limit && used() > 0 && !to.empty() &&
            read_at_ % pipe_capacity == 0)
            if (long more = read(to, limit - size_t(done)); more > 0)
                done += more;
        if (done > 0)
            writable.wake_all();
        return done;
    }
    long write(user_buffers& from, size_t limit = pipe_step) {
        if (readers == 0)
            return -EPIPE;
        if (from.empty())
            return 0;
        size_t needed = from.remaining() <= pipe_atomic ? from.remaining() : 1;
        if (room() < needed)
            return must_wait;
        long done = from.each(
            room() < limit ? room() : limit, protection_read, [&](uint8_t* memory, size_t size) {
                size = until_wrap(write_at_, size);
                __builtin_memcpy(bytes_ + write_at_ % pipe_capacity, memory, size);
                write_at_ += size;
                return static_cast<long>(size);
            });
        if (done > 0 && size_t(done) < limit && room() > 0 && !from.empty() &&
            write_at_ % pipe_capacity == 0)
            if (long more = write(from, limit - size_t(done)); more > 0)
                done += more;
        if (done > 0)
            readable.wake_all();
        return done;
    }

    spinlock lock;
    unsigned readers = 1;
    unsigned writers = 1;
    wait_queue readable;
    wait_queue writable;

  private:
    explicit pipe(uint8_t* bytes)
        : bytes_(bytes) {}

    static size_t until_wrap(uint64_t at, size_t size) {
        size_t left = pipe_capacity - at % pipe_capacity;
        return size < left ? size : left;
    }

    uint8_t* const bytes_;
    uint64_t read_at_ = 0;
    uint64_t write_at_ = 0;
};

file_attributes pipe_attributes(uint32_t mode, uint64_t number) {
    file_attributes out;
    out.mode = mode | 0600;
    out.links = 1;
    out.inode = number;
    return out;
}

class pipe_end final : public file {
  public:
    pipe_end(uint32_t flags, ref<pipe> p)
        : file(flags)
        , pipe_(std::move(p)) {}
    ~pipe_end() override {
        end_watches();
        lock_guard guard(pipe_->lock);
        (is_reader() ? pipe_->readers : pipe_->writers)--;
        pipe_->readable.wake_all();
        pipe_->writable.wake_all();
    }

    long read(user_buffers& to, int64_t offset) override {
        if (offset != at_position)
            return -ESPIPE;
        long total = 0;
        for (;; preemption_point()) {
            lock_guard guard(pipe_->lock);
            long done = pipe_->read(to);
            if (done <= 0 && total > 0)
                return total;
            if (done <= 0)
                return done == must_wait && nonblocking() ? -EAGAIN : done;
            total += done;
            if (to.empty() || size_t(done) < pipe_step)
                return total;
        }
    }

    task<long> read_later(caller& who, user_buffers to, int64_t) override {
        ref<pipe_end> self(this);
        lock_guard guard(pipe_->lock);
        long total = 0;
        for (;;) {
            long done = pipe_->read(to);
            if (done > 0)
                total += done;
            if (total > 0 && (done < static_cast<long>(pipe_step) || to.empty()))
                co_return total;
            if (total > 0) {
                guard.unlock();
                preemption_point();
                guard.relock();
                continue;
            }
            if (done != must_wait)
                co_return done;
            if (long error = co_await pipe_->readable.wait(guard, who); error < 0)
                co_return error;
        }
    }

    long write(user_buffers& from, int64_t offset) override {
        if (offset != at_position)
            return -ESPIPE;
        long total = 0;
        for (;; preemption_point()) {
            lock_guard guard(pipe_->lock);
            // What may have to wait in the middle is the task's, all of it.
            size_t at_once = pipe_->room() < pipe_step ? pipe_->room() : pipe_step;
            if (!nonblocking() && pipe_->readers > 0 && from.remaining() > at_once)
                return must_wait;
            long done = pipe_->write(from);
            if (done <= 0)
                return total > 0 ? total : done == must_wait ? -EAGAIN : done;
            total += done;
            if (from.empty() || size_t(done) < pipe_step)
                return total;
        }
    }

    task<long> write_later(caller& who, user_buffers from, int64_t) override {
        ref<pipe_end> self(this);
        lock_guard guard(pipe_->lock);
        long total = 0;
        for (;;) {
            long done = pipe_->write(from);
            if (done >= 0)
                total += done;
            else if (done != must_wait)
                co_return total > 0 ? total : done;
            if (from.empty())
                co_return total;
            if (done > 0 && pipe_->room() > 0) {
                // Ended early without being full: the next address decides, or another step.
                guard.unlock();
                preemption_point();
                guard.relock();
                continue;
            }
            if (long error = co_await pipe_->writable.wait(guard, who); error < 0)
                co_return total > 0 ? total : error;
        }
    }

    long attributes(file_attributes& out) override {
        out = pipe_attributes(mode_fifo, pipe_->number);
        return 0;
    }

    uint32_t poll() override {
        lock_guard guard(pipe_->lock);
        if (is_reader())
            return (pipe_->used() > 0 ? POLLIN | POLLRDNORM : 0) |
                   (pipe_->writers == 0 ? POLLHUP : 0);
        return (pipe_->room() >= pipe_atomic ? POLLOUT | POLLWRNORM : 0) |
               (pipe_->readers == 0 ? POLLERR : 0);
    }
    void poll_queues(wait_queue*& readable, wait_queue*& writable) override {
        readable = is_reader() ? &pipe_->readable : nullptr;
        writable = is_reader() ? nullptr : &pipe_->writable;
    }

  private:
    bool is_reader() const { return (flags() & O_ACCMODE) == O_RDONLY; }

    ref<pipe> pipe_;
};

constexpr uint32_t eventfd_semaphore = 1; // EFD_SEMAPHORE; the others are O_ flags
constexpr uint64_t eventfd_max = ~0ull - 1;

class eventfd final : public file {
  public:
    eventfd(uint64_t initial, uint32_t flags)
        : file(O_RDWR | (flags & O_NONBLOCK))
        , count_(initial)
        , is_semaphore_(flags & eventfd_semaphore) {}
    ~eventfd() override { end_watches(); }

    long read(user_buffers& to, int64_t offset) override {
        if (offset != at_position)
            return -ESPIPE;
        if (to.remaining() < sizeof(uint64_t))
            return -EINVAL;
        lock_guard guard(lock_);
        long done = read_locked(to);
        return done == must_wait && nonblocking() ? -EAGAIN : done;
    }
    task<long> read_later(caller& who, user_buffers to, int64_t) override {
        ref<eventfd> self(this);
        lock_guard guard(lock_);
        for (;;) {
            long done = read_locked(to);
            if (done != must_wait)
                co_return done;
            if (long error = co_await readable_.wait(guard, who); error < 0)
                co_return error;
        }
    }

    long write(user_buffers& from, int64_t offset) override {
        if (offset != at_position)
            return -ESPIPE;
        if (from.remaining() < sizeof(uint64_t))
            return -EINVAL;
        lock_guard guard(lock_);
        // On a counter of 0 every valid value fits; otherwise only the value tells, which must
        // not be read twice.
        if (count_ > 0 && !nonblocking())
            return must_wait;
        uint64_t value;
        if (long error = take(from, value); error < 0)
            return error;
        return add(value) ? 8 : -EAGAIN;
    }
    task<long> write_later(caller& who, user_buffers from, int64_t) override {
        ref<eventfd> self(this);
        lock_guard guard(lock_);
        uint64_t value;
        if (long error = take(from, value); error < 0)
            co_return error;
        while (!add(value))
            if (long error = co_await writable_.wait(guard, who); error < 0)
                co_return error;
        co_return 8;
    }

    long attributes(file_attributes& out) override {
        out = pipe_attributes(0, 1);
        return 0;
    }
    bool is_eventfd() const override { return true; }
    void signal() override {
        lock_guard guard(lock_);
        add(1);
    }
    uint32_t poll() override {
        lock_guard guard(lock_);
        return (count_ > 0 ? POLLIN | POLLRDNORM : 0) |
               (count_ < eventfd_max ? POLLOUT | POLLWRNORM : 0);
    }
    void poll_queues(wait_queue*& readable, wait_queue*& writable) override {
        readable = &readable_;
        writable = &writable_;
    }

  private:
    long take(user_buffers& from, uint64_t& value) {
        long copied = from.take(&value, sizeof value);
        if (copied < static_cast<long>(sizeof value))
            return copied < 0 ? copied : -EFAULT;
        return value == ~0ull ? -EINVAL : 0;
    }
    bool add(uint64_t value) {
        if (value > eventfd_max - count_)
            return false;
        count_ += value;
        readable_.wake_all();
        return true;
    }
    long read_locked(user_buffers& to) {
        if (count_ == 0)
            return must_wait;
        uint64_t value = is_semaphore_ ? 1 : count_;
        long copied = to.put(&value, sizeof value);
        if (copied < static_cast<long>(sizeof value))
            return copied < 0 ? copied : -EFAULT;
        count_ -= value;
        writable_.wake_all();
        return sizeof value;
    }

    spinlock lock_;
    uint64_t count_;
    const bool is_semaphore_;
    wait_queue readable_;
    wait_queue writable_;
};

} // namespace

long make_pipe(uint32_t flags, ref<file>& reader, ref<file>& writer) {
    ref<pipe> shared = pipe::make();
    if (!shared)
        return -ENOMEM;
    auto* reading = new (std::nothrow) pipe_end(O_RDONLY | (flags & O_NONBLOCK), shared);
    if (!reading)
        return -ENOMEM;
    reader = ref<file>::adopt(reading);
    auto* writing = new (std::nothrow) pipe_end(O_WRONLY | (flags & O_NONBLOCK), shared);
    if (!writing)
        return -ENOMEM;
    writer = ref<file>::adopt(writing);
    return 0;
}

long make_eventfd(uint32_t initial, uint32_t flags, ref<file>& made) {
    if (flags & ~static_cast<uint32_t>(eventfd_semaphore | O_NONBLOCK | O_CLOEXEC))
        return -EINVAL;
    made = ref<file>::adopt(new (std::nothrow) eventfd(initial, flags));
    return made ? 0 : -ENOMEM;
}

} // namespace kernel
