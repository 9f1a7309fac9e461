// SPDX-License-Identifier: BSD-2-Clause
//
// The exported directory: host-calls DIRECTORY. Under Ouros DIRECTORY is at /host; the same calls
// on it must give the same, and nothing outside it can be reached.
#include <algorithm>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <vector>

#include "report.h"

namespace {

std::string list(const char* path) {
    DIR* directory = opendir(path);
    if (!directory)
        return strerrorname_np(errno);
    std::vector<std::string> names;
    while (dirent* entry = readdir(directory))
        names.push_back(std::string(entry->d_name) + (entry->d_type == DT_DIR ? "/" : ""));
    closedir(directory);
    std::sort(names.begin(), names.end());
    std::string all;
    for (const std::string& name : names)
        all += name + " ";
    return all;
}

void contents() {
    int fd = open("file", O_CREAT | O_RDWR | O_TRUNC, 0644);
    did("create", fd);
    char buffer[64] = {};
    say("write", write(fd, "hello world", 11));
    say("read at the end", read(fd, buffer, sizeof buffer));
    say("lseek", lseek(fd, 6, SEEK_SET));
    say("read", read(fd, buffer, sizeof buffer));
    tell("read", std::string(buffer, 5));
    say("lseek end", lseek(fd, -3, SEEK_END));
    say("lseek bad", lseek(fd, -300, SEEK_END));
    say("pread", pread(fd, buffer, 5, 0));
    tell("pread", std::string(buffer, 5));
    say("pwrite", pwrite(fd, "HELLO", 5, 0));
    iovec two[2] = {{buffer, 3}, {buffer + 8, 30}};
    say("preadv", preadv(fd, two, 2, 0));
    tell("preadv", std::string(buffer, 3) + "|" + std::string(buffer + 8, 8));
    say("position", lseek(fd, 0, SEEK_CUR));
    say("read into nothing", read(fd, nullptr, 0));
    void* volatile nowhere = reinterpret_cast<void*>(8); // hidden from the compiler, which warns
    say("read into a bad address", read(fd, nowhere, 5));
    say("position", lseek(fd, 0, SEEK_CUR));
    std::string big(200000, '\0');
    for (size_t i = 0; i < big.size(); i++)
        big[i] = static_cast<char>(i * 13 + i / 1000);
    say("write 200000", pwrite(fd, big.data(), big.size(), 100));
    std::string back(300000, '?');
    say("read back", pread(fd, back.data(), back.size(), 0));
    tell("the same", back.substr(100, big.size()) == big ? "yes" : "no");
    struct stat s;
    say("fstat", fstat(fd, &s));
    say("size", s.st_size);
    say("mode", s.st_mode);
    say("ftruncate", ftruncate(fd, 4));
    say("stat", stat("file", &s));
    say("size", s.st_size);
    say("fsync", fsync(fd));
    say("fdatasync", fdatasync(fd));
    int second = dup(fd);
    say("lseek", lseek(fd, 2, SEEK_SET));
    say("shared position", lseek(second, 0, SEEK_CUR));
    say("close", close(fd));
    say("read the other", read(second, buffer, 10));
    say("close the other", close(second));
    say("read closed", read(second, buffer, 10));
    int append = open("file", O_WRONLY | O_APPEND);
    say("append", write(append, "+++", 3));
    say("read what is only written", read(append, buffer, 1));
    close(append);
    say("stat", stat("file", &s));
    say("size", s.st_size);
}

void names() {
    say("mkdir d", mkdir("d", 0755));
    say("mkdir d again", mkdir("d", 0755));
    say("mkdir none/d", mkdir("none/d", 0755));
    say("open none", open("none", O_RDONLY));
    say("open d for writing", open("d", O_WRONLY));
    say("open below a file", open("file/x", O_RDONLY));
    say("open file exclusively", open("file", O_CREAT | O_EXCL | O_RDWR, 0644));
    say("open file as a directory", open("file", O_RDONLY | O_DIRECTORY));
    say("rename", rename("file", "d/moved"));
    say("rename none", rename("none", "d/x"));
    say("access", access("d/moved", R_OK | W_OK));
    say("access for execution", access("d/moved", X_OK));
    say("access none", access("none", F_OK));
    tell("list .", list("."));
    tell("list d", list("d"));
    tell("list d/moved", list("d/moved"));
    int d = open("d", O_RDONLY | O_DIRECTORY);
    did("open d", d);
    int inside = openat(d, "moved", O_RDONLY);
    did("openat", inside);
    close(inside);
    inside = openat(d, "../d/moved", O_RDONLY);
    did("openat ../d/moved", inside);
    say("read a directory", read(d, &inside, 1));
    struct stat a, b;
    say("fstatat", fstatat(d, "moved", &a, 0));
    say("fstat", fstat(inside, &b));
    say("the same file", a.st_ino == b.st_ino && a.st_size == b.st_size);
    close(inside);
    say("unlinkat a directory", unlinkat(AT_FDCWD, "d", 0) < 0 ? 0 : 1);
    say("rmdir not empty", rmdir("d"));
    say("rmdir a file", rmdir("d/moved"));
    say("fchdir", fchdir(d));
    say("unlink", unlink("moved"));
    say("unlink again", unlink("moved"));
    say("chdir ..", chdir(".."));
    close(d);
    say("rmdir", rmdir("d"));
    tell("list .", list("."));
    std::string name(256, 'n');
    say("open 256", open(name.c_str(), O_RDONLY));
}

} // namespace

int main(int, char** argv) {
    struct stat s;
    bool in_guest = stat("/host", &s) == 0;
    say("chdir", chdir(in_guest ? "/host" : argv[1]));
    char here[4096] = "";
    say("getcwd", getcwd(here, sizeof here) == std::string(in_guest ? "/host" : argv[1]) ? 0 : 1);
    contents();
    names();
    // Out of the export, by every way there is. On the host these lead somewhere else.
    int reached = 0;
    if (in_guest) {
        for (const char* path :
             {"/host/../host-calls.cpp", "../build.ninja", "/host/../../etc/passwd",
              "/host/x/../../etc/passwd", "out-absolute", "out-relative", "out-absolute/passwd",
              "out-relative/x"})
            reached += open(path, O_RDONLY) >= 0;
        reached += chdir("out-absolute") == 0;
    }
    say("reached from inside", reached);
}
