// SPDX-License-Identifier: BSD-2-Clause
#include "io_uring/registered.h"

#include <new>
#include <utility>

#include "lib/error.h"

namespace kernel {

long registered_files::create(uint32_t size) {
    if (!size)
        return -EINVAL;
    if (size > most)
        return -EMFILE;
    auto* numbers = new (std::nothrow) uint32_t[size]();
    if (!numbers)
        return -ENOMEM;
    lock_guard guard(lock_);
    if (numbers_) {
        guard.unlock();
        delete[] numbers;
        return -EBUSY;
    }
    numbers_ = numbers;
    size_ = range_end_ = size;
    range_start_ = 0;
    return 0;
}

long registered_files::end(fd_table& files) {
    lock_guard guard(lock_);
    uint32_t* numbers = std::exchange(numbers_, nullptr);
    uint32_t size = std::exchange(size_, 0);
    guard.unlock();
    if (!numbers)
        return -ENXIO;
    for (uint32_t i = 0; i < size; i++)
        if (numbers[i] != none)
            files.let_go(numbers[i]);
    delete[] numbers;
    return 0;
}

bool registered_files::exists() {
    lock_guard guard(lock_);
    return numbers_;
}

uint32_t registered_files::size() {
    lock_guard guard(lock_);
    return size_;
}

long registered_files::put(fd_table& files, uint32_t slot, ref<file> f, bool only_if_free) {
    long number = none;
    if (f) {
        number = files.keep(std::move(f));
        if (number < 0)
            return number;
    }
    lock_guard guard(lock_);
    long error = !numbers_ ? -ENXIO : slot >= size_ ? -EINVAL : 0;
    if (error == 0 && only_if_free && numbers_[slot] != none)
        error = -EBUSY;
    uint32_t unused = uint32_t(number);
    if (error == 0)
        unused = std::exchange(numbers_[slot], uint32_t(number));
    guard.unlock();
    if (unused != none)
        files.let_go(unused);
    return error;
}

long registered_files::set(fd_table& files, uint32_t slot, ref<file> f) {
    return put(files, slot, std::move(f), false);
}

long registered_files::set_any(fd_table& files, ref<file> f) {
    for (;;) {
        uint32_t slot;
        {
            lock_guard guard(lock_);
            if (!numbers_)
                return -ENXIO;
            for (slot = range_start_; slot < range_end_ && numbers_[slot] != none;)
                slot++;
            if (slot == range_end_)
                return -ENFILE;
        }
        long error = put(files, slot, f, true);
        if (error != -EBUSY)
            return error < 0 ? error : long(slot);
    }
}

long registered_files::set_range(uint32_t from, uint32_t count) {
    lock_guard guard(lock_);
    if (!numbers_)
        return -ENXIO;
    if (uint32_t(from + count) < from)
        return -EOVERFLOW;
    if (from > size_ || count > size_ - from)
        return -EINVAL;
    range_start_ = from;
    range_end_ = from + count;
    return 0;
}

long registered_files::number(uint32_t slot) {
    lock_guard guard(lock_);
    return slot < size_ && numbers_[slot] != none ? long(numbers_[slot]) : -EBADF;
}

long registered_buffers::create(uint32_t size) {
    if (!size || size > most)
        return -EINVAL;
    auto* buffers = new (std::nothrow) registered_buffer[size];
    if (!buffers)
        return -ENOMEM;
    lock_guard guard(lock_);
    if (buffers_) {
        guard.unlock();
        delete[] buffers;
        return -EBUSY;
    }
    buffers_ = buffers;
    size_ = size;
    return 0;
}

long registered_buffers::end() {
    lock_guard guard(lock_);
    registered_buffer* buffers = std::exchange(buffers_, nullptr);
    size_ = 0;
    guard.unlock();
    delete[] buffers;
    return buffers ? 0 : -ENXIO;
}

bool registered_buffers::exists() {
    lock_guard guard(lock_);
    return buffers_;
}

long registered_buffers::set(uint32_t slot, registered_buffer b) {
    lock_guard guard(lock_);
    if (!buffers_)
        return -ENXIO;
    if (slot >= size_)
        return -EINVAL;
    buffers_[slot] = b;
    return 0;
}

long registered_buffers::check(uint32_t slot, uint64_t address, uint64_t size) {
    lock_guard guard(lock_);
    if (slot >= size_)
        return -EFAULT;
    const registered_buffer& b = buffers_[slot];
    if (address < b.address || address - b.address > b.size ||
        size > b.size - (address - b.address))
        return -EFAULT;
    return 0;
}

} // namespace kernel
