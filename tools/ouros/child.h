// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "unique_fd.h"

#include <string>
#include <sys/types.h>
#include <vector>

namespace ouros {

// Another program of this machine, started with the caller's terminal and descriptors. It gets a
// hang-up when the launcher dies.
class Child {
  public:
    // Searched in PATH. stdout_to: what its stdout becomes; -1: as it is.
    explicit Child(const std::vector<std::string>& command, int stdout_to = -1);
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() { wait(); }

    UniqueFd pidfd() const;
    // Its exit status, or 128 + the signal that ended it; 127 when it could not be started.
    int wait();

  private:
    pid_t pid_ = -1;
    int status_ = 0;
};

} // namespace ouros
