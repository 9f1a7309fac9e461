// SPDX-License-Identifier: BSD-2-Clause
//
// The same call gives the same result by ecall and through the ring (A3), whether the device
// serves the entry (files of the host) or the kernel does (everything else), and every entry gets
// one completion that carries its user_data (A2).
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <ouros/calls.hpp>
#include <ouros/ring.hpp>
#include <sched.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

ouros::ring ring;
int wrong = 0;

struct entry {
    uint8_t opcode;
    int fd;
    const void* address;
    uint32_t length;
    uint64_t offset = 0;
    uint32_t flags = 0;
};

int32_t through_ring(const entry& e) {
    static uint64_t next = 1000;
    uint64_t mine = next++;
    io_uring_sqe* sqe = ring.try_get();
    if (!sqe) {
        std::printf("no free entry\n");
        std::exit(1);
    }
    ring.fill(sqe, e.opcode, e.fd, reinterpret_cast<uint64_t>(e.address), e.length, e.offset, mine,
              e.flags);
    ring.submit();
    int32_t found = 0;
    unsigned completions = 0;
    while (completions == 0) {
        ring.reap([&](uint64_t user_data, int32_t result, uint32_t) {
            completions++;
            found = result;
            if (user_data != mine) {
                std::printf("user_data %lu instead of %lu\n", user_data, mine);
                wrong++;
            }
        });
        sched_yield();
    }
    if (completions != 1) {
        std::printf("%u completions for one entry\n", completions);
        wrong++;
    }
    return found;
}

template <class... A>
long by_ecall(long number, A... arguments) {
    long result = syscall(number, arguments...);
    return result < 0 ? -errno : result;
}

void expect(const std::string& what, long ring_result, long ecall_result) {
    std::printf("%-50s %ld\n", what.c_str(), ring_result);
    if (ring_result == ecall_result)
        return;
    std::printf("WRONG: %s: ring %ld, ecall %ld\n", what.c_str(), ring_result, ecall_result);
    wrong++;
}

// `prepare` puts things back before each of the two.
void same(
    const std::string& what, const entry& e, const std::function<long()>& ecall,
    const std::function<void()>& prepare = [] {}) {
    prepare();
    long ecall_result = ecall();
    prepare();
    expect(what, through_ring(e), ecall_result);
}

std::string in(const std::string& base, const char* name) {
    return base + "/" + name;
}

void open_files(const std::string& base) {
    struct {
        const char* name;
        int flags;
    } cases[] = {{"file", O_RDONLY},
                 {"none", O_RDONLY},
                 {"file", O_RDONLY | O_DIRECTORY},
                 {".", O_RDONLY | O_DIRECTORY},
                 {"file/x", O_RDONLY},
                 {".", O_WRONLY},
                 {"file", O_CREAT | O_EXCL | O_RDWR}};
    for (auto& c : cases) {
        std::string path = in(base, c.name);
        long a = by_ecall(SYS_openat, AT_FDCWD, path.c_str(), c.flags, 0644);
        if (a >= 0)
            close(static_cast<int>(a));
        // The number that was free is given again.
        long b = through_ring(
            {IORING_OP_OPENAT, AT_FDCWD, path.c_str(), 0644, 0, static_cast<uint32_t>(c.flags)});
        expect("open " + path + " " + std::to_string(c.flags), b, a);
        if (b >= 0)
            expect("close", through_ring({IORING_OP_CLOSE, static_cast<int>(b), nullptr, 0}), 0);
    }
}

