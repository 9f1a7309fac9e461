// SPDX-License-Identifier: BSD-2-Clause
//
// Files: in tmpfs, with a copy of what must be in each; and one of the host's, which never changes.
#include "state.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>

namespace torture {

namespace {

using file = file_state::file;
constexpr size_t largest = 12'000;

struct path {
    char text[96];
    path(const file_state& s, unsigned name) {
        snprintf(text, sizeof text, "%s/%u", s.directory.c_str(), name);
    }
    operator const char*() const { return text; }
};

file& any_file(actor& a) {
    file_state& s = *a.files;
    if (s.open.size() < file_state::most && (s.open.empty() || a.random.percent(20))) {
        file f;
        f.name = ++s.names;
        f.fd =
            int(must(open(path(s, f.name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), "create"));
        s.open.push_back(std::move(f));
        return s.open.back();
    }
    return s.open[a.random.below(s.open.size())];
}

bool holds(const file& f, size_t at, const uint8_t* bytes, size_t size) {
    return size == 0 || !memcmp(f.bytes.data() + at, bytes, size);
}

void write_at(actor& a) {
    file& f = any_file(a);
    size_t at = a.random.below(f.bytes.size() + 2000),
           size = a.random.between(1, a.random.percent(90) ? 300 : 3000);
    if (at + size > largest)
        at = largest - size;
    uint8_t bytes[3000];
    fill({bytes, size}, a.random.next());
    iovec parts[2] = {{bytes, size / 3}, {bytes + size / 3, size - size / 3}};
    long n = a.random.percent(50) ? pwrite(f.fd, bytes, size, off_t(at))
                                  : pwritev(f.fd, parts, 2, off_t(at));
    check(n == long(size), "pwrite", n);
    if (f.bytes.size() < at + size)
        f.bytes.resize(at + size);
    memcpy(f.bytes.data() + at, bytes, size);
}

void read_at(actor& a) {
    file& f = any_file(a);
    size_t at = a.random.below(f.bytes.size() + 100),
           size = a.random.between(1, a.random.percent(90) ? 500 : 5000);
    uint8_t bytes[5000];
    long n = pread(f.fd, bytes, size, off_t(at));
    size_t there = at < f.bytes.size() ? std::min(size, f.bytes.size() - at) : 0;
    check(n == long(there), "pread", n);
    check(holds(f, at, bytes, there), "what pread gave");
}

void cut(actor& a) {
    file& f = any_file(a);
    size_t size = a.random.below(std::min(largest, f.bytes.size() * 3 / 2 + 100));
    must(ftruncate(f.fd, off_t(size)), "ftruncate");
    f.bytes.resize(size);
    struct stat s;
    must(fstat(f.fd, &s), "fstat");
    check(size_t(s.st_size) == size, "the size after ftruncate", long(s.st_size));
}

void append(actor& a) {
    file& f = any_file(a);
    size_t size = a.random.between(1, 600);
    if (f.bytes.size() + size > largest)
        return cut(a);
    uint8_t bytes[600];
    fill({bytes, size}, a.random.next());
    must(lseek(f.fd, 0, SEEK_END), "lseek");
    check(write(f.fd, bytes, size) == long(size), "write at the end");
    f.bytes.insert(f.bytes.end(), bytes, bytes + size);
}

void rename_it(actor& a) {
    file& f = any_file(a);
    if (!f.name)
        return read_at(a);
    unsigned name = ++a.files->names;
    must(rename(path(*a.files, f.name), path(*a.files, name)), "rename");
    check(access(path(*a.files, f.name), F_OK) == -1 && errno == ENOENT, "the name before");
    f.name = name;
    int fd = int(must(open(path(*a.files, name), O_RDONLY | O_CLOEXEC), "open of the new name"));
    uint8_t bytes[256];
    long n = read(fd, bytes, sizeof bytes);
    check(n == long(std::min(sizeof bytes, f.bytes.size())) && holds(f, 0, bytes, size_t(n)),
          "what the new name holds", n);
    close(fd);
}

void link_it(actor& a) {
    file& f = any_file(a);
    if (!f.name)
        return read_at(a);
    unsigned name = ++a.files->names;
    path second(*a.files, name);
    must(link(path(*a.files, f.name), second), "link");
    struct stat s;
    must(stat(second, &s), "stat");
    check(s.st_nlink == 2 && size_t(s.st_size) == f.bytes.size(), "a second name",
          long(s.st_nlink));
    must(unlink(second), "unlink of the second name");
}

void forget_name(actor& a) {
    file& f = any_file(a);
    if (f.name)
        must(unlink(path(*a.files, f.name)), "unlink");
    f.name = 0;
}

void close_it(actor& a) {
    file& f = any_file(a);
    if (f.name)
        must(unlink(path(*a.files, f.name)), "unlink before close");
    must(close(f.fd), "close");
    a.files->open.erase(a.files->open.begin() + (&f - a.files->open.data()));
}

// The directory has the names of the files that have one, and no others.
void list(actor& a) {
    DIR* d = opendir(a.files->directory.c_str());
    check(d, "opendir", errno);
    size_t found = 0, named = 0;
    while (dirent* e = readdir(d))
        if (e->d_name[0] != '.') {
            found++;
            unsigned name = unsigned(atoi(e->d_name));
            bool known = false;
            for (const file& f : a.files->open)
                known = known || f.name == name;
            check(known, "a name in the directory", long(name));
        }
    closedir(d);
    for (const file& f : a.files->open)
        named += f.name != 0;
    check(found == named, "how many names", long(found));
}

void map_it(actor& a) {
    file& f = any_file(a);
    if (f.bytes.size() < 100)
        return append(a);
    bool shared = a.random.percent(50);
    void* at = mmap(nullptr, f.bytes.size(), PROT_READ | PROT_WRITE,
                    shared ? MAP_SHARED : MAP_PRIVATE, f.fd, 0);
    check(at != MAP_FAILED, "mmap of a file", errno);
    auto* bytes = static_cast<uint8_t*>(at);
    check(holds(f, 0, bytes, f.bytes.size()), "what is mapped");
    size_t where = a.random.below(f.bytes.size());
    uint8_t value = uint8_t(a.random.next()), now = 0;
    bytes[where] = value;
    check(pread(f.fd, &now, 1, off_t(where)) == 1, "pread of a byte");
    check(now == (shared ? value : f.bytes[where]), "a byte after it was written to in memory",
          now);
    if (shared)
        f.bytes[where] = value;
    must(munmap(at, f.bytes.size()), "munmap of a file");
}

void copy(actor& a) {
    file& from = any_file(a);
    int to = int(must(memfd_create("copy", MFD_CLOEXEC), "memfd_create"));
    off_t at = 0;
    long n = sendfile(to, from.fd, &at, largest);
    check(n == long(from.bytes.size()), "sendfile", n);
    std::vector<uint8_t> bytes(from.bytes.size() + 1);
    check(pread(to, bytes.data(), bytes.size(), 0) == n && holds(from, 0, bytes.data(), size_t(n)),
          "the copy");
    close(to);
}

void read_host(actor& a) {
    static thread_local uint8_t bytes[9000];
    const auto& expected = a.in.host_bytes;
    int fd = int(must(open(a.in.host_path, O_RDONLY | O_CLOEXEC), "open of the host's file"));
    size_t at = a.random.below(expected.size()), size = a.random.between(1, sizeof bytes);
    size = std::min(size, expected.size() - at);
    long n = again([&] { return pread(fd, bytes, size, off_t(at)); });
    check(n > 0 && size_t(n) <= size && !memcmp(bytes, expected.data() + at, size_t(n)),
          "what the host's file holds", n);
    close(fd);
}

void refused(actor& a) {
    char byte = 0;
    void* volatile nowhere = reinterpret_cast<void*>(8);
    void* no_buffer = nowhere;
    switch (a.random.below(4)) {
    case 0:
        check(open("/host/not-there/at-all", O_RDONLY) == -1 && errno == ENOENT, "ENOENT", errno);
        break;
    case 1:
        check(pread(any_file(a).fd, no_buffer, 1, 0) <= 0, "a bad buffer");
        break;
    case 2:
        check(write(1000, &byte, 1) == -1 && errno == EBADF, "EBADF", errno);
        break;
    default:
        check(open(a.files->directory.c_str(), O_WRONLY) == -1 && errno == EISDIR, "EISDIR", errno);
    }
}

} // namespace

std::unique_ptr<file_state> make_file_state(const actor& a) {
    auto s = std::make_unique<file_state>();
    char name[64];
    snprintf(name, sizeof name, "/tmp/torture-%d-%u", int(getpid()), a.number);
    must(mkdir(name, 0700), "mkdir");
    s->directory = name;
    s->open.reserve(file_state::most + 1);
    return s;
}

void end_of(file_state& s) {
    for (file& f : s.open) {
        std::vector<uint8_t> bytes(f.bytes.size() + 1);
        long n = pread(f.fd, bytes.data(), bytes.size(), 0);
        check(n == long(f.bytes.size()) && holds(f, 0, bytes.data(), f.bytes.size()),
              "a file at the end", n);
        if (f.name)
            must(unlink(path(s, f.name)), "unlink at the end");
        must(close(f.fd), "close at the end");
    }
    must(rmdir(s.directory.c_str()), "rmdir");
}

const operation file_operations[] = {
    {"pwrite", 400, write_at},
    {"pread", 500, read_at},
    {"ftruncate", 200, cut},
    {"append", 300, append},
    {"rename", 100, rename_it},
    {"link", 80, link_it},
    {"unlink", 40, forget_name},
    {"close", 60, close_it},
    {"list", 60, list},
    {"map a file", 80, map_it},
    {"sendfile", 40, copy},
    {"read the host", 40, read_host},
    {"files refused", 200, refused},
    {},
};

} // namespace torture
