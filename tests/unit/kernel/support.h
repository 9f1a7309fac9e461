// SPDX-License-Identifier: BSD-2-Clause
//
// What kernel code finds under it in a unit test: pages that can run out, a clock that counts.
#pragma once

#include <cstddef>
#include <string>

#include "fs/tmpfs.h"

// Pages given out and not given back.
size_t pages_in_use();
// After `count` more pages there are no more; restored by the destructor.
class page_limit {
  public:
    explicit page_limit(size_t count);
    ~page_limit();
};

// A path walked in a buffer of its own.
struct walked {
    walked(kernel::tmpfs& tree, std::string path, unsigned flags = kernel::path_walk::follow,
           const kernel::path_place& start = {});

    char buffer[kernel::path_max];
    kernel::path_walk walk;
    long error;
};
