// SPDX-License-Identifier: BSD-2-Clause
//
// What an address space tells those who look at it: procfs, mincore.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fs/shared_text.h"
#include "memory/user_memory.h"

namespace kernel {

// Where what is in the space, as far as that has names. 0: unknown.
struct address_layout {
    user_address code_start = 0, code_end = 0;
    user_address data_start = 0, data_end = 0;
    user_address break_start = 0, break_end = 0;
    user_address stack_bottom = 0, stack_start = 0;
    user_address arguments = 0, arguments_end = 0;
    user_address environment = 0, environment_end = 0;
    user_address scheduler_image = 0; // an address in it
};

struct area_view {
    user_address start = 0;
    user_address end = 0;
    uint8_t protection = 0;
    bool shared = false;
    bool fixed = false; // of a device, or of the kernel
    uint64_t offset = 0;
    ref<shared_text> name; // of the file; null: none, or unknown
};

struct area_sums { // bytes
    size_t code = 0, data = 0, stack = 0, shared = 0;
};

} // namespace kernel
