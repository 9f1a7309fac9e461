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

// 0 or -EFAULT (nothing or a prefix was copied), -ENOMEM.
long copy_from_user(address_space& space, void* to, user_address from, size_t size);
long copy_to_user(address_space& space, user_address to, const void* from, size_t size);
long zero_user(address_space& space, user_address to, size_t size);

// A zero-terminated string of at most size - 1 bytes. Its length, -EFAULT, or -ENAMETOOLONG.
long user_string(address_space& space, char* to, user_address from, size_t size);

template <class T>
long read_user(address_space& space, T& to, user_address from) {
    return copy_from_user(space, &to, from, sizeof(T));
}
template <class T>
long write_user(address_space& space, user_address to, const T& from) {
    return copy_to_user(space, to, &from, sizeof(T));
}

} // namespace kernel
