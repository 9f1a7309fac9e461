// SPDX-License-Identifier: BSD-2-Clause
#include "drivers/spare.h"

#include <atomic>

#include "device-tree/machine.h"

namespace kernel {

namespace {
std::atomic<uint32_t> taken[machine_description::max_spare];
}

bool spare_take(unsigned index) {
    return !taken[index].exchange(1, std::memory_order_acquire);
}

void spare_return(unsigned index) {
    taken[index].store(0, std::memory_order_release);
}

} // namespace kernel
