// SPDX-License-Identifier: BSD-2-Clause
//
// A fork copies at once what a device may be writing to: afterwards the parent's pages are the ones
// that the device has, and a write to them traps no more. Without a ring they are shared until
// somebody writes. Run with --icount: a write that traps executes hundreds of instructions.
#include <cstdint>
#include <cstdio>
#include <ouros/ouros.hpp>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr size_t page = 4096, pages = 64;
constexpr uint64_t a_trap = 100;

volatile char* area;

uint64_t instructions() {
    uint64_t count;
    asm volatile("rdinstret %0" : "=r"(count)::"memory");
    return count;
}

// How many of the pages trap when they are written to after a fork.
int trapping() {
    for (size_t i = 0; i < pages; i++)
        area[i * page] = 1;
    int hold[2];
    if (pipe(hold) < 0)
        return -1;
    pid_t child = fork(); // lives on, with its share of the pages
    if (child == 0) {
        close(hold[1]);
        char end;
        _exit(read(hold[0], &end, 1) != 0);
    }
    close(hold[0]);
    int trapped = 0;
    for (size_t i = 0; i < pages; i++) {
        uint64_t start = instructions();
        area[i * page] = 2;
        trapped += instructions() - start > a_trap;
    }
    close(hold[1]);
    int status = -1;
    return waitpid(child, &status, 0) == child && status == 0 ? trapped : -1;
}

ouros::task<int> with_ring() {
    co_await ouros::nop(); // the ring is there
    int trapped = trapping();
    printf("with a ring: %d of %zu\n", trapped, pages);
    // An interrupt may fall between the two readings.
    co_return trapped<0 || trapped> 2;
}

} // namespace

int main() {
    area = static_cast<char*>(
        mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    int trapped = trapping();
    printf("without: %d of %zu\n", trapped, pages);
    fflush(stdout);
    return ouros::run(with_ring()) || trapped != int(pages);
}
