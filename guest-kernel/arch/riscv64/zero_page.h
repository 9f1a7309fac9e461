// SPDX-License-Identifier: BSD-2-Clause
//
// Clearing pages: by cache blocks where the harts can (Zicboz), otherwise by stores.
#pragma once

#include <cstdint>

namespace kernel::arch {

// Boot: finds out whether blocks of this size (the device tree's, 0: none) can be cleared.
void start_block_zeroing(uint32_t block_size);
void zero_page(void* page);

} // namespace kernel::arch
