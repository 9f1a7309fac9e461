// SPDX-License-Identifier: BSD-2-Clause
//
// Spin locks. The kernel runs with interrupts off, so a holder is never interrupted on its own
// hart; never hold one across co_await. Not tickets: an emulator runs harts in turns, and a hart
// that wants a lock again would wait for the turn of one that is not running.
#pragma once

#include <atomic>
#include <cstdint>

namespace kernel {

class spinlock {
  public:
    spinlock() = default;
    spinlock(const spinlock&) = delete;
    spinlock& operator=(const spinlock&) = delete;

    void lock() {
        while (held_.exchange(1, std::memory_order_acquire))
            while (held_.load(std::memory_order_relaxed))
                ;
    }
    void unlock() { held_.store(0, std::memory_order_release); }
    bool locked() const { return held_.load(std::memory_order_relaxed) != 0; }

  private:
    std::atomic<uint32_t> held_{0};
};

class [[nodiscard]] lock_guard {
  public:
    explicit lock_guard(spinlock& lock)
        : lock_(lock) {
        lock_.lock();
    }
    ~lock_guard() { unlock(); }
    lock_guard(const lock_guard&) = delete;
    lock_guard& operator=(const lock_guard&) = delete;
    void unlock() {
        if (held_)
            lock_.unlock();
        held_ = false;
    }
    void relock() {
        lock_.lock();
        held_ = true;
    }

  private:
    spinlock& lock_;
    bool held_ = true;
};

} // namespace kernel
