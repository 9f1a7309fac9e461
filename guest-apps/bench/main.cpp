// SPDX-License-Identifier: BSD-2-Clause
//
// bench FILE: what the basic operations cost, in guest instructions (run it with --icount). FILE is
// under /host and has 128 KiB or more. A line per figure: name<TAB>unit<TAB>value.

#include "measure.hpp"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: bench FILE\n", stderr);
        return 2;
    }
    try {
        bench::system_calls(argv[1]);
        bench::interrupts();
        bench::rings(argv[1]);
        bench::coroutines(argv[1]);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench: %s\n", error.what());
        return 1;
    }
}
