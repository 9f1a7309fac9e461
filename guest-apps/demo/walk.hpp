// SPDX-License-Identifier: BSD-2-Clause
#ifndef DEMO_WALK_HPP
#define DEMO_WALK_HPP

#include <string>
#include <vector>

namespace demo {

// Every regular file under `directory`, and every symbolic link to one, sorted by path. Links to
// directories are not followed. Throws std::system_error for a directory that cannot be read.
std::vector<std::string> walk(const std::string& directory);

} // namespace demo

#endif // DEMO_WALK_HPP
