// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "host_terminal.h"
#include "initramfs.h"
#include "options.h"
#include "session.h"

namespace ouros {

// The environment that the first program gets: the default one with `added` put in.
std::vector<std::string> guest_environment(const std::vector<std::string>& added,
                                           const std::string& terminal_type = "dumb");

// What a command adds to what the options say.
struct GuestSetup {
    std::vector<std::string> arguments; // of the program; empty: as options.program has them
    std::vector<GuestFile> files;
    // The caller's standard streams; where one is a terminal the guest's is.
    HostStreams streams;
};

// Checks everything, makes the initial file system and the command line.
SessionInput prepare_session(const RunOptions& options, const GuestSetup& setup = {});

} // namespace ouros
