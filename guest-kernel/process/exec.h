// SPDX-License-Identifier: BSD-2-Clause
//
// Makes an address space for a program: segments, stack with arguments, environment and auxiliary
// vector, the scheduler image.
#pragma once

#include <cstdint>

#include "memory/address_space.h"

namespace kernel {

class process;

// NUL-terminated strings one after another.
struct string_block {
    const char* data = nullptr;
    size_t size = 0;
    size_t count = 0;
    static string_block of(const char* data, size_t size); // counts; ignores an unterminated tail
};

inline constexpr size_t arguments_limit = 2 << 20; // as Linux: a quarter of the stack

struct program_image {
    ref<address_space> space;
    user_address entry = 0;
    user_address stack = 0;
};

// 0 or -errno; `why` is for the log. `stack_limit`: RLIMIT_STACK, how large the stack may become.
long make_program_image(ref<memory_object> file, const char* path, const string_block& arguments,
                        const string_block& environment, uint64_t stack_limit, program_image& out,
                        const char*& why);

// Its name is the last component of the program's path.
void name_process(process& p, const char* path);

} // namespace kernel
