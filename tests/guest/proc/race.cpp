// SPDX-License-Identifier: BSD-2-Clause
//
// Readers of /proc race with processes and threads that begin and end. Each file read has one whole
// state in it or is gone; a directory has nobody twice, and everybody who was there all the time;
// and looking holds nothing: the counts of the system are the same afterwards.
#include <algorithm>
#include <atomic>
#include <dirent.h>
#include <fcntl.h>
#include <ouros/kernel.h>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "check.h"

namespace {

ouros_statistics counts() {
    ouros_statistics s{};
    CHECK(syscall(OUROS_SYS_statistics, &s, sizeof s) == long(sizeof s));
    return s;
}

// Everything that a process or thread has, in pieces of an odd size.
void read_all(const std::string& folder) {
    for (const char* name : {"stat", "status", "statm", "maps", "cmdline", "environ", "comm",
                             "limits", "ouros", "mounts", "fdinfo/0"}) {
        int fd = open((folder + name).c_str(), O_RDONLY);
        if (fd < 0) {
            CHECK(errno == ENOENT || errno == ESRCH);
            continue;
        }
        char piece[97], last = 0;
        ssize_t size;
        while ((size = read(fd, piece, sizeof piece)) > 0)
            last = piece[size - 1];
        CHECK(size == 0);
        if (!std::strcmp(name, "stat") || !std::strcmp(name, "status"))
            CHECK(last == '\n');
        close(fd);
    }
    char text[256];
    for (const char* name : {"exe", "cwd", "root", "fd/0", "fd/3"})
        if (readlink((folder + name).c_str(), text, sizeof text) < 0)
            CHECK(errno == ENOENT);
}

unsigned list(const char* path, bool deep) {
    DIR* d = opendir(path);
    if (!d) {
        CHECK(errno == ENOENT);
        return 0;
    }
    std::vector<int> seen;
    while (dirent* e = readdir(d))
        if (int id = std::atoi(e->d_name)) {
            CHECK(std::find(seen.begin(), seen.end(), id) == seen.end());
            seen.push_back(id);
        }
    closedir(d);
    for (int id : seen) {
        std::string folder = std::string(path) + "/" + std::to_string(id) + "/";
        read_all(folder);
        if (deep)
            list((folder + "task").c_str(), false);
    }
    return unsigned(seen.size());
}

void begin_and_end(int rounds) {
    for (int i = 0; i < rounds; i++) {
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            int fd = open("/tmp", O_RDONLY);
            std::thread([&] { close(fd); }).join();
            _exit(0);
        }
        CHECK(waitpid(child, nullptr, 0) == child);
    }
}

void round(int makers, int forks) {
    auto* left = static_cast<std::atomic<int>*>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    CHECK(left != MAP_FAILED);
    *left = makers;
    for (int i = 0; i < makers; i++)
        if (fork() == 0) {
            begin_and_end(forks);
            --*left;
            _exit(0);
        }
    pid_t reader = fork();
    if (reader == 0) {
        while (*left > 0)
            CHECK(list("/proc", true) >= 3); // the first, this one, a maker's zombie at least
        _exit(0);
    }
    while (*left > 0)
        CHECK(list("/proc", true) >= 3);
    int status;
    CHECK(waitpid(reader, &status, 0) == reader && status == 0);
    while (wait(&status) > 0)
        CHECK(status == 0);
    CHECK(munmap(left, 4096) == 0);
}

} // namespace

int main(int, char** argv) {
    int forks = std::atoi(argv[1]);
    round(2, 2);
    ouros_statistics before = counts();
    round(3, forks);
    ouros_statistics after = counts();
    // What a process had is given back a while after it was waited for.
    for (int i = 0; i < 1000 && (after.heap_objects > before.heap_objects ||
                                 after.pages_used > before.pages_used + 2);
         i++) {
        usleep(1000);
        after = counts();
    }
    std::printf("objects %lu, then %lu; pages %lu, then %lu\n", before.heap_objects,
                after.heap_objects, before.pages_used, after.pages_used);
    CHECK(after.heap_objects <= before.heap_objects);
    CHECK(after.pages_used <= before.pages_used + 2);
    return 0;
}