void transfer(const std::string& base) {
    int fd = open(in(base, "file").c_str(), O_RDWR);
    if (fd < 0) {
        std::printf("WRONG: can't open the file in %s\n", base.c_str());
        wrong++;
        return;
    }
    char buffer[64], other[64];
    void* nowhere = reinterpret_cast<void*>(8);
    auto rewind = [&] { lseek(fd, 2, SEEK_SET); };
    same(
        "read", {IORING_OP_READ, fd, buffer, 10, ~0ull},
        [&] { return by_ecall(SYS_read, fd, other, 10); }, rewind);
    expect("what was read", std::memcmp(buffer, other, 10), 0);
    expect("position", lseek(fd, 0, SEEK_CUR), 12);
    same("read at 5", {IORING_OP_READ, fd, buffer, 64, 5},
         [&] { return by_ecall(SYS_pread64, fd, other, 64, 5); });
    same("read at the end", {IORING_OP_READ, fd, buffer, 64, 1000},
         [&] { return by_ecall(SYS_pread64, fd, other, 64, 1000); });
    same("read nothing", {IORING_OP_READ, fd, buffer, 0, 0},
         [&] { return by_ecall(SYS_pread64, fd, other, 0, 0); });
    same("read to a bad address", {IORING_OP_READ, fd, nowhere, 10, 0},
         [&] { return by_ecall(SYS_pread64, fd, nowhere, 10, 0); });
    same("write", {IORING_OP_WRITE, fd, "0123456789", 10, 0},
         [&] { return by_ecall(SYS_pwrite64, fd, "0123456789", 10, 0); });
    same("write from a bad address", {IORING_OP_WRITE, fd, nowhere, 10, 0},
         [&] { return by_ecall(SYS_pwrite64, fd, nowhere, 10, 0); });
    iovec two[2] = {{buffer, 3}, {buffer + 10, 4}};
    same("readv", {IORING_OP_READV, fd, two, 2, 1},
         [&] { return by_ecall(SYS_preadv, fd, two, 2, 1, 0); });
    same("writev", {IORING_OP_WRITEV, fd, two, 2, 1},
         [&] { return by_ecall(SYS_pwritev, fd, two, 2, 1, 0); });
    same("readv of a bad address", {IORING_OP_READV, fd, nowhere, 2, 1},
         [&] { return by_ecall(SYS_preadv, fd, nowhere, 2, 1, 0); });
    same("fsync", {IORING_OP_FSYNC, fd, nullptr, 0}, [&] { return by_ecall(SYS_fsync, fd); });
    struct statx a = {}, b = {};
    same(
        "statx of the descriptor",
        {IORING_OP_STATX, fd, "", STATX_BASIC_STATS, reinterpret_cast<uint64_t>(&a), AT_EMPTY_PATH},
        [&] { return by_ecall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &b); });
    expect("same size", a.stx_size == b.stx_size && a.stx_ino == b.stx_ino, 1);
    close(fd);

    int only_read = open(in(base, "file").c_str(), O_RDONLY);
    same("write what is only read", {IORING_OP_WRITE, only_read, "x", 1, 0},
         [&] { return by_ecall(SYS_pwrite64, only_read, "x", 1, 0); });
    close(only_read);
    same("read what is closed", {IORING_OP_READ, only_read, buffer, 1, 0},
         [&] { return by_ecall(SYS_pread64, only_read, other, 1, 0); });
    int directory = open(base.c_str(), O_RDONLY | O_DIRECTORY);
    same("read a directory", {IORING_OP_READ, directory, buffer, 10, ~0ull},
         [&] { return by_ecall(SYS_read, directory, other, 10); });
    same("statx below a descriptor",
         {IORING_OP_STATX, directory, "file", STATX_BASIC_STATS, reinterpret_cast<uint64_t>(&a), 0},
         [&] { return by_ecall(SYS_statx, directory, "file", 0, STATX_BASIC_STATS, &b); });
    close(directory);
}

void change_names(const std::string& base) {
    std::string d = in(base, "d"), e = in(base, "e");
    auto none = [&] {
        rmdir(d.c_str());
        rmdir(e.c_str());
    };
    auto there = [&] {
        none();
        mkdir(d.c_str(), 0755);
    };
    same(
        "mkdir", {IORING_OP_MKDIRAT, AT_FDCWD, d.c_str(), 0755},
        [&] { return by_ecall(SYS_mkdirat, AT_FDCWD, d.c_str(), 0755); }, none);
    same(
        "mkdir again", {IORING_OP_MKDIRAT, AT_FDCWD, d.c_str(), 0755},
        [&] { return by_ecall(SYS_mkdirat, AT_FDCWD, d.c_str(), 0755); }, there);
    same(
        "rename",
        {IORING_OP_RENAMEAT, AT_FDCWD, d.c_str(), static_cast<uint32_t>(AT_FDCWD),
         reinterpret_cast<uint64_t>(e.c_str())},
        [&] { return by_ecall(SYS_renameat2, AT_FDCWD, d.c_str(), AT_FDCWD, e.c_str(), 0); },
        there);
    same(
        "rename none",
        {IORING_OP_RENAMEAT, AT_FDCWD, d.c_str(), static_cast<uint32_t>(AT_FDCWD),
         reinterpret_cast<uint64_t>(e.c_str())},
        [&] { return by_ecall(SYS_renameat2, AT_FDCWD, d.c_str(), AT_FDCWD, e.c_str(), 0); }, none);
    same(
        "unlink a directory", {IORING_OP_UNLINKAT, AT_FDCWD, d.c_str(), 0},
        [&] { return by_ecall(SYS_unlinkat, AT_FDCWD, d.c_str(), 0); }, there);
    same(
        "rmdir", {IORING_OP_UNLINKAT, AT_FDCWD, d.c_str(), 0, 0, AT_REMOVEDIR},
        [&] { return by_ecall(SYS_unlinkat, AT_FDCWD, d.c_str(), AT_REMOVEDIR); }, there);
    same(
        "rmdir none", {IORING_OP_UNLINKAT, AT_FDCWD, d.c_str(), 0, 0, AT_REMOVEDIR},
        [&] { return by_ecall(SYS_unlinkat, AT_FDCWD, d.c_str(), AT_REMOVEDIR); }, none);
}

