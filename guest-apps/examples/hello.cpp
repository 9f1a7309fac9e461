// SPDX-License-Identifier: BSD-2-Clause
//
// hello FILE: how large is it? Waits a moment and looks again: has it grown?
#include <cstdio>
#include <ouros/ouros.hpp>

using namespace std::chrono_literals;

ouros::task<int> program(const char* path) {
    struct statx before, after;
    ouros::check(co_await ouros::stat(path, &before), path);
    std::printf("%s: %llu bytes\n", path, before.stx_size);
    co_await ouros::sleep(10ms);
    ouros::check(co_await ouros::stat(path, &after), path);
    std::printf("%s\n", after.stx_size > before.stx_size ? "growing" : "quiet");
    co_return 0;
}

int main(int argc, char** argv) {
    return ouros::run(program(argc > 1 ? argv[1] : "/host"));
}
