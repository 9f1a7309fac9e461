// SPDX-License-Identifier: BSD-2-Clause
//
// A process's sender table: what `uipi SEND` reads, and beside it whom each entry stands for.
//
//   suist ---> entries   | e0 | e1 | e2 | ...    read by the harts, written here; 1 page, which
//                                                doubles when it is full
//              senders   | s0 | s1 | s2 | ...    {receiver, vector}; an index that is free is in
//                                                a list
//
// An entry is what was true when it was written: "the receiver has that slot with that generation".
// When it is not true any more the UINTC refuses the sender, or the entry is not valid, and send()
// does it instead and writes the entry anew.
//
// A table that has grown keeps its former arrays until it ends: a hart that runs the process reads
// the one it was given until it enters the kernel. What is written is written to all of them.
#pragma once

#include <cstdint>

#include "lib/list.h"
#include "lib/ref.h"
#include "lib/spinlock.h"
#include "memory/pages.h"
#include "uintr/receiver.h"

namespace kernel {

class sender_table : public list_node<sender_table> {
  public:
    sender_table();
    ~sender_table();

    // The index, -ENOMEM, -ENOSPC.
    long add(const uintr_target& target);
    // 0, -EINVAL: there is no such sender.
    long remove(uint64_t index);
    // 0; -EINVAL; -ESRCH: the receiver has ended.
    long send(uint64_t index);

    uint64_t suist() const { return suist_.load(std::memory_order_relaxed); }

    // Makes every entry that names the slot invalid.
    void forget(unsigned slot);

  private:
    struct sender {
        ref<uintr_receiver> target; // none: the index is free
        uint16_t vector;
        uint32_t next_free; // another free index + 1
    };
    static constexpr unsigned sizes = 7; // 1, 2, 4 ... 64 pages
    static constexpr uint32_t page_entries = 512;
    static constexpr uint32_t block_entries = 512;
    static constexpr unsigned max_blocks = (page_entries << (sizes - 1)) / block_entries;

    uint32_t capacity() const { return grown_ ? page_entries << (grown_ - 1) : 0; }
    long grow();
    sender* at(uint64_t index);
    void write(uint32_t index, uint64_t entry);

    spinlock lock_;
    unsigned grown_ = 0; // how many arrays there are
    volatile uint64_t* entries_[sizes] = {};
    sender* blocks_[max_blocks] = {};
    uint32_t used_ = 0; // indices that were ever given
    uint32_t free_ = 0; // the first free one below + 1
    std::atomic<uint64_t> suist_{0};
};

// Every table.
void forget_slot(unsigned slot);

} // namespace kernel
