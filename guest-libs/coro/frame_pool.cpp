// SPDX-License-Identifier: BSD-2-Clause

#include <new>
#include <ouros/frame_pool.hpp>

namespace ouros {

constinit thread_local frame_pool::free_frame* frame_pool::lists_[classes] = {};

// Takes 16 frames from malloc at a time; they stay with the pool.
void* frame_pool::refill(size_t size) {
    constexpr size_t frames = 16;
    size_t index = (size - 1) / granule;
    if (index >= classes)
        return ::operator new(size);
    size_t frame_size = (index + 1) * granule;
    auto* memory = static_cast<std::byte*>(::operator new(frames* frame_size));
    for (size_t i = 1; i < frames; i++)
        release(memory + i * frame_size, size);
    return memory;
}

} // namespace ouros
