// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "fs/tmpfs_nodes.h"
#include "lib/registry.h"

namespace kernel {

// A synthetic file system that is mounted when the kernel starts.
struct file_system {
    const char* name;
    const char* mount_point;
    // Null: no memory.
    ref<inode> (*make_root)(tmpfs_directory* covered);
    // Symbolic links that are made elsewhere, unless something is there.
    struct link {
        const char* path;
        const char* target;
    };
    std::span<const link> links = {};
};
REGISTRY(file_system, file_systems)

} // namespace kernel
