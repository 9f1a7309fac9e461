// SPDX-License-Identifier: BSD-2-Clause
//
// What the file system layers share: mode bits, limits, times, attributes. The values are
// Linux's for riscv64; they are spelled out here because this code is also compiled on the
// build machine (unit tests), whose C library has its own idea of the headers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/error.h"
#include "memory/pages.h"

namespace kernel {

inline constexpr size_t path_max = 4096; // with the terminating NUL
inline constexpr size_t name_max = 255;
inline constexpr unsigned symlink_depth_max = 40;
inline constexpr uint64_t file_size_max = INT64_MAX;

// Device numbers of file systems: the tree in memory and, as Linux numbers those without a device,
// the synthetic ones. A file that has no place in any has 0.
inline constexpr uint64_t tree_device = 1, synthetic_device = 4;

inline constexpr uint32_t mode_type_mask = 0170000;
inline constexpr uint32_t mode_fifo = 0010000;
inline constexpr uint32_t mode_character = 0020000;
inline constexpr uint32_t mode_directory = 0040000;
inline constexpr uint32_t mode_regular = 0100000;
inline constexpr uint32_t mode_symlink = 0120000;
inline constexpr uint32_t mode_socket = 0140000;
inline constexpr uint32_t mode_permissions = 07777;

struct file_time {
    int64_t seconds = 0;
    uint32_t nanoseconds = 0;
};

// What stat, statx and getdents tell about a file.
struct file_attributes {
    uint64_t device = 0;
    uint64_t inode = 0;
    uint32_t mode = 0;
    uint32_t links = 0;
    uint32_t uid = 0;
    uint32_t gid = 0;
    uint64_t device_id = 0; // of a device node
    uint64_t size = 0;
    uint64_t blocks = 0; // of 512 bytes
    file_time accessed;
    file_time modified;
    file_time changed;
};

} // namespace kernel
