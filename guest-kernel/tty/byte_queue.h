// SPDX-License-Identifier: BSD-2-Clause
//
// A queue of bytes in a ring of fixed size. Not synchronised.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel {

template <size_t Size>
class byte_queue {
    static_assert((Size & (Size - 1)) == 0);

  public:
    size_t size() const { return head_ - tail_; }
    size_t room() const { return Size - size(); }
    bool empty() const { return head_ == tail_; }
    void clear() { tail_ = head_; }

    void put(uint8_t byte) { bytes_[head_++ % Size] = byte; } // there is room
    uint8_t take() { return bytes_[tail_++ % Size]; }         // it is not empty

    // How many bytes lie in one piece at the front, and where.
    size_t front(const uint8_t*& bytes) const {
        size_t to_end = Size - tail_ % Size;
        bytes = bytes_ + tail_ % Size;
        return size() < to_end ? size() : to_end;
    }
    void drop(size_t count) { tail_ += count; }

  private:
    uint8_t bytes_[Size];
    size_t head_ = 0;
    size_t tail_ = 0;
};

} // namespace kernel
