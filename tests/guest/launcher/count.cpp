// SPDX-License-Identifier: BSD-2-Clause
//
// Prints how many instructions were executed up to several points of its life: start, after work
// of its own, after memory from the kernel, after output.
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>

namespace {

uint64_t instructions() {
    uint64_t count;
    asm volatile("rdinstret %0" : "=r"(count));
    return count;
}

void say(const char* where) {
    std::printf("%s %llu\n", where, static_cast<unsigned long long>(instructions()));
    std::fflush(stdout);
}

} // namespace

int main() {
    say("start");
    std::map<int, std::string> table;
    for (int i = 0; i < 5000; ++i)
        table[i * 7919 % 5000] = std::string(static_cast<size_t>(i % 100), 'x');
    say("work");
    for (int i = 0; i < 3; ++i)
        say("output");
    return 0;
}
