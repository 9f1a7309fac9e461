// SPDX-License-Identifier: BSD-2-Clause
//
// Addresses that are not the program's, in every call on files that takes one: EFAULT, or as much
// as there was memory for, and the kernel goes on.
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "report.h"

namespace {

constexpr const char* path = "/tmp/ouros-bad-pointers";

void each_address(const char* name, void* address) {
    auto* p = static_cast<char*>(address);
    auto s = [&](const char* call) { return std::string(call) + " " + name; };
    int fd = open(path, O_RDWR);
    int directory = open("/tmp", O_RDONLY | O_DIRECTORY);
    say(s("read"), syscall(SYS_read, fd, p, 10));
    say(s("write"), syscall(SYS_write, fd, p, 10));
    say(s("pread"), syscall(SYS_pread64, fd, p, 10, 0));
    say(s("readv of"), syscall(SYS_readv, fd, p, 1));
    iovec one = {p, 10};
    say(s("readv into"), syscall(SYS_readv, fd, &one, 1));
    say(s("writev from"), syscall(SYS_writev, fd, &one, 1));
    say(s("openat"), syscall(SYS_openat, AT_FDCWD, p, O_RDONLY));
    say(s("mkdirat"), syscall(SYS_mkdirat, AT_FDCWD, p, 0755));
    say(s("unlinkat"), syscall(SYS_unlinkat, AT_FDCWD, p, 0));
    say(s("renameat2 from"), syscall(SYS_renameat2, AT_FDCWD, p, AT_FDCWD, "/tmp/x", 0));
    say(s("renameat2 to"), syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, p, 0));
    say(s("symlinkat"), syscall(SYS_symlinkat, p, AT_FDCWD, "/tmp/ouros-bad-link"));
    say(s("readlinkat"), syscall(SYS_readlinkat, AT_FDCWD, p, p, 10));
    say(s("faccessat"), syscall(SYS_faccessat, AT_FDCWD, p, 0));
    say(s("chdir"), syscall(SYS_chdir, p));
    say(s("getcwd"), syscall(SYS_getcwd, p, 100));
    say(s("fstat"), syscall(SYS_fstat, fd, p));
    say(s("newfstatat"), syscall(SYS_newfstatat, AT_FDCWD, path, p, 0));
    say(s("statx"), syscall(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, p));
    say(s("statfs"), syscall(SYS_statfs, "/tmp", p));
    say(s("getdents64"), syscall(SYS_getdents64, directory, p, 1000));
    say(s("pipe2"), syscall(SYS_pipe2, p, 0));
    say(s("utimensat"), syscall(SYS_utimensat, AT_FDCWD, path, p, 0));
    say(s("ppoll"), syscall(SYS_ppoll, p, 1, nullptr, nullptr, 8));
    close(directory);
    close(fd);
}

// The second of two pages is missing: what lies on the first is moved.
void across_an_edge() {
    auto* pages = static_cast<char*>(
        mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    munmap(pages + 4096, 4096);
    std::memset(pages, 'e', 4096);
    char* edge = pages + 4096;
    int ends[2];
    say("pipe", pipe2(ends, O_NONBLOCK));
    say("read file up to the edge", [&] {
        int zero = open("/dev/zero", O_RDONLY);
        long n = read(zero, edge - 100, 100);
        close(zero);
        return n;
    }());
    say("path that ends at the edge", [&] {
        std::memcpy(edge - 5, "/tmp", 5);
        return access(edge - 5, F_OK);
    }());
    say("path that has no end", [&] {
        std::memset(pages, '/', 4096);
        return access(edge - 5, F_OK);
    }());
    uint64_t one = 1;
    int event = eventfd(0, EFD_NONBLOCK);
    say("eventfd from across", write(event, edge - 4, 8));
    say("eventfd", write(event, &one, 8));
    say("eventfd into across", read(event, edge - 4, 8));
    // Linux has then taken the value away; Ouros has not.
    close(event);
    close(ends[0]);
    close(ends[1]);
    munmap(pages, 4096);
}

void only_readable() {
    auto* page =
        static_cast<char*>(mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    int fd = open(path, O_RDWR);
    say("read into a read-only page", read(fd, page, 10));
    say("write from it", pwrite(fd, page, 10, 0));
    close(fd);
    munmap(page, 4096);
}

} // namespace

int main() {
    int fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0644);
    did("open", fd);
    say("write", write(fd, std::string(100, 'x').data(), 100));
    close(fd);
    each_address("at 8", reinterpret_cast<void*>(8));
    each_address("in the kernel's half", reinterpret_cast<void*>(0xffffffff80200000));
    each_address("not canonical", reinterpret_cast<void*>(0x8000000000000000));
    across_an_edge();
    only_readable();
    say("unlink", unlink(path));
}
