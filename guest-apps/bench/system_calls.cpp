// SPDX-License-Identifier: BSD-2-Clause
//
// Synchronous calls: through ecall.

#include "measure.hpp"

#include <fcntl.h>
#include <ouros/io.hpp>
#include <sys/syscall.h>
#include <unistd.h>

namespace bench {

namespace {

// No libc wrapper, no errno, no cancellation point.
[[gnu::always_inline]] inline long call(long number, long first = 0, long second = 0,
                                        long third = 0, long fourth = 0) {
    register long a7 asm("a7") = number;
    register long a0 asm("a0") = first;
    register long a1 asm("a1") = second;
    register long a2 asm("a2") = third;
    register long a3 asm("a3") = fourth;
    asm volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3) : "memory");
    return a0;
}

alignas(4096) char buffer[4096];

void system_calls(const char* file) {
    measure("call.null", 2000, 1, [] { call(SYS_getpid); });

    int fd = ::open(file, O_RDONLY);
    ouros::check(fd < 0 ? -errno : 0, file);
    long buffer_address = reinterpret_cast<long>(buffer);
    ouros::check(call(SYS_pread64, fd, buffer_address, sizeof buffer, 0), file);
    measure("read4k.call", 500, 1,
            [&] { call(SYS_pread64, fd, buffer_address, sizeof buffer, 0); });
    ::close(fd);
}

const subject here{"system_calls", harts::one, system_calls};

} // namespace

} // namespace bench
