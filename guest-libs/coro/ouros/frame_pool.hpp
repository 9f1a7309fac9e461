// SPDX-License-Identifier: BSD-2-Clause
//
// Memory of coroutine frames: free lists per thread, one per multiple of 64 bytes. A frame that is
// freed on another thread goes to that thread's list. What is larger than the lists go is malloc's.
#ifndef OUROS_FRAME_POOL_HPP
#define OUROS_FRAME_POOL_HPP

#include <cstddef>

namespace ouros {

class frame_pool {
  public:
    static constexpr size_t granule = 64;
    static constexpr size_t classes = 32; // frames of up to 2048 bytes

    static void* allocate(size_t size);
    static void release(void* frame, size_t size);

  private:
    struct free_frame {
        free_frame* next;
    };
    static void* refill(size_t size);

    [[gnu::tls_model("local-exec")]] static constinit thread_local free_frame* lists_[classes];
};

inline void* frame_pool::allocate(size_t size) {
    size_t index = (size - 1) / granule;
    if (index < classes) [[likely]] {
        if (free_frame* frame = lists_[index]) [[likely]] {
            lists_[index] = frame->next;
            return frame;
        }
    }
    return refill(size);
}

inline void frame_pool::release(void* memory, size_t size) {
    size_t index = (size - 1) / granule;
    if (index < classes) [[likely]] {
        auto* frame = static_cast<free_frame*>(memory);
        frame->next = lists_[index];
        lists_[index] = frame;
        return;
    }
    ::operator delete(memory);
}

} // namespace ouros

#endif // OUROS_FRAME_POOL_HPP
