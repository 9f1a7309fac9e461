// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "unique_fd.h"

#include <string>
#include <sys/types.h>
#include <vector>

namespace ouros {

// What becomes descriptor `to` in the new process. -1 as `from` is /dev/null.
struct ChildDescriptor {
    int from;
    int to;
};

// A child process that dies with its parent. It is the leader of its own process group, so that
// ^C at the terminal reaches the launcher only, which then ends the machine in good order.
class QemuProcess {
  public:
    QemuProcess(const std::vector<std::string>& command,
                const std::vector<ChildDescriptor>& descriptors);
    ~QemuProcess(); // kills it if it still runs

    void signal(int number) const;
    // Readable when the process has ended.
    int poll_fd() const { return pidfd_.get(); }
    // The status as waitpid gives it; waits.
    int wait();

  private:
    pid_t pid_ = -1;
    UniqueFd pidfd_;
    bool waited_ = false;
};

} // namespace ouros
