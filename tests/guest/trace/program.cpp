// SPDX-License-Identifier: BSD-2-Clause
//
// Four coroutines that read a file, in two processes: what a timeline is made of.
#include <cstdio>
#include <ouros/ouros.hpp>
#include <sys/wait.h>
#include <unistd.h>

namespace {

ouros::task<uint64_t> size_of(const char* path) {
    int fd = static_cast<int>(ouros::check(co_await ouros::open(path, O_RDONLY), path));
    char block[4096];
    uint64_t size = 0;
    while (int64_t length = ouros::check(co_await ouros::read(fd, block, ouros::at(size)), path))
        size += static_cast<uint64_t>(length);
    co_await ouros::close(fd);
    co_return size;
}

ouros::task<int> program(const char* path) {
    auto [first, second] = co_await ouros::when_all(size_of(path), size_of(path));
    co_return first == second&& first > 4096 ? 0 : 1;
}

} // namespace

int main(int, char** argv) {
    pid_t child = fork();
    int status = ouros::run(program(argv[1]));
    if (child == 0)
        return status;
    int ended = -1;
    if (child < 0 || waitpid(child, &ended, 0) != child || ended != 0)
        return 1;
    std::puts(status == 0 ? "read" : "not the same");
    return status;
}
