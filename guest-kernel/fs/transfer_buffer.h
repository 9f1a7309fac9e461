// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>

#include "memory/pages.h"

namespace kernel {

// How much one request moves: a compromise between requests and memory held.
inline constexpr size_t chunk_max = 64 * 1024;

// Memory that the device may use: contiguous, and the kernel's until the result is there.
class transfer_buffer {
  public:
    explicit transfer_buffer(size_t wanted) {
        size_t size = wanted < chunk_max ? wanted : chunk_max;
        // Less will do when memory is short or in pieces.
        for (unsigned order = order_for(size);; order--) {
            data_ = static_cast<uint8_t*>(allocate_pages(order));
            if (data_) {
                size_ = size < (page_size << order) ? size : page_size << order;
                return;
            }
            if (order == 0)
                return;
        }
    }
    ~transfer_buffer() {
        if (data_)
            free_pages(data_);
    }
    transfer_buffer(const transfer_buffer&) = delete;
    transfer_buffer& operator=(const transfer_buffer&) = delete;

    uint8_t* data() const { return data_; }
    size_t size() const { return size_; }

  private:
    uint8_t* data_ = nullptr;
    size_t size_ = 0;
};

} // namespace kernel
