// SPDX-License-Identifier: BSD-2-Clause
//
// A queue pair of the asyscall device, from the program's side. ouros/asyscall.h draws the ring
// memory and says which fence belongs where; entries are io_uring's.
//
//   if (io_uring_sqe* entry = ring.try_get())       full: nullptr, submit and try again later
//       ring::fill(entry, IORING_OP_NOP, ...);
//   ring.submit();                                  one doorbell for all since the last
//   ring.reap([](uint64_t user_data, int32_t result, uint32_t flags) { ... });
//
// Submitting belongs to the thread's normal code, reaping to whoever has user interrupts off: the
// handler, or the thread itself. The two halves share nothing but the ring memory.
//
// Indexes are kept in 64 bits and cut to 32 where they are stored, which spares RV64 the sign
// extensions. What the device wrote is checked before it is used as a count: a ring whose indexes
// are impossible is marked broken and left alone.
#ifndef OUROS_RING_HPP
#define OUROS_RING_HPP

#include <cstdint>
#include <ouros/asyscall.h>
#include <ouros/kernel.h>
#include <ouros/ordering.h>

namespace ouros {

class ring {
  public:
    constexpr ring() = default;

    explicit ring(const ouros_ring& where)
        : shared_(reinterpret_cast<asyscall_ring*>(where.ring))
        , doorbell_(reinterpret_cast<unsigned char*>(where.doorbell))
        , entries_(
              reinterpret_cast<io_uring_sqe*>(where.ring + asyscall_sq_offset(where.cq_entries)))
        , completions_(reinterpret_cast<const io_uring_cqe*>(where.ring + ASYSCALL_CQ_OFFSET))
        , completions_end_(completions_ + where.cq_entries)
        , sq_size_(where.sq_entries)
        , sq_mask_(where.sq_entries - 1)
        , sq_limit_(where.sq_entries)
        , cq_mask_(where.cq_entries - 1) {
        sq_tail_ = submitted_ = load_relaxed(&shared_->driver.sq_tail);
        sq_limit_ = sq_tail_ + sq_size_;
        cq_head_ = load_relaxed(&shared_->driver.cq_head);
        refresh_limit();
    }

    bool attached() const { return shared_ != nullptr; }
    bool broken() const {
        return broken_ || (load_relaxed(&shared_->device.flags) & ASYSCALL_RING_STATUS_BROKEN) != 0;
    }
    uint64_t sq_entries() const { return sq_size_; }
    uint64_t cq_entries() const { return cq_mask_ + 1; }

    // The next free entry, which is the caller's until submit; nullptr when the SQ is full.
    io_uring_sqe* try_get() {
        uint64_t tail = sq_tail_;
        if (tail == sq_limit_ && !refresh_limit()) [[unlikely]]
            return nullptr;
        sq_tail_ = tail + 1;
        return &entries_[tail & sq_mask_];
    }

    // Five stores: the rest of an entry (buffer index, personality, addr3) stays 0, as the ring
    // memory came from the kernel. Whoever sets those fields clears them again for the next user.
    static void fill(io_uring_sqe* entry, uint8_t opcode, int fd, uint64_t address, uint32_t length,
                     uint64_t offset, uint64_t user_data, uint32_t operation_flags = 0,
                     uint8_t entry_flags = 0) {
        using word [[gnu::may_alias]] = uint64_t;
        word* words = reinterpret_cast<word*>(entry);
        words[0] = opcode | uint64_t{entry_flags} << 8 | uint64_t{static_cast<uint32_t>(fd)} << 32;
        words[1] = offset;
        words[2] = address;
        words[3] = length | uint64_t{operation_flags} << 32;
        words[4] = user_data;
    }

    // Entries that the device has not been told of.
    uint64_t unsubmitted() const { return sq_tail_ - submitted_; }

    // Hands over everything filled since the last time; one doorbell.
    void submit() {
        submitted_ = sq_tail_;
        store_release(&shared_->driver.sq_tail, static_cast<uint32_t>(sq_tail_));
        ring_doorbell(ASYSCALL_DOORBELL_SUBMIT);
    }

