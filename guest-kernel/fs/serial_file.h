// SPDX-License-Identifier: BSD-2-Clause
//
// /dev/ttyS1: the first UART that the kernel has no need of, as a file of raw bytes.
#pragma once

#include "fs/file.h"

namespace kernel {

// 0; -ENXIO: there is no second UART; -EBUSY: a process drives it; -ENOMEM.
long open_serial(uint32_t flags, const file_attributes& attributes, ref<file>& made);

} // namespace kernel