void pipes_and_events() {
    int ends[2];
    if (pipe2(ends, O_NONBLOCK) < 0)
        std::exit(1);
    char buffer[16];
    auto filled = [&] {
        while (read(ends[0], buffer, sizeof buffer) > 0) {
        }
        if (write(ends[1], "abcdef", 6) != 6)
            wrong++;
    };
    same(
        "read a pipe", {IORING_OP_READ, ends[0], buffer, 4, ~0ull},
        [&] { return by_ecall(SYS_read, ends[0], buffer, 4); }, filled);
    same("write a pipe", {IORING_OP_WRITE, ends[1], "xyz", 3, ~0ull},
         [&] { return by_ecall(SYS_write, ends[1], "xyz", 3); });
    same("write the reading end", {IORING_OP_WRITE, ends[0], "xyz", 3, ~0ull},
         [&] { return by_ecall(SYS_write, ends[0], "xyz", 3); });
    same("fsync a pipe", {IORING_OP_FSYNC, ends[0], nullptr, 0},
         [&] { return by_ecall(SYS_fsync, ends[0]); });
    uint64_t value = 5;
    int event = eventfd(1, EFD_NONBLOCK);
    same("write an eventfd", {IORING_OP_WRITE, event, &value, 8, ~0ull},
         [&] { return by_ecall(SYS_write, event, &value, 8); });
    expect("read it", read(event, &value, 8), 8);
    expect("its value", static_cast<long>(value), 11);
    for (int fd : {ends[0], ends[1], event})
        close(fd);
    same("close what is closed", {IORING_OP_CLOSE, event, nullptr, 0},
         [&] { return by_ecall(SYS_close, event); });
    same("close -1", {IORING_OP_CLOSE, -1, nullptr, 0}, [&] { return by_ecall(SYS_close, -1); });
    expect("an opcode that is not there", through_ring({250, -1, nullptr, 0}), -EINVAL);
    expect("nop", through_ring({IORING_OP_NOP, -1, nullptr, 0}), 0);
}

void one_base(const std::string& base) {
    std::printf("-- %s\n", base.c_str());
    int fd = open(in(base, "file").c_str(), O_CREAT | O_RDWR | O_TRUNC, 0644);
    if (write(fd, "the quick brown fox jumps over the lazy dog", 43) != 43)
        wrong++;
    close(fd);
    open_files(base);
    transfer(base);
    change_names(base);
    unlink(in(base, "file").c_str());
}

// A descriptor that is reused goes with the new file at once, in the device's map too.
void reuse() {
    std::printf("-- reuse\n");
    for (const char* name : {"/host/one", "/host/two"}) {
        int fd = open(name, O_CREAT | O_RDWR | O_TRUNC, 0644);
        if (write(fd, name, std::strlen(name)) < 0)
            wrong++;
        close(fd);
    }
    int first = open("/host/one", O_RDONLY);
    int second = open("/host/two", O_RDONLY);
    char buffer[32] = {};
    expect("dup2", dup2(second, first), first);
    expect("read", through_ring({IORING_OP_READ, first, buffer, 9, 0}), 9);
    expect("from the new file", std::memcmp(buffer, "/host/two", 9), 0);
    close(first);
    expect("read when closed", through_ring({IORING_OP_READ, first, buffer, 9, 0}), -EBADF);
    expect("read the other", through_ring({IORING_OP_READ, second, buffer, 9, 0}), 9);
    int ends[2];
    close(second);
    if (pipe2(ends, 0) < 0 || write(ends[1], "pipe", 4) != 4)
        wrong++;
    expect("read a pipe of the same number",
           through_ring({IORING_OP_READ, ends[0], buffer, 9, ~0ull}), 4);
    close(ends[0]);
    close(ends[1]);
    unlink("/host/one");
    unlink("/host/two");
}

} // namespace

int main() {
    ouros_ring where = {};
    if (long error = ouros::kernel::ring_setup(8, 16, &where); error < 0) {
        std::printf("ring_setup: %ld\n", error);
        return 1;
    }
    ring = ouros::ring(where);
    ring.notify_never();
    one_base("/tmp");
    one_base("/host");
    pipes_and_events();
    reuse();
    expect("ring_close", ouros::kernel::ring_close(), 0);
    if (wrong > 0)
        std::printf("%d wrong\n", wrong);
    return wrong > 0;
}
