// SPDX-License-Identifier: BSD-2-Clause
//
// Contents: reading, writing, seeking, truncating, in every way there is; times; devices.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <vector>

#include "report.h"

namespace {

constexpr const char* path = "/tmp/ouros-transfer-calls";

std::string contents(int fd) {
    std::string all(200, '\0');
    ssize_t n = pread(fd, all.data(), all.size(), 0);
    all.resize(n < 0 ? 0 : static_cast<size_t>(n));
    for (char& c : all)
        if (c == '\0')
            c = '.';
    return all;
}

void read_and_write(int fd) {
    char buffer[64] = {};
    say("write", write(fd, "hello world", 11));
    say("read at the end", read(fd, buffer, sizeof buffer));
    say("lseek start", lseek(fd, 0, SEEK_SET));
    say("read 5", read(fd, buffer, 5));
    tell("read", std::string(buffer, 5));
    say("lseek current", lseek(fd, 1, SEEK_CUR));
    say("read rest", read(fd, buffer, sizeof buffer));
    say("lseek end", lseek(fd, -1, SEEK_END));
    say("lseek before the start", lseek(fd, -100, SEEK_CUR));
    say("lseek bad whence", lseek(fd, 0, 99));
    say("lseek far", lseek(fd, 1000000000000, SEEK_SET));
    say("read far", read(fd, buffer, 1));
    say("pread 6", pread(fd, buffer, 5, 6));
    tell("pread", std::string(buffer, 5));
    say("pread at -1", pread(fd, buffer, 5, -1));
    say("pwrite 20", pwrite(fd, "beyond", 6, 20));
    tell("contents", contents(fd));
    say("position unchanged", lseek(fd, 0, SEEK_CUR));
    say("write nothing", write(fd, "", 0));
    say("read nothing", read(fd, buffer, 0));
}

void vectors(int fd) {
    char a[3], b[4], c[100];
    iovec in[3] = {{a, sizeof a}, {b, sizeof b}, {c, sizeof c}};
    say("lseek start", lseek(fd, 0, SEEK_SET));
    say("readv", readv(fd, in, 3));
    tell("readv", std::string(a, 3) + "|" + std::string(b, 4) + "|" + std::string(c, 4));
    char one[] = "one", two[] = "", three[] = "three";
    iovec out[3] = {{one, 3}, {two, 0}, {three, 5}};
    say("pwritev", pwritev(fd, out, 3, 2));
    tell("contents", contents(fd));
    say("preadv", preadv(fd, in, 2, 2));
    tell("preadv", std::string(a, 3) + "|" + std::string(b, 4));
    say("readv of none", readv(fd, in, 0));
    volatile int negative = -1; // hidden from the compiler, which warns
    say("readv of -1", readv(fd, in, negative));
    std::vector<iovec> many(1025, iovec{c, 0});
    say("readv of 1024", readv(fd, many.data(), 1024));
    say("readv of 1025", readv(fd, many.data(), 1025));
    iovec huge[2] = {{c, SIZE_MAX / 2 + 1}, {c, 1}};
    say("readv of a negative size", readv(fd, huge, 2));
}

void lengths(int fd) {
    say("ftruncate 5", ftruncate(fd, 5));
    tell("contents", contents(fd));
    say("ftruncate 10", ftruncate(fd, 10));
    tell("contents", contents(fd));
    say("ftruncate -1", ftruncate(fd, -1));
    say("truncate 3", truncate(path, 3));
    say("truncate none", truncate("/tmp/ouros-none", 3));
    struct stat s;
    say("fstat", fstat(fd, &s));
    say("size", s.st_size);
    int append = open(path, O_WRONLY | O_APPEND);
    say("append", write(append, "XYZ", 3));
    say("lseek start", lseek(append, 0, SEEK_SET));
    say("append again", write(append, "!", 1));
    say("appended at", lseek(append, 0, SEEK_CUR));
    say("read what is only written", read(append, &s, 1));
    say("ftruncate to write", ftruncate(append, 6));
    close(append);
    tell("contents", contents(fd));
    int only_read = open(path, O_RDONLY);
    say("write what is only read", write(only_read, "x", 1));
    say("ftruncate what is only read", ftruncate(only_read, 0));
    close(only_read);
    int emptied = open(path, O_RDWR | O_TRUNC);
    say("size after O_TRUNC", lseek(emptied, 0, SEEK_END));
    close(emptied);
}

void big(int fd) {
    std::string data(300000, '\0');
    for (size_t i = 0; i < data.size(); i++)
        data[i] = static_cast<char>(i * 7 + i / 4096);
    say("write 300000", pwrite(fd, data.data(), data.size(), 12345));
    std::string back(400000, '?');
    say("read", pread(fd, back.data(), back.size(), 0));
    tell("the same", back.substr(12345, 300000) == data ? "yes" : "no");
    tell("hole", back.substr(0, 12345) == std::string(12345, '\0') ? "zeros" : "something");
    int copy = open("/tmp/ouros-transfer-copy", O_CREAT | O_RDWR | O_TRUNC, 0600);
    off_t from = 12345;
    say("sendfile", sendfile(copy, fd, &from, 300000));
    say("sendfile offset", from);
    std::string copied(300000, '?');
    say("read copy", pread(copy, copied.data(), copied.size(), 0));
    tell("the same", copied == data ? "yes" : "no");
    close(copy);
    say("unlink copy", unlink("/tmp/ouros-transfer-copy"));
}

void descriptors(int fd) {
    int second = dup(fd);
    did("dup", second);
    say("lseek", lseek(fd, 7, SEEK_SET));
    say("shared position", lseek(second, 0, SEEK_CUR));
    say("dup2 to 100", dup2(fd, 100));
    say("dup2 to itself", dup2(100, 100));
    say("dup3 to itself", dup3(100, 100, 0));
    say("dup2 of a bad one", dup2(999, 5));
    say("dup2 to a bad one", dup2(fd, 1 << 20));
    say("fcntl F_DUPFD 200", fcntl(fd, F_DUPFD_CLOEXEC, 200));
    say("fcntl F_GETFD", fcntl(200, F_GETFD));
    say("fcntl F_SETFD", fcntl(200, F_SETFD, 0));
    say("fcntl F_GETFD", fcntl(200, F_GETFD));
    say("fcntl F_GETFL", fcntl(200, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
    say("fcntl F_SETFL", fcntl(200, F_SETFL, O_APPEND | O_NONBLOCK));
    say("fcntl F_GETFL", fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
    say("fcntl F_SETFL", fcntl(200, F_SETFL, 0));
    say("fcntl bad", fcntl(fd, 9999));
    say("close 100", close(100));
    say("close 100 again", close(100));
    say("close -1", close(-1));
    say("close 200", close(200));
    say("close second", close(second));
    char byte;
    say("read a closed one", read(second, &byte, 1));
    say("isatty of a file", isatty(fd));
    say("errno", errno == ENOTTY);
}

void times() {
    timespec wanted[2] = {{1000000000, 5}, {1234567890, 7}};
    say("utimensat", utimensat(AT_FDCWD, path, wanted, 0));
    struct stat s;
    say("stat", stat(path, &s));
    tell("times", std::to_string(s.st_atim.tv_sec) + " " + std::to_string(s.st_mtim.tv_sec) + " " +
                      std::to_string(s.st_mtim.tv_nsec));
    timespec omit[2] = {{0, UTIME_OMIT}, {0, 1000000000}};
    say("utimensat with bad nanoseconds", utimensat(AT_FDCWD, path, omit, 0));
    omit[1] = {5, 0};
    say("utimensat of one", utimensat(AT_FDCWD, path, omit, 0));
    stat(path, &s);
    tell("times", std::to_string(s.st_atim.tv_sec) + " " + std::to_string(s.st_mtim.tv_sec));
}

void devices() {
    char buffer[16];
    std::memset(buffer, 'x', sizeof buffer);
    int null = open("/dev/null", O_RDWR);
    say("write null", write(null, buffer, 16));
    say("read null", read(null, buffer, 16));
    int zero = open("/dev/zero", O_RDONLY);
    say("read zero", read(zero, buffer, 16));
    say("zeros", std::string(buffer, 16) == std::string(16, '\0'));
    int full = open("/dev/full", O_RDWR);
    say("write full", write(full, buffer, 1));
    int random = open("/dev/urandom", O_RDONLY);
    say("read urandom", read(random, buffer, 16));
    struct stat s;
    say("stat null", stat("/dev/null", &s));
    say("is a character device", S_ISCHR(s.st_mode));
    say("its number", static_cast<long>(s.st_rdev));
    int unused;
    say("ioctl", ioctl(null, FIONREAD, &unused) < 0 && errno == ENOTTY ? 0 : 1);
}

} // namespace

int main() {
    int fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0644);
    did("open", fd);
    read_and_write(fd);
    vectors(fd);
    lengths(fd);
    big(fd);
    descriptors(fd);
    times();
    devices();
    say("unlink", unlink(path));
    say("write unlinked", pwrite(fd, "still", 5, 0));
    tell("contents", contents(fd).substr(0, 5));
    say("close", close(fd));
}
