// SPDX-License-Identifier: BSD-2-Clause
//
// Spin locks. The kernel runs with interrupts off, so a holder is never interrupted on its own
// hart; never hold one across co_await. Ticket lock: harts get it in the order they asked.
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
        uint32_t ticket = next_.fetch_add(1, std::memory_order_relaxed);
        while (serving_.load(std::memory_order_acquire) != ticket)
            ;
    }
    void unlock() {
        serving_.store(serving_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }
    // For assertions, and for the panic path, which must print even if the holder is gone.
    bool locked() const {
        return serving_.load(std::memory_order_relaxed) != next_.load(std::memory_order_relaxed);
    }

  private:
    std::atomic<uint32_t> next_{0};
    std::atomic<uint32_t> serving_{0};
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
