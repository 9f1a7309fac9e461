// SPDX-License-Identifier: BSD-2-Clause
//
// System calls on files with arguments at random: whatever they answer, the kernel goes on, and
// what was written to a file before is still in it. noise SEED ROUNDS
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <random>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

std::mt19937_64 generator;

uint64_t below(uint64_t limit) {
    return generator() % limit;
}

alignas(4096) char scratch[16384];

// Good and bad: memory, its last bytes, nothing, the kernel's half.
uint64_t address() {
    switch (below(8)) {
    case 0:
        return 0;
    case 1:
        return generator();
    case 2:
        return 0xffffffff80200000 + below(1 << 20);
    case 3: // the page behind it is not mapped
        return reinterpret_cast<uint64_t>(scratch) + 8192 - below(32);
    default:
        return reinterpret_cast<uint64_t>(scratch) + below(8192);
    }
}

uint64_t descriptor() {
    return below(10) == 0 ? generator() : 3 + below(40);
}

uint64_t path() {
    static const char* const paths[] = {
        "/tmp/a",   "/tmp/b/c", "/tmp",   "/",         "/host",          "/host/x",
        "/host/..", "../tmp/b", "/tmp/b", "/dev/null", "/dev/zero",      "/tmp/loop",
        "",         ".",        "..",     "a",         "/host/../tmp/a", "/tmp/b/../../host/y",
    };
    if (below(6) == 0)
        return address();
    return reinterpret_cast<uint64_t>(paths[below(sizeof paths / sizeof *paths)]);
}

uint64_t size() {
    switch (below(6)) {
    case 0:
        return 0;
    case 1:
        return ~0ull >> below(64);
    default:
        return below(9000);
    }
}

uint64_t offset() {
    return below(3) ? below(100000) : generator() >> below(64);
}

uint64_t directory() {
    return below(3) ? static_cast<uint64_t>(AT_FDCWD) : descriptor();
}

uint64_t flags() {
    return below(4) ? 0 : 1ull << below(32);
}

uint64_t open_flags() {
    uint64_t chosen = below(4);
    for (int i = 0; i < 3; i++)
        if (below(2))
            chosen |= 1ull << (6 + below(16));
    return chosen | O_NONBLOCK;
}

// Up to 4 segments of anything.
uint64_t vectors() {
    auto* list = reinterpret_cast<iovec*>(scratch + 4096);
    for (int i = 0; i < 4; i++)
        list[i] = {reinterpret_cast<void*>(address()), size()};
    return below(5) ? reinterpret_cast<uint64_t>(list) : address();
}

void one_call() {
    switch (below(30)) {
    case 0:
    case 1:
        syscall(SYS_openat, directory(), path(), open_flags(), 0755);
        return;
    case 2:
        syscall(SYS_close, descriptor());
        return;
    case 3:
        syscall(SYS_read, descriptor(), address(), size());
        return;
    case 4:
        syscall(SYS_write, descriptor(), address(), size());
        return;
    case 5:
        syscall(SYS_pread64, descriptor(), address(), size(), offset());
        return;
    case 6:
        syscall(SYS_pwrite64, descriptor(), address(), below(9000), offset());
        return;
    case 7:
        syscall(SYS_readv, descriptor(), vectors(), below(6) ? below(5) : size());
        return;
    case 8:
        syscall(SYS_writev, descriptor(), vectors(), below(5));
        return;
    case 9:
        syscall(SYS_lseek, descriptor(), offset(), below(6));
        return;
    case 10:
        syscall(SYS_fstat, descriptor(), address());
        return;
    case 11:
        syscall(SYS_newfstatat, directory(), path(), address(), flags());
        return;
    case 12:
        syscall(SYS_statx, directory(), path(), flags(), 0x7ff, address());
        return;
    case 13:
        syscall(SYS_getdents64, descriptor(), address(), size());
        return;
    case 14:
        syscall(SYS_ftruncate, descriptor(), offset());
        return;
    case 15:
        syscall(SYS_mkdirat, directory(), path(), below(01000));
        return;
    case 16:
        syscall(SYS_unlinkat, directory(), path(), below(2) ? AT_REMOVEDIR : flags());
        return;
    case 17:
        syscall(SYS_renameat2, directory(), path(), directory(), path(), flags());
        return;
    case 18:
        syscall(SYS_symlinkat, path(), directory(), path());
        return;
    case 19:
        syscall(SYS_linkat, directory(), path(), directory(), path(), flags());
        return;
    case 20:
        syscall(SYS_readlinkat, directory(), path(), address(), size());
        return;
    case 21:
        syscall(SYS_dup, descriptor());
        return;
    case 22:
        syscall(SYS_dup3, descriptor(), 3 + below(40), flags());
        return;
    case 23:
        syscall(SYS_pipe2, below(2) ? reinterpret_cast<uint64_t>(scratch) : address(), O_NONBLOCK);
        return;
    case 24:
        syscall(SYS_eventfd2, below(5), EFD_NONBLOCK);
        return;
    case 25:
        syscall(below(2) ? SYS_chdir : SYS_statfs, path(), address());
        return;
    case 26:
        syscall(SYS_getcwd, address(), size());
        return;
    case 27: {
        static const timespec at_once = {0, 0};
        syscall(SYS_ppoll, address(), below(20), &at_once, nullptr, 8);
        return;
    }
    case 28:
        syscall(SYS_utimensat, directory(), path(), address(), flags());
        return;
    default:
        syscall(SYS_sendfile, descriptor(), descriptor(), below(2) ? address() : 0, below(20000));
        return;
    }
}

} // namespace

int main(int, char** argv) {
    generator.seed(std::strtoull(argv[1], nullptr, 10));
    long rounds = std::strtol(argv[2], nullptr, 10);
    std::signal(SIGPIPE, SIG_IGN);
    munmap(scratch + 8192, 4096);
    mkdir("/tmp/b", 0755);
    if (symlink("loop", "/tmp/loop") < 0 || chdir("/tmp") < 0)
        return 1;
    int kept = open("/tmp/kept", O_CREAT | O_RDWR, 0600);
    if (write(kept, "still here", 10) != 10)
        return 1;
    // Far above what the calls name by chance, together with standard output.
    dup3(kept, 900, 0);
    close(kept);
    dup3(1, 901, 0);
    for (int fd = 0; fd < 3; fd++)
        dup3(open("/dev/null", O_RDWR), fd, 0);
    for (long i = 0; i < rounds; i++)
        one_call();
    char back[11] = {};
    bool whole = pread(900, back, 10, 0) == 10 && std::strcmp(back, "still here") == 0;
    dup3(901, 1, 0);
    std::printf("%s\n", whole ? "still here" : "lost");
    return whole ? 0 : 1;
}
