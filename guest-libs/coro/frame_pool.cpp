// SPDX-License-Identifier: BSD-2-Clause

#include <new>
#include <ouros/frame_pool.hpp>
#include <ouros/ordering.h>
#include <utility>

namespace ouros {

constinit thread_local frame_pool::free_frame* frame_pool::lists_[classes] = {};
constinit thread_local frame_pool::free_frame* frame_pool::batches_[classes] = {};
constinit frame_pool::free_frame* frame_pool::shared_[classes] = {};

// A batch that another thread has passed on, or 16 frames from malloc, which stay with the pool.
void* frame_pool::refill(size_t size) {
    constexpr size_t frames = 16;
    size_t index = (size - 1) / granule;
    if (index >= classes)
        return ::operator new(size);
    free_frame*& batches = batches_[index];
    if (!batches && load_relaxed(&shared_[index]))
        batches = exchange(&shared_[index], static_cast<free_frame*>(nullptr));
    if (free_frame* batch = batches) {
        batches = batch->next_batch;
        lists_[index] = batch->next;
        return batch;
    }
    size_t frame_size = (index + 1) * granule;
    auto* memory = static_cast<std::byte*>(::operator new(frames* frame_size));
    for (size_t i = 1; i < frames; i++)
        release(memory + i * frame_size, size);
    return memory;
}

// More are freed on this thread than it needs: whoever runs out of them takes them all at once, so
// that the list needs no lock.
void frame_pool::pass_on(size_t index) {
    free_frame* batch = std::exchange(lists_[index], nullptr);
    free_frame* head = load_relaxed(&shared_[index]);
    do {
        batch->next_batch = head;
    } while (!compare_exchange_release(&shared_[index], head, batch));
}

} // namespace ouros
