// SPDX-License-Identifier: BSD-2-Clause
//
// A2, A3: every coroutine gets its own result and its own bytes, and they are those of the system
// call: reads of all sizes at all offsets, errors among them.

#include "expect.hpp"

#include <cstring>
#include <ouros/ouros.hpp>
#include <unistd.h>
#include <vector>

namespace {

ouros::task<void> compare(int fd, uint64_t offset, size_t length) {
    std::vector<char> ours(length, 'x'), theirs(length, 'x');
    for (int i = 0; i < 5; i++) {
        int64_t result = co_await ouros::read(fd, ours, ouros::at(offset));
        ssize_t expected = ::pread(fd, theirs.data(), length, static_cast<off_t>(offset));
        expect(result == (expected < 0 ? -errno : expected), "the call's result", result);
        expect(ours == theirs, "the call's bytes", static_cast<long>(offset));
        offset += length;
    }
}

ouros::task<int> program(const char* path) {
    int fd = static_cast<int>(ouros::check(co_await ouros::open(path, O_RDONLY), path));
    std::vector<ouros::task<void>> all;
    for (uint64_t i = 0; i < 100; i++)
        all.push_back(compare(fd, i * 37, i * 13));
    all.push_back(compare(fd, uint64_t{1} << 40, 100)); // beyond the end
    all.push_back(compare(12345, 0, 100));              // EBADF
    co_await ouros::when_all(std::move(all));

    expect(co_await ouros::open("/host/not-there", O_RDONLY) == -ENOENT, "ENOENT");
    expect(co_await ouros::write(fd, "x", 1, 0) == -EBADF, "EBADF: opened for reading");
    expect(co_await ouros::read(fd, reinterpret_cast<char*>(8), 100, 0) == -EFAULT, "EFAULT");
    struct statx ours = {};
    expect(co_await ouros::stat(path, &ours) == 0, "stat");
    struct stat theirs = {};
    ::stat(path, &theirs);
    expect(static_cast<off_t>(ours.stx_size) == theirs.st_size, "stat's size");
    expect(co_await ouros::close(fd) == 0, "close");
    expect(co_await ouros::close(fd) == -EBADF, "close again");
    co_return failures != 0;
}

} // namespace

int main(int, char** argv) {
    return ouros::run(program(argv[1]));
}
