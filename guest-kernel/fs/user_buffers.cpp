// SPDX-License-Identifier: BSD-2-Clause
#include "fs/user_buffers.h"

#include <new>
#include <utility>

#include "schedule/preempt.h"

namespace kernel {

user_buffers::user_buffers(address_space& space, user_address base, uint64_t size)
    : space_(&space) {
    remaining_ = size < max_transfer ? size : max_transfer;
    inline_[0] = {base, remaining_};
}

user_buffers::user_buffers(void* kernel_memory, size_t size) {
    remaining_ = size;
    inline_[0] = {to_physical(kernel_memory), size};
}

user_buffers::user_buffers(user_buffers&& other) noexcept {
    take_over(other);
}

user_buffers& user_buffers::operator=(user_buffers&& other) noexcept {
    if (this != &other) {
        release();
        take_over(other);
    }
    return *this;
}

user_buffers::~user_buffers() {
    release();
}

void user_buffers::release() {
    if (segments_ != inline_)
        delete[] segments_;
    segments_ = inline_;
}

void user_buffers::take_over(user_buffers& other) {
    space_ = std::move(other.space_);
    for (size_t i = 0; i < inline_segments; i++)
        inline_[i] = other.inline_[i];
    segments_ = other.segments_ == other.inline_ ? inline_ : other.segments_;
    current_ = other.current_;
    offset_ = other.offset_;
    remaining_ = other.remaining_;
    other.segments_ = other.inline_;
    other.remaining_ = 0;
}

long user_buffers::load(address_space& space, user_address iovec, uint64_t count) {
    static_assert(sizeof(segment) == 16, "struct iovec of a 64-bit program");
    if (count > max_segments)
        return -EINVAL;
    release();
    if (count > inline_segments) {
        auto* more = new (std::nothrow) segment[count];
        if (!more)
            return -ENOMEM;
        segments_ = more;
    }
    space_ = ref<address_space>(&space);
    current_ = offset_ = remaining_ = 0;
    if (count == 0)
        return 0;
    if (long error = copy_from_user(space, segments_, iovec, count * sizeof(segment)); error < 0)
        return error;
    preemption_point();
    preemption_steps<256> steps;
    for (size_t i = 0; i < count; i++) {
        steps.step();
        if (static_cast<int64_t>(segments_[i].size) < 0)
            return -EINVAL;
        if (segments_[i].size > max_transfer - remaining_)
            segments_[i].size = max_transfer - remaining_;
        remaining_ += segments_[i].size;
    }
    return 0;
}

size_t user_buffers::piece(uint64_t& address, size_t limit) {
    while (offset_ == segments_[current_].size) {
        current_++;
        offset_ = 0;
    }
    address = segments_[current_].base + offset_;
    size_t size = segments_[current_].size - offset_;
    size_t in_page = page_size - address % page_size;
    size = size < in_page ? size : in_page;
    return size < limit ? size : limit;
}

void user_buffers::advance(size_t size) {
    offset_ += size;
    remaining_ -= size;
}

long user_buffers::put(const void* from, size_t size) {
    auto* source = static_cast<const uint8_t*>(from);
    return each(size, protection_write, [&](uint8_t* memory, size_t count) {
        __builtin_memcpy(memory, source, count);
        source += count;
        return static_cast<long>(count);
    });
}

long user_buffers::take(void* to, size_t size) {
    auto* target = static_cast<uint8_t*>(to);
    return each(size, protection_read, [&](uint8_t* memory, size_t count) {
        __builtin_memcpy(target, memory, count);
        target += count;
        return static_cast<long>(count);
    });
}

} // namespace kernel
