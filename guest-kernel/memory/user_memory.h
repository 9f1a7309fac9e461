// SPDX-License-Identifier: BSD-2-Clause
//
// The kernel has its own address space, so user memory is reached by walking the process's page
// table: each page is checked for U and the access wanted, faulted in if it is demand memory, and
// copied through the kernel's map of RAM. No user pointer is ever dereferenced.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/error.h"

namespace kernel {

class address_space;

using user_address = uint64_t;

enum protection : uint8_t {
    protection_none = 0,
    protection_read = 1, // PROT_READ, PROT_WRITE and PROT_EXEC
    protection_write = 2,
    protection_execute = 4,
};

// 0 or -EFAULT (nothing or a prefix was copied), -ENOMEM.
long copy_from_user(address_space& space, void* to, user_address from, size_t size);
long copy_to_user(address_space& space, user_address to, const void* from, size_t size);
// The same with preemption points: without a lock.
long copy_much_to_user(address_space& space, user_address to, const void* from, size_t size);
long zero_user(address_space& space, user_address to, size_t size);

// Without a lock: has preemption points. A zero-terminated string of at most size - 1 bytes. Its
// length, -EFAULT, or -ENAMETOOLONG.
long user_string(address_space& space, char* to, user_address from, size_t size);

namespace detail {

// Small objects that lie as the machine likes them, in one page, are loaded and stored directly.
template <class T>
constexpr size_t direct_alignment = sizeof(T) % 8 == 0 ? 8
                                    : sizeof(T) == 4   ? 4
                                                       : 1;
template <class T>
bool is_direct(user_address at) {
    constexpr size_t page = 4096;
    return direct_alignment<T> > 1 && sizeof(T) <= 64 && at % direct_alignment<T> == 0 &&
           at % page + sizeof(T) <= page;
}

} // namespace detail

template <class T, class Space = address_space>
long read_user(Space& space, T& to, user_address from) {
    if (detail::is_direct<T>(from))
        return space.with_page(from, protection_read, [&](void* p) {
            __builtin_memcpy(&to, __builtin_assume_aligned(p, detail::direct_alignment<T>),
                             sizeof(T));
        });
    return copy_from_user(space, &to, from, sizeof(T));
}
template <class T, class Space = address_space>
long write_user(Space& space, user_address to, const T& from) {
    if (detail::is_direct<T>(to))
        return space.with_page(to, protection_write, [&](void* p) {
            __builtin_memcpy(__builtin_assume_aligned(p, detail::direct_alignment<T>), &from,
                             sizeof(T));
        });
    return copy_to_user(space, to, &from, sizeof(T));
}

} // namespace kernel
