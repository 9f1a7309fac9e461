// SPDX-License-Identifier: BSD-2-Clause
//
// Calls with paths: their arguments, in front of fs/name_space.h.
#include <linux/fcntl.h>
#include <utility>

#include "fs/name_space.h"
#include "syscalls/file_calls.h"

namespace kernel::call {

namespace {

// Linux takes an int there; the upper half of the register means nothing.
int descriptor(uint64_t argument) {
    return static_cast<int>(argument);
}
uint32_t word(uint64_t argument) {
    return static_cast<uint32_t>(argument);
}

} // namespace

task<long> openat(caller& who, uint64_t directory, uint64_t path, uint64_t flags, uint64_t mode) {
    return open_at(who, descriptor(directory), path, word(flags), word(mode));
}

task<long> readlinkat(caller& who, uint64_t directory, uint64_t path, uint64_t buffer,
                      uint64_t size) {
    return read_link_at(who, descriptor(directory), path, buffer,
                        static_cast<uint64_t>(static_cast<int64_t>(static_cast<int>(size))));
}

task<long> faccessat(caller& who, uint64_t directory, uint64_t path, uint64_t mode) {
    return access_at(who, descriptor(directory), path, word(mode), 0);
}

task<long> faccessat2(caller& who, uint64_t directory, uint64_t path, uint64_t mode,
                      uint64_t flags) {
    return access_at(who, descriptor(directory), path, word(mode), word(flags));
}

task<long> mkdirat(caller& who, uint64_t directory, uint64_t path, uint64_t mode) {
    return make_directory_at(who, descriptor(directory), path, word(mode));
}

task<long> unlinkat(caller& who, uint64_t directory, uint64_t path, uint64_t flags) {
    return unlink_at(who, descriptor(directory), path, word(flags));
}

task<long> renameat2(caller& who, uint64_t from_directory, uint64_t from, uint64_t to_directory,
                     uint64_t to, uint64_t flags) {
    return rename_at(who, descriptor(from_directory), from, descriptor(to_directory), to,
                     word(flags));
}

task<long> linkat(caller& who, uint64_t from_directory, uint64_t from, uint64_t to_directory,
                  uint64_t to, uint64_t flags) {
    return link_at(who, descriptor(from_directory), from, descriptor(to_directory), to,
                   word(flags));
}

task<long> symlinkat(caller& who, uint64_t target, uint64_t directory, uint64_t path) {
    return symlink_at(who, target, descriptor(directory), path);
}

task<long> utimensat(caller& who, uint64_t directory, uint64_t path, uint64_t times,
                     uint64_t flags) {
    return set_times_at(who, descriptor(directory), path, times, word(flags));
}

task<long> fchmodat(caller& who, uint64_t directory, uint64_t path, uint64_t mode) {
    return change_mode_at(who, descriptor(directory), path, word(mode));
}

namespace {

// There is one user, root, and everything is its own.
long check_owner(uint64_t user, uint64_t group) {
    constexpr uint32_t unchanged = ~0u;
    bool is_root = (word(user) == 0 || word(user) == unchanged) &&
                   (word(group) == 0 || word(group) == unchanged);
    return is_root ? 0 : -EPERM;
}

} // namespace

task<long> fchownat(caller& who, uint64_t directory, uint64_t path, uint64_t user, uint64_t group,
                    uint64_t flags) {
    file_attributes found;
    if (long error = co_await attributes_at(who, descriptor(directory), path, word(flags), found);
        error < 0)
        co_return error;
    co_return check_owner(user, group);
}

long fchown(caller& who, uint64_t fd, uint64_t user, uint64_t group) {
    ref<file> f = who.owner->files->get(fd);
    return !f || (f->flags() & O_PATH) ? -EBADF : check_owner(user, group);
}

task<long> chdir(caller& who, uint64_t path) {
    return change_directory(who, path);
}

task<long> truncate(caller& who, uint64_t path, uint64_t size) {
    if (static_cast<int64_t>(size) < 0)
        co_return -EINVAL;
    co_return co_await truncate_path(who, path, size);
}

task<long> fchdir(caller& who, uint64_t fd) {
    ref<file> f = who.owner->files->get(fd);
    if (!f)
        co_return -EBADF;
    path_place place;
    if (!f->directory_place(place))
        co_return -ENOTDIR;
    // A file of the host keeps its place whether it is a directory or not.
    file_attributes found;
    long error = f->attributes(found);
    if (error == must_wait)
        error = co_await f->attributes_later(who, found);
    if (error < 0)
        co_return error;
    if ((found.mode & mode_type_mask) != mode_directory)
        co_return -ENOTDIR;
    who.owner->files->set_working_directory(std::move(place));
    co_return 0;
}

long getcwd(caller& who, uint64_t buffer, uint64_t size) {
    auto* page = static_cast<char*>(allocate_page());
    if (!page)
        return -ENOMEM;
    std::string_view path;
    long error = path_of(who.owner->files->working_directory(), page, path);
    long length = static_cast<long>(path.size()) + 1;
    if (error == 0 && static_cast<uint64_t>(length) > size)
        error = -ERANGE;
    if (error == 0)
        error = copy_to_user(*who.owner->space, buffer, path.data(), path.size() + 1);
    free_pages(page);
    return error < 0 ? error : length;
}

long umask(caller& who, uint64_t mask) {
    return __atomic_exchange_n(&who.owner->file_mode_mask, word(mask) & 0777, __ATOMIC_RELAXED);
}

long fchmod(caller& who, uint64_t fd, uint64_t mode) {
    ref<file> f = who.owner->files->get(fd);
    if (!f || (f->flags() & O_PATH))
        return -EBADF;
    return f->set_mode(word(mode));
}

} // namespace kernel::call
