// SPDX-License-Identifier: BSD-2-Clause
//
// What the kernel finds in memory when it boots: a cpio archive ("newc") with the first program
// and how to start it.
//
//   /bin/NAME     the program
//   /ouros/exec   its path in the guest, "/bin/NAME", ending with a NUL
//   /ouros/argv   the arguments, argv[0] included, each ending with a NUL
//   /ouros/envp   the environment, each "NAME=VALUE" ending with a NUL
//   /ouros/terminal   which of the standard streams are terminals (host_terminal.h), if any are
//
// and whatever else the command puts into it.
//
// The archive of the same input has the same bytes, every time: runs are compared by them.
#pragma once

#include "unique_fd.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace ouros {

struct GuestFile {
    std::string path; // "etc/profile"; its folders are made
    unsigned permissions = 0644;
    std::string content;
};

struct FirstProgram {
    std::string name;                     // in /bin
    std::span<const std::byte> image;     // the ELF file
    std::vector<std::string> arguments;   // argv[0] first
    std::vector<std::string> environment; // NAME=VALUE
    std::string terminal = {};            // a line; empty: no stream is one
    std::vector<GuestFile> files = {};
};

// "a", "bc" -> "a\0bc\0". An empty string stays one: "" -> "\0".
std::string nul_terminated(const std::vector<std::string>& strings);

// The archive, in a file without a name: it is gone when the last process that has it open is.
UniqueFd make_initramfs(const FirstProgram& program);

} // namespace ouros
