// SPDX-License-Identifier: BSD-2-Clause
//
// mmap and its family: what they give, and what they refuse.
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace {

int failures;

void expect(bool good, const char* what) {
    if (good)
        return;
    printf("wrong: %s (errno %d)\n", what, errno);
    failures++;
}

uint8_t* map(size_t size, int protection) {
    return static_cast<uint8_t*>(
        mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

constexpr size_t page = 4096;

void refuses_writable_code() {
    expect(map(page, PROT_WRITE | PROT_EXEC) == MAP_FAILED && errno == EACCES, "mmap W+X");
    uint8_t* p = map(page, PROT_READ | PROT_WRITE);
    expect(mprotect(p, page, PROT_WRITE | PROT_EXEC) == -1 && errno == EACCES, "mprotect W+X");
    // Code may be written, then run.
    uint32_t code[] = {0x02a00513, 0x00008067}; // li a0, 42; ret
    memcpy(p, code, sizeof code);
    expect(mprotect(p, page, PROT_READ | PROT_EXEC) == 0, "mprotect R+X");
    expect(reinterpret_cast<int (*)()>(p)() == 42, "run what was written");
    munmap(p, page);
}

void keeps_contents_across_protections() {
    uint8_t* p = map(3 * page, PROT_READ | PROT_WRITE);
    for (int i = 0; i < 3; i++)
        p[i * page] = uint8_t(10 + i);
    expect(mprotect(p + page, page, PROT_NONE) == 0, "mprotect none");
    expect(write(1, p + page, 1) == -1 && errno == EFAULT, "the kernel respects PROT_NONE");
    expect(mprotect(p + page, page, PROT_READ) == 0, "mprotect read");
    expect(p[0] == 10 && p[page] == 11 && p[2 * page] == 12, "contents are kept");
    expect(munmap(p + page, page) == 0, "munmap the middle");
    expect(p[0] == 10 && p[2 * page] == 12, "neighbours are kept");
    expect(mmap(p + page, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
               p + page,
           "mmap fixed");
    expect(p[page] == 0, "new pages are zero");
    expect(mmap(p, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
                   MAP_FAILED &&
               errno == EEXIST,
           "mmap fixed without replacing");
    munmap(p, 3 * page);
}

void moves_and_drops() {
    uint8_t* p = map(2 * page, PROT_READ | PROT_WRITE);
    uint8_t* wall = map(page, PROT_READ); // below: the next mapping goes down
    p[0] = 1;
    p[page] = 2;
    auto* q = static_cast<uint8_t*>(mremap(p, 2 * page, 64 * page, MREMAP_MAYMOVE));
    expect(q != MAP_FAILED && q[0] == 1 && q[page] == 2 && q[63 * page] == 0, "mremap grows");
    expect(madvise(q, page, MADV_DONTNEED) == 0 && q[0] == 0 && q[page] == 2, "MADV_DONTNEED");
    expect(mremap(q, 64 * page, page, 0) == q, "mremap shrinks");
    expect(mprotect(q, 2 * page, PROT_READ) == -1 && errno == ENOMEM, "mprotect of a hole");
    munmap(q, page);
    munmap(wall, page);
}

void refuses_nonsense() {
    expect(map(0, PROT_READ) == MAP_FAILED && errno == EINVAL, "mmap of nothing");
    expect(map(size_t(1) << 60, PROT_READ) == MAP_FAILED && errno == ENOMEM, "mmap of too much");
    expect(munmap(reinterpret_cast<void*>(1), page) == -1 && errno == EINVAL, "munmap unaligned");
    auto* kernel = reinterpret_cast<void*>(0xffffffc000000000);
    expect(mmap(kernel, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
               MAP_FAILED,
           "mmap in the kernel's half");
    expect(munmap(kernel, page) == -1, "munmap in the kernel's half");
    expect(mprotect(kernel, page, PROT_READ) == -1, "mprotect in the kernel's half");
    expect(mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                0) == MAP_FAILED,
           "mmap at null");
}

void break_moves() {
    auto* old = static_cast<uint8_t*>(sbrk(0));
    expect(sbrk(100000) == old, "sbrk up");
    old[99999] = 7;
    expect(sbrk(-100000) == old + 100000, "sbrk down");
    expect(sbrk(100000) == old && old[99999] == 0, "sbrk up again gives zeros");
}

} // namespace

int main() {
    refuses_writable_code();
    keeps_contents_across_protections();
    moves_and_drops();
    refuses_nonsense();
    break_moves();
    return failures ? 1 : 0;
}
