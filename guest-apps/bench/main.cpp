// SPDX-License-Identifier: BSD-2-Clause
//
// bench FILE [SUBJECT]: what the basic operations cost, in guest instructions (run it with
// --icount), on the harts that there are. FILE is under /host and has 128 KiB or more. A line per
// figure: name<TAB>unit<TAB>value.

#include "measure.hpp"

#include <cstdio>
#include <exception>
#include <unistd.h>

int main(int argc, char** argv) {
    if (argc != 2 && argc != 3) {
        std::fputs("usage: bench FILE [SUBJECT]\n", stderr);
        return 2;
    }
    try {
        auto harts = static_cast<unsigned>(sysconf(_SC_NPROCESSORS_ONLN));
        bench::subject::run_all(harts, argv[2], argv[1]);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench: %s\n", error.what());
        return 1;
    }
}
