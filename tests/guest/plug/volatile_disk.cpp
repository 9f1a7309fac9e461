// SPDX-License-Identifier: BSD-2-Clause
//
// Loaded into QEMU before the C library (LD_PRELOAD): a disk with a write cache that is lost when
// the process is. What is written to a regular file beneath $VOLATILE_DISK stays in memory until
// fsync or fdatasync puts it where it belongs, whatever descriptor of the file it comes by. A host
// that is alive keeps what a killed process has written; so without this nothing would tell whether
// the fsync was there.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <map>
#include <mutex>
#include <string>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

struct written {
    off_t at;
    std::string bytes;
};
using file_id = std::pair<dev_t, ino_t>;

std::mutex lock;
std::map<file_id, std::vector<written>> cache;

template <class F>
F* next(const char* name, F* /*like*/) {
    return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

bool is_volatile(int fd, file_id& id) {
    static const char* const folder = getenv("VOLATILE_DISK");
    struct stat status;
    char path[4096];
    if (!folder || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    ssize_t size = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path - 1);
    if (size < 0 || strncmp(path, folder, strlen(folder)) != 0)
        return false;
    id = {status.st_dev, status.st_ino};
    return true;
}

// What has been kept goes to the file; 0, or -1 with errno.
int put_down(int fd, const file_id& id) {
    std::lock_guard<std::mutex> guard(lock);
    for (const written& one : std::exchange(cache[id], {}))
        for (size_t done = 0; done < one.bytes.size();) {
            ssize_t put =
                pwrite(fd, one.bytes.data() + done, one.bytes.size() - done, one.at + off_t(done));
            if (put < 0)
                return -1;
            done += size_t(put);
        }
    return 0;
}

} // namespace

extern "C" {

ssize_t pwritev64v2(int fd, const iovec* pieces, int count, off64_t at, int flags) {
    file_id id;
    if (at < 0 || !is_volatile(fd, id))
        return next("pwritev64v2", pwritev64v2)(fd, pieces, count, at, flags);
    written one{at, {}};
    for (int i = 0; i < count; i++)
        one.bytes.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
    auto size = ssize_t(one.bytes.size());
    std::lock_guard<std::mutex> guard(lock);
    cache[id].push_back(std::move(one));
    return size;
}

int fsync(int fd) {
    file_id id;
    if (is_volatile(fd, id) && put_down(fd, id) != 0)
        return -1;
    return next("fsync", fsync)(fd);
}

int fdatasync(int fd) {
    file_id id;
    if (is_volatile(fd, id) && put_down(fd, id) != 0)
        return -1;
    return next("fdatasync", fdatasync)(fd);
}

} // extern "C"
