// SPDX-License-Identifier: BSD-2-Clause
//
// However much a call has to do, the kernel looks for interrupts often: fork, mprotect, munmap and
// exit of 32 MiB, and a large file. Run with the kernel's argument "stretches".
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <ouros/kernel.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr uint64_t most = 40'000; // instructions; before there were steps it was millions
constexpr size_t size = 32 << 20;

char* touched() {
    auto* m = static_cast<char*>(
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (size_t at = 0; at < size; at += 4096)
        m[at] = 1;
    return m;
}

} // namespace

int main() {
    char* m = touched();
    ouros_stretch longest{};
    if (syscall(OUROS_SYS_stretches, &longest, sizeof longest, OUROS_STRETCHES_FORGET) < 0)
        return 2;
    if (fork() == 0) {
        m[0] = 2;
        _exit(m[4096] == 1 ? 0 : 1);
    }
    int status = 0;
    if (wait(&status) < 0 || status != 0)
        return 3;
    mprotect(m, size, PROT_READ);
    int fd = open("/tmp/large", O_CREAT | O_RDWR, 0600);
    if (write(fd, m, size / 4) != size / 4 || ftruncate(fd, 0) < 0)
        return 4;
    munmap(m, size);
    if (syscall(OUROS_SYS_stretches, &longest, sizeof longest, 0) < 0)
        return 5;
    printf("longest stretch: %lu instructions, entry %ld, to %lx\n", longest.instructions,
           static_cast<long>(longest.entry), longest.ended_at);
    return longest.instructions <= most ? 0 : 1;
}
