// SPDX-License-Identifier: BSD-2-Clause
//
// Pipes and eventfds: what is written comes out again, and whoever finds nothing to read or no
// room to write waits.
#pragma once

#include "fs/file.h"

namespace kernel {

// Two ends of a new pipe. 0 or -ENOMEM. flags: O_NONBLOCK.
long make_pipe(uint32_t flags, ref<file>& reader, ref<file>& writer);

// eventfd2's flags. 0, -EINVAL or -ENOMEM.
long make_eventfd(uint32_t initial, uint32_t flags, ref<file>& made);

} // namespace kernel
