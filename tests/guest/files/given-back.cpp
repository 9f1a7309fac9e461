// SPDX-License-Identifier: BSD-2-Clause
//
// Files, pipes, names and descriptors that are closed give everything back: after thousands of
// each there is as much memory as before, and the device has handles left. A directory that was
// full of names keeps no object of that time.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <ouros/kernel.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace {

int wrong = 0;

void must(bool condition, const char* what) {
    if (condition)
        return;
    std::printf("WRONG: %s (%s)\n", what, std::strerror(errno));
    wrong++;
}

long free_pages() {
    struct statfs s;
    must(statfs("/tmp", &s) == 0, "statfs");
    return static_cast<long>(s.f_bfree);
}

// The first rounds may leave the allocator with pages for small objects; more rounds may not.
void keeps_memory(const char* what, int rounds, const std::function<void()>& round) {
    for (int i = 0; i <= rounds / 10; i++)
        round();
    long before = free_pages();
    for (int i = 0; i < rounds; i++)
        round();
    long lost = before - free_pages();
    std::printf("%s: %d rounds, %ld pages lost\n", what, rounds, lost);
    if (lost > 4)
        wrong++;
}

uint64_t objects() {
    ouros_statistics s{};
    must(syscall(OUROS_SYS_statistics, &s, sizeof s) == long(sizeof s), "statistics");
    return s.heap_objects;
}

// Few names as many, in any order.
void names_come_and_go() {
    auto name = [](int i) { return "/tmp/name-" + std::to_string(i); };
    for (int most : {1, 20, 100, 3000}) {
        uint64_t before = objects();
        for (int i = 0; i < most; i++)
            must(symlink("somewhere", name(i).c_str()) == 0, "symlink");
        must(objects() > before, "names are objects");
        for (int i = most; i-- > 0;)
            must(unlink(name(i * 7 % most).c_str()) == 0, "unlink");
        long kept = long(objects() - before);
        std::printf("%d names: %ld objects kept\n", most, kept);
        must(kept == 0, "objects of names that are gone");
    }
}

char data[65536];

} // namespace

int main() {
    keeps_memory("file in memory", 200, [] {
        int fd = open("/tmp/file", O_CREAT | O_RDWR | O_EXCL, 0644);
        must(pwrite(fd, data, sizeof data, 1000000) == sizeof data, "pwrite");
        must(unlink("/tmp/file") == 0, "unlink");
        must(pread(fd, data, 100, 1000000) == 100, "pread");
        close(fd);
    });
    keeps_memory("directory", 300, [] {
        must(mkdir("/tmp/d", 0755) == 0, "mkdir");
        for (int i = 0; i < 20; i++) {
            std::string name = "/tmp/d/" + std::to_string(i);
            must(symlink("somewhere", name.c_str()) == 0, "symlink");
        }
        int d = open("/tmp/d", O_RDONLY | O_DIRECTORY);
        for (int i = 0; i < 20; i++)
            must(unlinkat(d, std::to_string(i).c_str(), 0) == 0, "unlinkat");
        must(rmdir("/tmp/d") == 0, "rmdir");
        close(d);
    });
    keeps_memory("pipe", 500, [] {
        int ends[2];
        must(pipe2(ends, O_NONBLOCK) == 0, "pipe2");
        must(write(ends[1], data, 5000) == 5000, "write");
        close(ends[0]);
        close(ends[1]);
    });
    keeps_memory("eventfd and dup", 1000, [] {
        int fd = eventfd(1, 0);
        int second = fcntl(fd, F_DUPFD, 300);
        must(second >= 300, "F_DUPFD");
        must(dup2(fd, second) == second, "dup2");
        close(fd);
        close(second);
    });
    keeps_memory("file of the host", 2000, [] {
        int fd = open("/host/file", O_RDONLY);
        must(fd >= 0, "open");
        must(read(fd, data, 100) > 0, "read");
        close(fd);
    });
    keeps_memory("failed open", 1000, [] {
        must(open("/host/none", O_RDONLY) < 0, "open none");
        must(open("/tmp/none/x", O_RDONLY) < 0, "open none");
    });
    keeps_memory("as many as there can be", 3, [] {
        int count = 0;
        while (dup(0) >= 0)
            count++;
        must(errno == EMFILE, "EMFILE");
        must(count > 1000, "1000 descriptors");
        must(open("/host/file", O_RDONLY) < 0 && errno == EMFILE, "open with none left");
        for (int fd = 3; fd < 1024; fd++)
            close(fd);
    });
    names_come_and_go();
    return wrong > 0;
}
