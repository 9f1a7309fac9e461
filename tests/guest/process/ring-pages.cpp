// SPDX-License-Identifier: BSD-2-Clause
//
// A process gives pages back, or moves them, while the device reads into them: madvise, mremap,
// mmap over them, brk. Whoever has the pages next must find in them what it has written.
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <ouros/ouros.hpp>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

constexpr int readers = 4, rounds = 40, pieces = 64;
constexpr size_t page = 4096, size = readers * pieces * page;
constexpr int rw = PROT_READ | PROT_WRITE;

char* buffers;
bool going_on = true;
int wrong;
long reads, faults;

ouros::task<int> reader(int fd, int number) {
    while (going_on) {
        iovec vectors[pieces];
        for (int i = 0; i < pieces; i++)
            vectors[i] = {buffers + (size_t(number) * pieces + size_t(i)) * page, page};
        int64_t n = co_await ouros::readv(fd, vectors, pieces, 0);
        if (n == -EFAULT)
            faults++;
        else if (n <= 0)
            wrong++;
        reads++;
    }
    co_return 0;
}

void must(bool condition, const char* what) {
    if (condition)
        return;
    printf("WRONG: %s (%s)\n", what, strerror(errno));
    wrong++;
}

char* map() {
    void* p = mmap(nullptr, size, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(p != MAP_FAILED, "mmap");
    return static_cast<char*>(p);
}

void lose_pages(int how) {
    switch (how) {
    case 0:
        must(madvise(buffers, size, MADV_DONTNEED) == 0, "madvise");
        break;
    case 1: { // moved, and gone from there
        void* moved = mremap(buffers, size, 2 * size, MREMAP_MAYMOVE);
        must(moved != MAP_FAILED && moved != buffers, "mremap");
        munmap(moved, 2 * size);
        void* again = mmap(buffers, size, rw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        must(again == buffers, "mmap where it was");
        break;
    }
    case 2:
        must(mmap(buffers, size, rw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == buffers,
             "mmap over it");
        break;
    default:
        must(munmap(buffers + size / 2, size / 2) == 0, "munmap");
        must(mmap(buffers + size / 2, size / 2, rw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                  0) == buffers + size / 2,
             "mmap of a half");
    }
}

ouros::task<int> loser() {
    for (int i = 0; i < rounds; i++) {
        memset(buffers, 1, size);
        // The readers' requests are on their way, and this is some time later.
        co_await ouros::sleep(std::chrono::microseconds(i * 17 % 200));
        lose_pages(i % 4);
        char* next = map(); // most of the pages are the same ones
        memset(next, 0x5a, size);
        co_await ouros::sleep(std::chrono::microseconds(300));
        size_t changed = 0;
        for (size_t at = 0; at < size; at++)
            changed += next[at] != 0x5a;
        if (changed) {
            printf("WRONG: round %d: %zu bytes of others' pages written\n", i, changed);
            wrong++;
        }
        munmap(next, size);
    }
    going_on = false;
    co_return 0;
}

ouros::task<int> program(const char* path) {
    auto fd = int(ouros::check(co_await ouros::open(path, O_RDONLY), path));
    char* lower = map(); // so that there is something right above the buffers
    buffers = lower - size;
    must(mmap(buffers, size, rw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
             buffers,
         "mmap below");
    memset(lower, 2, size);
    mprotect(lower, page, PROT_READ);
    co_await ouros::when_all(reader(fd, 0), reader(fd, 1), reader(fd, 2), reader(fd, 3), loser());
    printf("%ld reads, %ld of them into what was gone\n", reads, faults);
    co_return wrong != 0;
}

} // namespace

int main(int argc, char** argv) {
    return argc == 2 ? ouros::run(program(argv[1])) : 2;
}
