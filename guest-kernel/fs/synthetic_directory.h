// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "fs/file.h"
#include "fs/synthetic.h"

namespace kernel {

// 0, -EISDIR, -ENOMEM.
long open_synthetic_directory(ref<synthetic_node> node, uint32_t flags, ref<file>& made);

} // namespace kernel
