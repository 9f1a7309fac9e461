// SPDX-License-Identifier: BSD-2-Clause
#pragma once

namespace kernel {

// Gives the free RAM to the page allocator. False: there is not even room for its tables.
bool boot_memory_start();

} // namespace kernel
