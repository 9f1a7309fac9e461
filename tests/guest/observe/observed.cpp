// SPDX-License-Identifier: BSD-2-Clause
//
// A2, A5: 200 requests, 100 of them for the kernel; then one stays in flight until there is input.

#include <array>
#include <cstdio>
#include <ouros/ouros.hpp>
#include <unistd.h>
#include <vector>

namespace {

ouros::task<void> naps() {
    co_await ouros::sleep(std::chrono::microseconds(1));
}

ouros::task<void> writes(int fd) {
    ouros::check(co_await ouros::write(fd, "x", 1), "write");
}

ouros::task<int> program() {
    std::array<int, 2> channel;
    if (::pipe(channel.data()) != 0)
        co_return 2;
    std::vector<ouros::task<void>> all;
    for (int i = 0; i < 100; i++) {
        all.push_back(naps());
        all.push_back(writes(channel[1])); // the kernel's: a pipe is none of the device's files
    }
    co_await ouros::when_all(std::move(all));
    std::puts("done");
    std::fflush(stdout);
    char byte;
    co_return co_await ouros::read(0, std::span(&byte, 1)) == 1 ? 0 : 3;
}

} // namespace

int main() {
    return ouros::run(program());
}
