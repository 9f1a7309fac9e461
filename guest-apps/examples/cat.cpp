// SPDX-License-Identifier: BSD-2-Clause
//
// cat [FILE]...: copies files, or standard input, to standard output. While one block is written
// the next is read.
#include <cstdio>
#include <exception>
#include <ouros/ouros.hpp>
#include <vector>

ouros::task<int64_t> read_block(int fd, std::vector<char>& block) {
    co_return ouros::check(co_await ouros::read(fd, block), "read");
}

ouros::task<void> write_block(const char* data, int64_t length) {
    while (length > 0) {
        int64_t written =
            ouros::check(co_await ouros::write(1, data, static_cast<size_t>(length)), "write");
        data += written;
        length -= written;
    }
}

ouros::task<void> copy(int fd) {
    std::vector<char> current(65536), next(65536);
    int64_t length = co_await read_block(fd, current);
    while (length > 0) {
        auto [following, done] =
            co_await ouros::when_all(read_block(fd, next), write_block(current.data(), length));
        (void)done;
        std::swap(current, next);
        length = following;
    }
}

ouros::task<int> program(int argc, char** argv) {
    if (argc < 2)
        co_await copy(0);
    for (int i = 1; i < argc; i++) {
        auto fd = static_cast<int>(ouros::check(co_await ouros::open(argv[i], O_RDONLY), argv[i]));
        co_await copy(fd);
        co_await ouros::close(fd);
    }
    co_return 0;
}

int main(int argc, char** argv) {
    try {
        return ouros::run(program(argc, argv));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "cat: %s\n", error.what());
        return 1;
    }
}
