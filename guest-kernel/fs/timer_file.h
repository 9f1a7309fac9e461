// SPDX-License-Identifier: BSD-2-Clause
//
// timerfd: a timer that is read.
#pragma once

#include "async/timer.h"
#include "fs/file.h"

namespace kernel {

class timer_file : public file {
  public:
    using file::file;
    timer_file* as_timer_file() override { return this; }
    struct setting {
        nanoseconds left = 0; // until it expires; 0: it is off
        nanoseconds interval = 0;
    };
    virtual setting get() = 0;
    // What it was. `first`: when it expires; never: it is off.
    virtual setting set(nanoseconds first, nanoseconds interval) = 0;
};

ref<file> make_timer_file(uint32_t flags); // O_NONBLOCK

} // namespace kernel
