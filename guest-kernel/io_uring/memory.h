// SPDX-License-Identifier: BSD-2-Clause
//
// The memory that a program shares with its io_uring. It is two things: io_uring's submission side,
// which the kernel reads, and a queue pair's ring, of which the program is shown the completions.
//
//   mmap at IORING_OFF_SQ_RING, or IORING_OFF_CQ_RING: the same pages
//     io_uring_words       see there
//     uint32_t array[]     written by the program, unless IORING_SETUP_NO_SQARRAY: which entry is
//                          the next
//   next page
//     struct asyscall_ring (<ouros/asyscall.h>), up to its completions: the program writes cq_head
//                          only, the device cq_tail and the CQEs. The other words the kernel
//                          writes; a program that does spoils its own ring.
//   mmap at IORING_OFF_SQES
//     struct io_uring_sqe[]  written by the program
//
// The device has no array, and its own SQ is where the kernel copies entries to: io_uring's are
// mapped by themselves, at the start of a page, and may be checked and translated on the way
// (registered files and buffers, restrictions), so the device need not know of any of that.
#pragma once

#include <ouros/asyscall.h>

#include "memory/page_object.h"
#include "memory/pages.h"

namespace kernel {

struct io_uring_words {
    uint32_t sq_head; // kernel: the next to be taken
    uint32_t sq_tail; // program
    uint32_t sq_mask; // these four: kernel, once
    uint32_t sq_entries;
    uint32_t cq_mask;
    uint32_t cq_entries;
    uint32_t sq_flags;    // kernel: IORING_SQ_*
    uint32_t sq_dropped;  // kernel: bad numbers in the array
    uint32_t cq_overflow; // 0: no completion is dropped
    uint32_t cq_flags;    // program: IORING_CQ_*
    uint32_t reserved[6];
};
static_assert(sizeof(io_uring_words) == 64);

class io_uring_memory final : public page_object {
  public:
    // Null: no memory.
    static ref<io_uring_memory> create(uint32_t sq_entries, uint32_t cq_entries,
                                       uint32_t device_entries);
    ~io_uring_memory();

    result<void*> shared_page(uint64_t index) override;

    io_uring_words& words() const { return *static_cast<io_uring_words*>(words_.pages); }
    uint32_t* array() const { return reinterpret_cast<uint32_t*>(&words() + 1); }
    asyscall_ring& device() const { return *static_cast<asyscall_ring*>(device_.pages); }
    io_uring_sqe* device_entries() const { return device_entries_; }
    const io_uring_cqe* completions() const {
        return reinterpret_cast<const io_uring_cqe*>(static_cast<uint8_t*>(device_.pages) +
                                                     ASYSCALL_CQ_OFFSET);
    }
    const io_uring_sqe* entries() const { return static_cast<const io_uring_sqe*>(entries_.pages); }
    // Of the program's mapping.
    uint32_t device_offset() const { return uint32_t(words_.size); }

  private:
    // Pages in a row; each of them has a reference for the object.
    struct block {
        void* pages = nullptr;
        size_t size = 0;
        bool allocate(size_t bytes);
        void release();
    };
    io_uring_memory() = default;

    block words_, device_, entries_;
    size_t device_shown_ = 0;
    io_uring_sqe* device_entries_ = nullptr;
};

} // namespace kernel
