// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <stdexcept>
#include <string>

namespace ouros {

// Exit statuses of the launcher itself; every other status is the program's own. They are the
// ones that shells and coreutils' timeout and env use, so scripts need to learn nothing new.
inline constexpr int status_usage = 2;
inline constexpr int status_failed = 125;       // the machine could not be run to its end
inline constexpr int status_not_runnable = 126; // PROGRAM is there, but not one for this machine
inline constexpr int status_not_found = 127;    // there is no such PROGRAM

// Ends the launcher with one line on stderr, "ouros: MESSAGE", and an exit status.
class Failure : public std::runtime_error {
  public:
    Failure(int status, const std::string& message)
        : std::runtime_error(message)
        , status_(status) {}
    int status() const { return status_; }

  private:
    int status_;
};

} // namespace ouros
