// SPDX-License-Identifier: BSD-2-Clause
#include "memory/user_memory.h"

#include <cstring>

#include "memory/address_space.h"
#include "schedule/preempt.h"

namespace kernel {

namespace {

// Calls use(kernel pointer, bytes) page by page.
template <class F>
long each_piece(address_space& space, user_address at, size_t size, uint8_t access, F&& use) {
    if (at >= user_end || size > user_end - at)
        return size ? -EFAULT : 0;
    while (size) {
        size_t piece = page_size - (at & (page_size - 1));
        if (piece > size)
            piece = size;
        bool go_on = true;
        long error = space.with_page(
            at, access, [&](void* p) { go_on = use(static_cast<uint8_t*>(p), piece); });
        if (error < 0)
            return error;
        if (!go_on)
            return 0;
        at += piece;
        size -= piece;
    }
    return 0;
}

} // namespace

long copy_from_user(address_space& space, void* to, user_address from, size_t size) {
    if ((from & (page_size - 1)) + size <= page_size && size - 1 < page_size)
        return space.with_page(from, protection_read, [=](void* p) { memcpy(to, p, size); });
    auto* d = static_cast<uint8_t*>(to);
    return each_piece(space, from, size, protection_read, [&](uint8_t* p, size_t piece) {
        memcpy(d, p, piece);
        d += piece;
        return true;
    });
}

long copy_to_user(address_space& space, user_address to, const void* from, size_t size) {
    if ((to & (page_size - 1)) + size <= page_size && size - 1 < page_size)
        return space.with_page(to, protection_write, [=](void* p) { memcpy(p, from, size); });
    auto* s = static_cast<const uint8_t*>(from);
    return each_piece(space, to, size, protection_write, [&](uint8_t* p, size_t piece) {
        memcpy(p, s, piece);
        s += piece;
        return true;
    });
}

long copy_much_to_user(address_space& space, user_address to, const void* from, size_t size) {
    auto* s = static_cast<const uint8_t*>(from);
    for (size_t done = 0; done < size; done += page_size) {
        size_t piece = size - done < page_size ? size - done : page_size;
        if (long error = copy_to_user(space, to + done, s + done, piece); error < 0)
            return error;
        preemption_point();
    }
    return 0;
}

long zero_user(address_space& space, user_address to, size_t size) {
    return each_piece(space, to, size, protection_write, [&](uint8_t* p, size_t piece) {
        memset(p, 0, piece);
        return true;
    });
}

long user_string(address_space& space, char* to, user_address from, size_t size) {
    size_t length = 0;
    bool ended = false;
    // The string may end right before the end of what a process can have.
    if (from < user_end && size > user_end - from)
        size = user_end - from;
    long error = 0;
    while (error == 0 && !ended && length < size) {
        constexpr size_t at_once = page_size / 2;
        size_t piece = at_once - ((from + length) & (at_once - 1));
        piece = piece < size - length ? piece : size - length;
        error = space.with_page(from + length, protection_read, [&](void* page) {
            size_t n = strnlen(static_cast<char*>(page), piece);
            ended = n < piece;
            memcpy(to + length, page, ended ? n + 1 : n);
            length += n;
        });
        preemption_point();
    }
    if (ended)
        return long(length);
    return error < 0 ? error : -ENAMETOOLONG;
}

} // namespace kernel
