// SPDX-License-Identifier: BSD-2-Clause
//
// Open files of the tree in memory, and nodes opened with O_PATH.
#pragma once

#include "fs/file.h"
#include "fs/tmpfs.h"

namespace kernel {

// 0, or the errno that open gives. `node` is what the path led to, in `parent` if it has a name;
// `opener` may be null.
long open_node(ref<inode> node, ref<tmpfs_directory> parent, uint32_t flags, process* opener,
               ref<file>& made);

// A file that no directory knows: memfd_create. -ENOMEM.
long make_memory_file(uint32_t flags, bool sealable, ref<file>& made);

} // namespace kernel
