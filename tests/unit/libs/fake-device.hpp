// SPDX-License-Identifier: BSD-2-Clause
//
// The asyscall device's side of one ring, for tests on the build machine. It does what
// ouros/asyscall.h says of the device and nothing by itself: the test, or a thread of the test,
// says when it looks.
#ifndef OUROS_FAKE_DEVICE_HPP
#define OUROS_FAKE_DEVICE_HPP

#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <ouros/asyscall.h>
#include <ouros/kernel.h>
#include <ouros/ordering.h>
#include <utility>

class fake_device {
  public:
    // Gives the result of an entry, or `later`.
    static constexpr int32_t later = INT32_MIN;
    std::function<int32_t(const io_uring_sqe&)> serve = [](const io_uring_sqe&) { return 0; };

    // `first` is where the indexes start.
    fake_device(uint32_t sq_entries, uint32_t cq_entries, uint32_t first = 0)
        : sq_entries_(sq_entries)
        , cq_entries_(cq_entries)
        , sq_head_(first)
        , cq_tail_(first) {
        size_t size = (asyscall_ring_size(sq_entries, cq_entries) + 4095) & ~size_t{4095};
        memory_.reset(static_cast<unsigned char*>(std::aligned_alloc(4096, size)));
        std::memset(memory_.get(), 0, size);
        ring()->driver.sq_tail = ring()->driver.cq_head = first;
        ring()->device.sq_head = ring()->device.cq_tail = first;
    }

    asyscall_ring* ring() { return reinterpret_cast<asyscall_ring*>(memory_.get()); }
    ouros_ring describe() {
        return {reinterpret_cast<uint64_t>(memory_.get()),
                reinterpret_cast<uint64_t>(doorbell_),
                sq_entries_,
                cq_entries_,
                1,
                OUROS_VECTOR_COMPLETION};
    }
    uint32_t doorbell(unsigned offset) { return doorbell_[offset / 4]; }

    // Takes at most `limit` entries, each copied once. Returns how many.
    unsigned accept(unsigned limit = UINT32_MAX) {
        uint32_t tail = ouros::load_acquire(&ring()->driver.sq_tail);
        unsigned taken = 0;
        while (sq_head_ != tail && taken < limit) {
            io_uring_sqe copy;
            std::memcpy(&copy, entries() + (sq_head_ & (sq_entries_ - 1)), sizeof copy);
            ouros::store_release(&ring()->device.sq_head, ++sq_head_);
            taken++;
            if (int32_t result = serve(copy); result != later)
                complete(copy.user_data, result);
        }
        return taken;
    }

    // One completion: into the CQ, or behind those that wait for room.
    void complete(uint64_t user_data, int32_t result, uint32_t flags = 0) {
        if (!overflow_.empty() || !room()) {
            overflow_.push_back({user_data, result, flags});
            set_overflow_flag();
            ouros::store_release(&ring()->device.overflowed, ++overflowed_);
            return;
        }
        write({user_data, result, flags});
    }

    // What a store to DOORBELL_FLUSH does. Returns how many completions found room.
    unsigned flush() {
        unsigned written = 0;
        for (; !overflow_.empty() && room(); written++) {
            write(overflow_.front());
            overflow_.pop_front();
        }
        set_overflow_flag();
        return written;
    }

    // Would the completions since the last question have notified?
    bool notifies() {
        uint32_t before = std::exchange(notified_, cq_tail_);
        ouros::full_fence();
        uint32_t flags = ouros::load_relaxed(&ring()->driver.flags);
        uint32_t event = ouros::load_relaxed(&ring()->driver.cq_event);
        if (before == cq_tail_ || (flags & ASYSCALL_RING_NO_NOTIFY))
            return false;
        return !(flags & ASYSCALL_RING_EVENT_INDEX) || cq_tail_ - event - 1 < cq_tail_ - before;
    }

  private:
    struct completion {
        uint64_t user_data;
        int32_t res;
        uint32_t flags;
    };
    struct release {
        void operator()(unsigned char* memory) const { std::free(memory); }
    };

    io_uring_sqe* entries() {
        return reinterpret_cast<io_uring_sqe*>(memory_.get() + asyscall_sq_offset(cq_entries_));
    }
    bool room() { return cq_tail_ - ouros::load_acquire(&ring()->driver.cq_head) < cq_entries_; }
    void write(const completion& from) {
        auto* entry = reinterpret_cast<io_uring_cqe*>(memory_.get() + ASYSCALL_CQ_OFFSET) +
                      (cq_tail_ & (cq_entries_ - 1));
        entry->user_data = from.user_data;
        entry->res = from.res;
        entry->flags = from.flags;
        ouros::store_release(&ring()->device.cq_tail, ++cq_tail_);
    }
    void set_overflow_flag() {
        ouros::store_release(&ring()->device.flags,
                             overflow_.empty() ? 0u : ASYSCALL_RING_STATUS_OVERFLOW);
    }

    uint32_t sq_entries_, cq_entries_;
    uint32_t sq_head_, cq_tail_;
    uint32_t notified_ = cq_tail_;
    uint32_t overflowed_ = 0;
    std::deque<completion> overflow_;
    std::unique_ptr<unsigned char, release> memory_;
    alignas(8) uint32_t doorbell_[4] = {};
};

#endif // OUROS_FAKE_DEVICE_HPP
