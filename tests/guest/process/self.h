// SPDX-License-Identifier: BSD-2-Clause
//
// For programs that execute themselves again, here and on Linux.
#pragma once

#include <cstring>
#include <string>
#include <unistd.h>

inline std::string own_path(const char* argv0) {
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path);
    if (n > 0)
        return {path, size_t(n)};
    const char* slash = strrchr(argv0, '/');
    return std::string("/bin/") + (slash ? slash + 1 : argv0);
}