    // Calls consume(user_data, result, flags) for every completion that is there. Returns how many.
    template <typename Consume>
    uint64_t reap(Consume&& consume) {
        uint64_t head = cq_head_;
        uint32_t count = load_acquire(&shared_->device.cq_tail) - static_cast<uint32_t>(head);
        if (count == 0) {
            // The device may have found the queue full before it saw the last store to cq_head.
            flush_overflow();
            return 0;
        }
        if (count > cq_mask_ + 1) [[unlikely]] {
            broken_ = true;
            return 0;
        }
        const io_uring_cqe* entry = completions_ + (head & cq_mask_);
        const io_uring_cqe* end = entry + count;
        if (end > completions_end_) [[unlikely]] { // up to the end of the queue, then the rest
            for (; entry != completions_end_; entry++)
                consume(entry->user_data, entry->res, entry->flags);
            end -= cq_mask_ + 1;
            entry = completions_;
        }
        for (; entry != end; entry++)
            consume(entry->user_data, entry->res, entry->flags);
        head += count;
        cq_head_ = head;
        store_release(&shared_->driver.cq_head, static_cast<uint32_t>(head));
        flush_overflow();
        return count;
    }

    // Completions that are there and not yet reaped.
    uint32_t ready() const {
        return load_acquire(&shared_->device.cq_tail) - static_cast<uint32_t>(cq_head_);
    }
    uint64_t reaped() const { return cq_head_; }
    // Completions that have gone through the device's overflow list.
    uint32_t overflowed() const { return load_relaxed(&shared_->device.overflowed); }

    // Notification. After switching it back on, look at the CQ once more before sleeping; the
    // fence in here makes that look count.
    void notify_always() { set_flags(0); }
    void notify_never() { set_flags(ASYSCALL_RING_NO_NOTIFY); }
    // Only when this many more completions than now reaped are there.
    void notify_after(uint32_t count) {
        store_relaxed(&shared_->driver.cq_event, static_cast<uint32_t>(cq_head_) + count - 1);
        set_flags(ASYSCALL_RING_EVENT_INDEX);
    }
    // ... or when the first of them has been there for so many nanoseconds.
    void notify_after(uint32_t count, uint32_t nanoseconds) {
        store_relaxed(&shared_->driver.cq_event, static_cast<uint32_t>(cq_head_) + count - 1);
        store_relaxed(&shared_->driver.cq_delay, nanoseconds);
        set_flags(ASYSCALL_RING_EVENT_INDEX | ASYSCALL_RING_NOTIFY_DELAY);
    }

  private:
    // There is room for completions that overflowed.
    void flush_overflow() {
        if (load_relaxed(&shared_->device.flags) & ASYSCALL_RING_STATUS_OVERFLOW) [[unlikely]]
            ring_doorbell(ASYSCALL_DOORBELL_FLUSH);
    }

    void ring_doorbell(unsigned which) {
        device_write_fence();
        store_relaxed(reinterpret_cast<uint32_t*>(doorbell_ + which), 1u);
    }

    void set_flags(uint32_t flags) {
        store_relaxed(&shared_->driver.flags, flags);
        full_fence();
    }

    // Learns how far the device has read. True: there is room.
    [[gnu::noinline]] bool refresh_limit() {
        // The device has read between 0 and all of what it was given.
        uint32_t unread =
            static_cast<uint32_t>(submitted_) - load_acquire(&shared_->device.sq_head);
        if (unread > sq_size_) {
            broken_ = true;
            return false;
        }
        sq_limit_ = submitted_ - unread + sq_size_;
        return sq_tail_ != sq_limit_;
    }

    asyscall_ring* shared_ = nullptr;
    unsigned char* doorbell_ = nullptr;
    io_uring_sqe* entries_ = nullptr;
    const io_uring_cqe* completions_ = nullptr;
    const io_uring_cqe* completions_end_ = nullptr;
    uint64_t sq_size_ = 0;
    uint64_t sq_mask_ = 0;
    uint64_t sq_tail_ = 0;   // filled
    uint64_t submitted_ = 0; // given to the device
    uint64_t sq_limit_ = 0;  // where try_get has to look again
    uint64_t cq_mask_ = 0;
    uint64_t cq_head_ = 0;
    bool broken_ = false;
};

} // namespace ouros

#endif // OUROS_RING_HPP
