// SPDX-License-Identifier: BSD-2-Clause
//
// The longest the kernel goes without looking for interrupts, over calls that have much to do. Only
// a kernel that was booted with the argument "stretches" measures that, and pays for it: these
// figures come from a run of their own, and nothing else is measured in it.

#include "measure.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <ouros/io.hpp>
#include <ouros/kernel.h>
#include <poll.h>
#include <pthread.h>
#include <string>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace bench {

namespace {

constexpr size_t page = 4096;
constexpr size_t much = 64 << 20; // bytes
constexpr int files = 1000;

uint64_t longest_of_all = 0;

// With STRETCHES=1 in the environment: all of them, for whoever wants to shorten them.
void show(const char* what, const ouros_stretch* list, size_t count) {
    if (!getenv("STRETCHES"))
        return;
    std::fprintf(stderr, "%s:\n", what);
    for (size_t i = 0; i < count; i++)
        std::fprintf(stderr, "    %8lu instructions, entry %ld, to %lx\n", list[i].instructions,
                     static_cast<long>(list[i].entry), list[i].ended_at);
}

uint64_t longest(const char* what) {
    std::array<ouros_stretch, 8> list{};
    long size = syscall(OUROS_SYS_stretches, list.data(), sizeof list, 0);
    size_t count = static_cast<size_t>(ouros::check(size, "stretches")) / sizeof list[0];
    show(what, list.data(), count);
    return count ? list[0].instructions : 0;
}

template <class Work>
void stretch(const char* what, Work&& work) {
    ouros_stretch unused;
    syscall(OUROS_SYS_stretches, &unused, sizeof unused, OUROS_STRETCHES_FORGET);
    work();
    uint64_t instructions = longest(what);
    longest_of_all = std::max(longest_of_all, instructions);
    std::printf("kernel.stretch.%s\tinstructions\t%lu\n", what, instructions);
}

void wait_for(pid_t id) {
    int status = 0;
    if (waitpid(id, &status, 0) != id || status != 0)
        ouros::check(-ECHILD, "a child");
}

template <class Work>
void in_child(Work&& work) {
    pid_t id = fork();
    if (id == 0) {
        work();
        _exit(0);
    }
    wait_for(id);
}

char* touched(size_t size, int flags = MAP_PRIVATE) {
    auto* memory = static_cast<char*>(
        mmap(nullptr, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0));
    if (memory == MAP_FAILED)
        ouros::check(-errno, "mmap");
    for (size_t at = 0; at < size; at += page)
        memory[at] = 1;
    return memory;
}

void memory() {
    char* m = touched(much);
    stretch("fork", [] { in_child([] {}); });
    stretch("mprotect", [&] { mprotect(m, much, PROT_READ); });
    mprotect(m, much, PROT_READ | PROT_WRITE);
    stretch("mremap", [&] {
        touched(page); // so that it can't grow where it is
        m = static_cast<char*>(mremap(m, much, much + page, MREMAP_MAYMOVE));
    });
    stretch("madvise", [&] { madvise(m, much, MADV_DONTNEED); });
    for (size_t at = 0; at < much; at += page)
        m[at] = 1;
    stretch("munmap", [&] { munmap(m, much + page); });
    stretch("exit", [] { in_child([] { touched(much); }); });
    stretch("shared_memory", [] {
        in_child([] {
            char* shared = touched(much / 4, MAP_SHARED);
            in_child([&] { shared[0] = 2; });
            munmap(shared, much / 4);
        });
    });
    stretch("many_areas", [] {
        constexpr size_t size = 2000 * page;
        char* areas = touched(size);
        for (size_t at = 0; at < size; at += 2 * page)
            mprotect(areas + at, page, PROT_READ);
        in_child([] {});
        munmap(areas, size);
    });
}

void exec(const char*) {
    // Itself, with much to take along: it ends at once, for it is not told what to do.
    std::string argument(60000, 'x');
    stretch("exec", [&] {
        pid_t id = fork();
        if (id == 0) {
            touched(much / 4);
            int null = ::open("/dev/null", O_RDWR);
            dup2(null, 2);
            char* arguments[] = {argument.data(), argument.data(), argument.data(), argument.data(),
                                 nullptr};
            execve("/proc/self/exe", arguments, arguments);
            char* shell[] = {argument.data(), nullptr};
            execve("/bench", shell, arguments);
            _exit(0);
        }
        int status;
        waitpid(id, &status, 0);
    });
}

void many_files() {
    constexpr const char* folder = "/tmp/many";
    mkdir(folder, 0755);
    stretch("create_files", [&] {
        for (int i = 0; i < files * 4; i++) {
            std::string name = folder + std::string("/a-file-with-a-name-") + std::to_string(i);
            ::close(ouros::check(::open(name.c_str(), O_CREAT | O_WRONLY, 0644), "a file"));
        }
    });
    stretch("getdents", [&] {
        std::vector<char> buffer(256 << 10);
        int fd = ouros::check(::open(folder, O_RDONLY | O_DIRECTORY), folder);
        while (syscall(SYS_getdents64, fd, buffer.data(), buffer.size()) > 0)
            ;
        ::close(fd);
    });
    stretch("open_files", [] {
        in_child([] {
            std::vector<pollfd> polled;
            for (int i = 0; i < files / 2; i++) {
                int ends[2];
                if (pipe(ends) < 0)
                    break;
                polled.push_back({ends[0], POLLIN, 0});
                polled.push_back({ends[1], POLLPRI, 0});
            }
            poll(polled.data(), polled.size(), 0);
            poll(polled.data(), polled.size(), 1);
            in_child([] {});
        });
    });
    for (int i = 0; i < files * 4; i++) {
        std::string name = folder + std::string("/a-file-with-a-name-") + std::to_string(i);
        ::unlink(name.c_str());
    }
    ::rmdir(folder);
}

void transfers() {
    constexpr size_t size = 4 << 20;
    char* m = touched(size);
    constexpr const char* name = "/tmp/large";
    int fd = ouros::check(::open(name, O_CREAT | O_RDWR, 0644), name);
    stretch("file", [&] {
        pwrite(fd, m, size, 0);
        pread(fd, m, size, 0);
    });
    stretch("file_vector", [&] {
        std::vector<iovec> pieces;
        for (size_t i = 0; i < 1024; i++)
            pieces.push_back({m + i * page, page - 1});
        pwritev(fd, pieces.data(), 1024, 0);
        preadv(fd, pieces.data(), 1024, 0);
    });
    stretch("truncate", [&] {
        ouros::check(ftruncate(fd, 1), "ftruncate");
        pwrite(fd, m, size, 0);
        ::unlink(name);
        ::close(fd);
    });
    stretch("pipe", [&] {
        int ends[2];
        ouros::check(pipe(ends), "pipe");
        for (int i = 0; i < 4; i++) {
            if (::write(ends[1], m, 65536) < 0 || ::read(ends[0], m, 65536) < 0)
                ouros::check(-errno, "pipe");
        }
        if (fork() == 0) {
            ::close(ends[0]);
            if (::write(ends[1], m, size) < 0)
                _exit(1);
            _exit(0);
        }
        ::close(ends[1]);
        while (::read(ends[0], m, size) > 0)
            ;
        ::close(ends[0]);
        int status;
        wait(&status);
    });
    stretch("socket", [&] {
        int ends[2];
        ouros::check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        fcntl(ends[1], F_SETFL, O_NONBLOCK);
        for (int i = 0; i < 4; i++) {
            (void)!::write(ends[1], m, size);
            (void)!::read(ends[0], m, size);
        }
        ::close(ends[0]);
        ::close(ends[1]);
    });
    stretch("devices", [&] {
        int zero = ::open("/dev/zero", O_RDWR);
        (void)!::read(zero, m, size);
        ::close(zero);
        int null = ::open("/dev/null", O_RDWR);
        (void)!::write(null, m, size);
        ::close(null);
        (void)!getrandom(m, size, 0);
    });
    munmap(m, size);
}

std::atomic<int> waiting{0};
int word = 0;

void* wait_on_word(void*) {
    waiting++;
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
    return nullptr;
}

void many_threads() {
    constexpr int count = 500;
    std::vector<pthread_t> threads;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 << 10);
    auto start = [&] {
        for (int i = 0; i < count; i++) {
            pthread_t made;
            if (pthread_create(&made, &attributes, wait_on_word, nullptr) == 0)
                threads.push_back(made);
        }
        while (waiting < static_cast<int>(threads.size()))
            sched_yield();
    };
    stretch("wake_threads", [&] {
        start();
        word = 1;
        syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
        for (pthread_t t : threads)
            pthread_join(t, nullptr);
    });
    threads.clear();
    stretch("end_threads", [&] {
        in_child([&] {
            word = 0;
            waiting = 0;
            start();
        });
    });
}

void rings() {
    stretch("ring", [] {
        in_child([] {
            ouros_ring ring;
            syscall(OUROS_SYS_ring_setup, 4096, 4096, &ring, sizeof ring);
            syscall(OUROS_SYS_ring_close);
            syscall(OUROS_SYS_ring_setup, 4096, 4096, &ring, sizeof ring);
        });
    });
}

void stretches(const char* file) {
    if (syscall(OUROS_SYS_stretches, nullptr, 0, 0) < 0)
        return;
    memory();
    exec(file);
    many_files();
    transfers();
    many_threads();
    rings();
    std::printf("kernel.stretch\tinstructions\t%lu\n", longest_of_all);
}

const subject here{"stretches", harts::one, stretches};

} // namespace

} // namespace bench
