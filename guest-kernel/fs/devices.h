// SPDX-License-Identifier: BSD-2-Clause
//
// Character devices by their Linux numbers: null, zero, full, random, urandom, tty, console, ttyS1.
#pragma once

#include "fs/file.h"

namespace kernel {

class process;

struct device_name {
    const char* path;
    uint32_t major;
    uint32_t minor;
};

// What /dev has.
inline constexpr device_name device_names[] = {
    {"/dev/null", 1, 3},    {"/dev/zero", 1, 5}, {"/dev/full", 1, 7},    {"/dev/random", 1, 8},
    {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},  {"/dev/console", 5, 1}, {"/dev/ttyS1", 4, 65},
};

// 0, -ENXIO (no such device), -EBUSY (a process drives it) or -ENOMEM. `opener` may be null.
long open_device(uint32_t major, uint32_t minor, uint32_t flags, const file_attributes& attributes,
                 process* opener, ref<file>& made);

// Also getrandom's source. Good for hash seeds and tests; the machine is deterministic, so it
// keeps nothing secret.
void random_bytes(void* to, size_t size);

} // namespace kernel
