// SPDX-License-Identifier: BSD-2-Clause
//
// Ends as its arguments say: end status N | abort | null | illegal | loop | unknown-call.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char** argv) {
    const std::string_view how = argc > 1 ? argv[1] : "";
    std::puts("before the end");
    std::fflush(stdout);
    if (how == "status")
        return std::atoi(argv[2]);
    if (how == "abort")
        std::abort();
    if (how == "null") {
        volatile int* volatile nowhere = nullptr;
        *nowhere = 1;
    }
    if (how == "illegal")
        asm volatile("unimp");
    if (how == "loop")
        for (;;)
            asm volatile("");
    if (how == "unknown-call") {
        // Twice: swapon, which a machine without disks does not have.
        for (int i = 0; i < 2; ++i)
            if (::syscall(SYS_swapon, "none", 0) != -1 || errno != ENOSYS)
                return 1;
        return 0;
    }
    return 99;
}
