// SPDX-License-Identifier: BSD-2-Clause
//
// A16, A5: 256 requests are in flight at each snapshot_point(): reads of a file, sleeps, reads of a
// pipe that the kernel serves. Every one has one completion, with what it should bring.

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <ouros/ouros.hpp>
#include <unistd.h>
#include <vector>

namespace {

constexpr int rounds = 4;
constexpr unsigned reads = 128, sleeps = 96, pipes = 32;

unsigned begun, ended, wrong;
std::array<int, 2> channel;

// Byte n of the file is what this says.
unsigned char content(uint64_t n) {
    return static_cast<unsigned char>(n * 7 % 251);
}

ouros::task<void> reads_file(int fd, unsigned which) {
    unsigned char block[512];
    uint64_t at = which * 509;
    begun++;
    int64_t length = co_await ouros::read(fd, block, ouros::at(at));
    ended++;
    bool good = length == sizeof block;
    for (uint64_t i = 0; good && i < sizeof block; i++)
        good = block[i] == content(at + i);
    wrong += !good;
}

ouros::task<void> sleeps_for_a_while(unsigned which) {
    begun++;
    int64_t result = co_await ouros::sleep(std::chrono::microseconds(2000 + which));
    ended++;
    wrong += result != 0;
}

ouros::task<void> reads_pipe() {
    unsigned char byte = 0;
    begun++;
    int64_t length = co_await ouros::read(channel[0], std::span(&byte, 1));
    ended++;
    wrong += length != 1 || byte != 'x';
}

// A breakpoint stops the machine here.
extern "C" [[gnu::noinline]] void snapshot_point() {
    asm volatile("" ::: "memory");
}

ouros::task<int> program(const char* path) {
    auto fd = static_cast<int>(ouros::check(co_await ouros::open(path, O_RDONLY), path));
    for (int round = 0; round < rounds; round++) {
        std::vector<ouros::spawned<void>> all;
        for (unsigned i = 0; i < reads; i++)
            all.push_back(ouros::spawn(reads_file(fd, i)));
        for (unsigned i = 0; i < sleeps; i++)
            all.push_back(ouros::spawn(sleeps_for_a_while(i)));
        for (unsigned i = 0; i < pipes; i++)
            all.push_back(ouros::spawn(reads_pipe()));
        while (begun < (round + 1) * (reads + sleeps + pipes))
            co_await ouros::yield();
        for (int i = 0; i < 40; i++) // they are submitted by now, and none is through
            co_await ouros::yield();
        if (ended != round * (reads + sleeps + pipes))
            co_return 2;
        snapshot_point();
        char bytes[pipes];
        for (char& byte : bytes)
            byte = 'x';
        if (::write(channel[1], bytes, sizeof bytes) != sizeof bytes)
            co_return 3;
        for (auto& one : all)
            co_await one;
    }
    std::printf("%u requests, %u completions, %u wrong\n", begun, ended, wrong);
    co_return wrong != 0 || ended != begun;
}

} // namespace

int main(int, char** argv) {
    return ::pipe(channel.data()) == 0 ? ouros::run(program(argv[1])) : 4;
}
