// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "options.h"
#include "session.h"

namespace ouros {

// The environment that the first program gets: the default one with `added` put in.
std::vector<std::string> guest_environment(const std::vector<std::string>& added);

// Checks everything, makes the initial file system and the command line.
SessionInput prepare_session(const RunOptions& options);

} // namespace ouros
