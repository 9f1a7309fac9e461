// SPDX-License-Identifier: BSD-2-Clause
#include "fs/timer_file.h"

#include <asm/poll.h>
#include <linux/fcntl.h>
#include <new>

namespace kernel {

namespace {

// How often it has expired is worked out when somebody asks, so that a short interval costs nothing
// while nobody does. The kernel's timer is only there to wake who waits: it is armed for the first
// expiry that has not been read.
class timer_descriptor final : public timer_file, timer {
  public:
    explicit timer_descriptor(uint32_t flags)
        : timer_file(O_RDWR | (flags & O_NONBLOCK)) {
        expired = [](timer& t) { static_cast<timer_descriptor&>(t).readable_.wake_all(); };
    }
    ~timer_descriptor() override {
        end_watches();
        timer_cancel(*this);
    }

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
        ref<timer_descriptor> self(this);
        lock_guard guard(lock_);
        for (;;) {
            long done = read_locked(to);
            if (done != must_wait)
                co_return done;
            if (long error = co_await readable_.wait(guard, who); error < 0)
                co_return error;
        }
    }
    long write(user_buffers&, int64_t) override { return -EINVAL; }

    setting get() override {
        lock_guard guard(lock_);
        return get_locked();
    }
    setting set(nanoseconds first, nanoseconds interval) override {
        timer_cancel(*this);
        lock_guard guard(lock_);
        setting old = get_locked();
        next_ = first;
        interval_ = interval;
        arm();
        return old;
    }

    long attributes(file_attributes& out) override {
        out = {};
        out.mode = 0600;
        out.links = 1;
        return 0;
    }
    uint32_t poll() override {
        lock_guard guard(lock_);
        return next_ <= now() ? POLLIN | POLLRDNORM : 0;
    }
    void poll_queues(wait_queue*& readable, wait_queue*& writable) override {
        readable = &readable_;
        writable = nullptr;
    }

  private:
    // With the lock, and off the list of timers.
    void arm() {
        deadline = next_;
        if (next_ != never)
            timer_add(*this);
    }
    setting get_locked() const {
        nanoseconds time = now();
        if (next_ == never)
            return {0, interval_};
        if (next_ > time)
            return {next_ - time, interval_};
        return {interval_ ? interval_ - (time - next_) % interval_ : 0, interval_};
    }
    long read_locked(user_buffers& to) {
        nanoseconds time = now();
        if (next_ > time)
            return must_wait;
        uint64_t count = interval_ ? (time - next_) / interval_ + 1 : 1;
        long copied = to.put(&count, sizeof count);
        if (copied < long(sizeof count))
            return copied < 0 ? copied : -EFAULT;
        next_ = interval_ ? next_ + count * interval_ : never;
        timer_cancel(*this);
        arm();
        return sizeof count;
    }

    spinlock lock_;
    nanoseconds next_ = never; // the first expiry that has not been read
    nanoseconds interval_ = 0;
    wait_queue readable_;
};

} // namespace

ref<file> make_timer_file(uint32_t flags) {
    return ref<file>::adopt(new (std::nothrow) timer_descriptor(flags));
}

} // namespace kernel
