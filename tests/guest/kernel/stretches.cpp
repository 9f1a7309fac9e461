// SPDX-License-Identifier: BSD-2-Clause
//
// However much a call has to do, the kernel looks for interrupts often: fork, mprotect, munmap and
// exit of 32 MiB, a large file, thousands of areas, of descriptors and of threads, the largest
// ring, a program with much to take along. Run with the kernel's argument "stretches".
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <linux/futex.h>
#include <ouros/kernel.h>
#include <poll.h>
#include <pthread.h>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr uint64_t most = 7'000; // instructions; before there were steps it was millions
constexpr size_t size = 32 << 20, page = 4096;

char* touched() {
    auto* m = static_cast<char*>(
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (size_t at = 0; at < size; at += 4096)
        m[at] = 1;
    return m;
}

template <class Work>
bool in_child(Work&& work) {
    pid_t id = fork();
    if (id == 0)
        _exit(work() ? 0 : 1);
    int status = 0;
    return waitpid(id, &status, 0) == id && status == 0;
}

// Every second page is an area of its own: faults, a search for room, fork and munmap.
bool many_areas() {
    constexpr size_t count = 3000;
    auto* m = static_cast<char*>(
        mmap(nullptr, count * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (size_t i = 0; i < count; i += 2)
        if (mprotect(m + i * page, page, PROT_READ) < 0)
            return false;
    m[page] = m[(count - 1) * page] = 1;
    void* more = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return more != MAP_FAILED && in_child([&] { return m[page] == 1; }) &&
           munmap(m, count * page) == 0;
}

bool many_descriptors() {
    return in_child([] {
        std::vector<pollfd> polled;
        for (int ends[2]; polled.size() < 1000 && pipe(ends) == 0;) {
            polled.push_back({ends[0], POLLIN, 0});
            polled.push_back({ends[1], POLLPRI, 0});
        }
        return polled.size() == 1000 && poll(polled.data(), polled.size(), 0) == 0 &&
               poll(polled.data(), polled.size(), 1) == 0 && in_child([] { return true; });
    });
}

bool large_ring() {
    return in_child([] {
        ouros_ring ring;
        return syscall(OUROS_SYS_ring_setup, 4096, 4096, &ring, sizeof ring) == 0 &&
               syscall(OUROS_SYS_ring_close) == 0;
    });
}

int word = 0;

void* wait_for_end(void*) {
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
    return nullptr;
}

bool many_threads() {
    return in_child([] {
        pthread_attr_t small;
        pthread_attr_init(&small);
        pthread_attr_setstacksize(&small, 64 << 10);
        for (int i = 0; i < 300; i++) {
            pthread_t made;
            if (pthread_create(&made, &small, wait_for_end, nullptr) != 0)
                return false;
        }
        return true;
    });
}

// Itself, which ends at once.
bool large_exec() {
    static std::string argument(60000, 'x');
    return in_child([] {
        touched();
        char* arguments[] = {argument.data(), argument.data(), argument.data(), nullptr};
        return execve("/proc/self/exe", arguments, arguments) == 0;
    });
}

} // namespace

int main(int count, char**) {
    if (count > 1)
        return 0;
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
    if (!many_areas() || !many_descriptors() || !large_ring() || !many_threads() || !large_exec())
        return 6;
    if (syscall(OUROS_SYS_stretches, &longest, sizeof longest, 0) < 0)
        return 5;
    printf("longest stretch: %lu instructions, entry %ld, to %lx\n", longest.instructions,
           static_cast<long>(longest.entry), longest.ended_at);
    return longest.instructions <= most ? 0 : 1;
}
