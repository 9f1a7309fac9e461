// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>

#include "lib/ref.h"

namespace kernel {

class thread;

// One of the running thread's process, or the first of another; 0 is the caller. Null: there is
// none.
ref<thread> thread_with(uint64_t id);

} // namespace kernel
