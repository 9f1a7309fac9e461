// SPDX-License-Identifier: BSD-2-Clause
//
// The memory side of a read or write: the segments a program named (one, or an iovec that is
// read once), or memory of the kernel. A cursor: what was transferred is behind it.
#pragma once

#include <cstdint>

#include "lib/error.h"
#include "lib/ref.h"
#include "memory/address_space.h"

namespace kernel {

inline constexpr size_t max_transfer = 0x7ffff000; // as Linux: what one call moves at most
inline constexpr size_t max_segments = 1024;

class user_buffers {
  public:
    user_buffers() = default;
    user_buffers(address_space& space, user_address base, uint64_t size);
    user_buffers(void* kernel_memory, size_t size);
    user_buffers(user_buffers&& other) noexcept;
    user_buffers& operator=(user_buffers&& other) noexcept;
    ~user_buffers();

    // Takes struct iovec[count] from `space`. 0, -EFAULT, -EINVAL (count, or sizes that
    // overflow), -ENOMEM.
    long load(address_space& space, user_address iovec, uint64_t count);

    size_t remaining() const { return remaining_; }
    bool empty() const { return remaining_ == 0; }

    // Copies at most `size` bytes and moves on. Bytes copied, which are fewer at an address that
    // isn't the program's; -EFAULT or -ENOMEM if there were none.
    long put(const void* from, size_t size);
    long take(void* to, size_t size);

    // Calls use(pointer, size) with pieces of the memory, none across a page, until `limit`
    // bytes are done or `use`, which returns how many bytes it used, uses less than it got.
    // Result as above, or what `use` returned if it was an error and nothing was done before.
    // The pages can't go away during `use`, which must not wait or touch user memory.
    template <class F>
    long each(size_t limit, uint8_t access, F&& use);

  private:
    struct segment {
        uint64_t base;
        uint64_t size;
    };
    static constexpr size_t inline_segments = 4;

    void release();
    void take_over(user_buffers& other);
    // The next piece: at most `limit` bytes, not across a page.
    size_t piece(uint64_t& address, size_t limit);
    void advance(size_t size);

    ref<address_space> space_; // null: kernel memory
    segment inline_[inline_segments] = {};
    segment* segments_ = inline_;
    size_t current_ = 0;
    size_t offset_ = 0; // in the current segment
    size_t remaining_ = 0;
};

template <class F>
long user_buffers::each(size_t limit, uint8_t access, F&& use) {
    size_t done = 0;
    while (done < limit && remaining_ > 0) {
        uint64_t address;
        size_t size = piece(address, limit - done);
        long used = 0;
        if (space_) {
            long error = space_->with_page(address, access, [&](void* memory) {
                used = use(static_cast<uint8_t*>(memory), size);
            });
            if (error < 0)
                return done > 0 ? static_cast<long>(done) : error;
        } else {
            used = use(from_physical<uint8_t>(address), size);
        }
        if (used < 0)
            return done > 0 ? static_cast<long>(done) : used;
        advance(used);
        done += used;
        if (static_cast<size_t>(used) < size)
            break;
    }
    return done;
}

} // namespace kernel
