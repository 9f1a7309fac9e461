// SPDX-License-Identifier: BSD-2-Clause
//
// What the programs of this folder print: one line per call, with the result or the name of the
// errno. They run under Linux and under Ouros, and must print the same.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

inline long say(const std::string& what, long result) {
    if (result < 0)
        std::printf("%s: %s\n", what.c_str(), strerrorname_np(errno));
    else
        std::printf("%s: %ld\n", what.c_str(), result);
    return result;
}

// For results that are numbers of the system's choosing: only whether it worked.
inline long did(const std::string& what, long result) {
    if (result < 0)
        return say(what, result);
    std::printf("%s: ok\n", what.c_str());
    return result;
}

inline void tell(const std::string& what, const std::string& value) {
    std::printf("%s = %s\n", what.c_str(), value.c_str());
}
