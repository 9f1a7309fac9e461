// SPDX-License-Identifier: BSD-2-Clause
//
// The program that is to run in the guest: read and checked before a machine is started for it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ouros {

// What keeps an executable file from running in the guest, as the end of a sentence that begins
// with the file's name; nothing if it can run. Trusts no field: `file` may hold anything.
std::optional<std::string> why_not_runnable(std::span<const std::byte> file);

// The whole file. Throws Failure with the status a shell would give (126, 127).
std::vector<std::byte> read_program(const std::string& path);

// The last component of a path.
std::string base_name(std::string_view path);

} // namespace ouros
