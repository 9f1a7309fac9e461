// SPDX-License-Identifier: BSD-2-Clause
//
// Memory of coroutine frames: free lists per thread, one per multiple of 64 bytes. A frame that is
// freed on another thread goes to that thread's list; what is too much for one goes in batches to
// those that run out, or a thread that only frees would keep everything. What is larger than the
// lists go is malloc's.
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
    static constexpr size_t batch = 64;
    struct free_frame {
        free_frame* next;
        size_t count; // of the list that begins with it
        free_frame* next_batch;
    };
    static_assert(sizeof(free_frame) <= granule);
    static void* refill(size_t size);
    static void pass_on(size_t index);

    [[gnu::tls_model("local-exec")]] static constinit thread_local free_frame* lists_[classes];
    static thread_local free_frame* batches_[classes]; // taken from shared_, and not used yet
    static free_frame* shared_[classes];               // batches; anybody pushes, and takes all
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
        free_frame* head = lists_[index];
        size_t count = head ? head->count + 1 : 1;
        frame->next = head;
        frame->count = count;
        lists_[index] = frame;
        if (count >= batch) [[unlikely]]
            pass_on(index);
        return;
    }
    ::operator delete(memory);
}

} // namespace ouros

#endif // OUROS_FRAME_POOL_HPP
