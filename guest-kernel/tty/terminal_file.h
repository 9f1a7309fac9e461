// SPDX-License-Identifier: BSD-2-Clause
//
// An open terminal.
#pragma once

#include "fs/file.h"
#include "tty/terminal.h"

namespace kernel {

// `attributes` are what stat says. Null: no memory.
ref<file> open_terminal_file(ref<terminal> t, uint32_t flags, const file_attributes& attributes);

} // namespace kernel
