// SPDX-License-Identifier: BSD-2-Clause
//
// hello FILE: how large is it? Reads it, says its size, and waits a moment to see whether it grows.
#include <cstdio>
#include <ouros/ouros.hpp>

using namespace std::chrono_literals;

ouros::task<uint64_t> size_of(int fd) {
    char block[4096];
    uint64_t size = 0;
    while (int64_t length = ouros::check(co_await ouros::read(fd, block, ouros::at(size)), "read"))
        size += static_cast<uint64_t>(length);
    co_return size;
}

ouros::task<int> program(const char* path) {
    auto fd = static_cast<int>(ouros::check(co_await ouros::open(path, O_RDONLY), path));
    uint64_t before = co_await size_of(fd);
    std::printf("%s: %llu bytes\n", path, static_cast<unsigned long long>(before));
    co_await ouros::sleep(10ms);
    std::printf("%s\n", co_await size_of(fd) > before ? "growing" : "quiet");
    co_return 0;
}

int main(int argc, char** argv) {
    return ouros::run(program(argc > 1 ? argv[1] : "/host/GPL-3"));
}
