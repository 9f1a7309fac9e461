// SPDX-License-Identifier: BSD-2-Clause
//
// What is known about a file, in the layouts of Linux riscv64; and the calls on an open file that
// only pass a number on.
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include "fs/name_space.h"
#include "process/process.h"
#include "syscalls/file_calls.h"

namespace kernel::call {

namespace {

constexpr uint32_t block_size = 4096; // what a program should read at a time

uint32_t major_of(uint64_t device) {
    return static_cast<uint32_t>((device >> 8 & 0xfff) | (device >> 32 & ~0xfffull));
}
uint32_t minor_of(uint64_t device) {
    return static_cast<uint32_t>((device & 0xff) | (device >> 12 & ~0xffull));
}

long put_stat(caller& who, const file_attributes& from, uint64_t out) {
    struct stat to = {};
    to.st_dev = from.device;
    to.st_ino = from.inode;
    to.st_mode = from.mode;
    to.st_nlink = from.links;
    to.st_uid = from.uid;
    to.st_gid = from.gid;
    to.st_rdev = from.device_id;
    to.st_size = static_cast<long>(from.size);
    to.st_blksize = block_size;
    to.st_blocks = static_cast<long>(from.blocks);
    to.st_atime = from.accessed.seconds;
    to.st_atime_nsec = from.accessed.nanoseconds;
    to.st_mtime = from.modified.seconds;
    to.st_mtime_nsec = from.modified.nanoseconds;
    to.st_ctime = from.changed.seconds;
    to.st_ctime_nsec = from.changed.nanoseconds;
    return write_user(*who.owner->space, out, to);
}

statx_timestamp stamp(const file_time& time) {
    statx_timestamp result = {};
    result.tv_sec = time.seconds;
    result.tv_nsec = time.nanoseconds;
    return result;
}

long put_statx(caller& who, const file_attributes& from, uint64_t out) {
    struct statx to = {};
    to.stx_mask = STATX_BASIC_STATS;
    to.stx_blksize = block_size;
    to.stx_nlink = from.links;
    to.stx_uid = from.uid;
    to.stx_gid = from.gid;
    to.stx_mode = static_cast<uint16_t>(from.mode);
    to.stx_ino = from.inode;
    to.stx_size = from.size;
    to.stx_blocks = from.blocks;
    to.stx_atime = stamp(from.accessed);
    to.stx_mtime = stamp(from.modified);
    to.stx_ctime = stamp(from.changed);
    to.stx_rdev_major = major_of(from.device_id);
    to.stx_rdev_minor = minor_of(from.device_id);
    to.stx_dev_major = major_of(from.device);
    to.stx_dev_minor = minor_of(from.device);
    return write_user(*who.owner->space, out, to);
}

// Which file system it is, by the device number of the file; of the host's nothing more is known.
long put_statfs(caller& who, const file_attributes& of, uint64_t out) {
    struct statfs to = {};
    to.f_bsize = page_size;
    to.f_frsize = page_size;
    to.f_namelen = name_max;
    if (of.device == tree_device) {
        to.f_type = TMPFS_MAGIC;
        to.f_blocks = static_cast<long>(total_page_count());
        to.f_bfree = to.f_bavail = static_cast<long>(free_page_count());
    } else {
        to.f_type = of.device == synthetic_device ? PROC_SUPER_MAGIC : V9FS_MAGIC;
    }
    return write_user(*who.owner->space, out, to);
}

} // namespace

long fstat(caller& who, uint64_t fd, uint64_t out) {
    ref<file> f = who.owner->files->get(fd);
    if (!f)
        return -EBADF;
    file_attributes found;
    long error = f->attributes(found);
    return error == 0 ? put_stat(who, found, out) : error;
}

task<long> fstat_later(caller& who, uint64_t fd, uint64_t out) {
    ref<file> f = who.owner->files->get(fd);
    if (!f)
        co_return -EBADF;
    file_attributes found;
    if (long error = co_await f->attributes_later(who, found); error < 0)
        co_return error;
    co_return put_stat(who, found, out);
}

task<long> newfstatat(caller& who, uint64_t directory, uint64_t path, uint64_t out,
                      uint64_t flags) {
    if (flags & ~static_cast<uint64_t>(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT))
        co_return -EINVAL;
    file_attributes found;
    if (long error = co_await attributes_at(who, static_cast<int>(directory), path,
                                            static_cast<uint32_t>(flags), found);
        error < 0)
        co_return error;
    co_return put_stat(who, found, out);
}

task<long> statx(caller& who, uint64_t directory, uint64_t path, uint64_t flags, uint64_t mask,
                 uint64_t out) {
    if (flags & ~static_cast<uint64_t>(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT |
                                       AT_STATX_SYNC_TYPE))
        co_return -EINVAL;
    if ((flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE || (mask & STATX__RESERVED))
        co_return -EINVAL;
    file_attributes found;
    if (long error = co_await attributes_at(who, static_cast<int>(directory), path,
                                            static_cast<uint32_t>(flags), found);
        error < 0)
        co_return error;
    co_return put_statx(who, found, out);
}

task<long> statfs(caller& who, uint64_t path, uint64_t out) {
    file_attributes found;
    if (long error = co_await attributes_at(who, AT_FDCWD, path, 0, found); error < 0)
        co_return error;
    co_return put_statfs(who, found, out);
}

long fstatfs(caller& who, uint64_t fd, uint64_t out) {
    ref<file> f = who.owner->files->get(fd);
    if (!f)
        return -EBADF;
    file_attributes found;
    long error = f->attributes(found);
    return error == 0 ? put_statfs(who, found, out) : error;
}

task<long> fstatfs_later(caller& who, uint64_t fd, uint64_t out) {
    ref<file> f = who.owner->files->get(fd);
    if (!f)
        co_return -EBADF;
    file_attributes found;
    if (long error = co_await f->attributes_later(who, found); error < 0)
        co_return error;
    co_return put_statfs(who, found, out);
}

long lseek(caller& who, uint64_t fd, uint64_t offset, uint64_t whence) {
    ref<file> f = who.owner->files->get(fd);
    if (!f || (f->flags() & O_PATH))
        return -EBADF;
    return f->seek(static_cast<int64_t>(offset), static_cast<int>(whence));
}

task<long> lseek_later(caller& who, uint64_t fd, uint64_t offset, uint64_t whence) {
    ref<file> f = who.owner->files->get(fd);
    if (!f)
        co_return -EBADF;
    co_return co_await f->seek_later(who, static_cast<int64_t>(offset), static_cast<int>(whence));
}

long getdents64(caller& who, uint64_t fd, uint64_t buffer, uint64_t size) {
    ref<file> f = who.owner->files->get(fd);
    if (!f || !f->readable())
        return -EBADF;
    user_buffers to(*who.owner->space, buffer, static_cast<uint32_t>(size));
    return f->read_directory(to);
}

task<long> getdents64_later(caller& who, uint64_t fd, uint64_t buffer, uint64_t size) {
    ref<file> f = who.owner->files->get(fd);
    if (!f)
        co_return -EBADF;
    user_buffers to(*who.owner->space, buffer, static_cast<uint32_t>(size));
    co_return co_await f->read_directory_later(who, std::move(to));
}

long ftruncate(caller& who, uint64_t fd, uint64_t size) {
    if (static_cast<int64_t>(size) < 0)
        return -EINVAL;
    ref<file> f = who.owner->files->get(fd);
    if (!f || (f->flags() & O_PATH))
        return -EBADF;
    return f->writable() ? f->truncate(size) : -EINVAL;
}

task<long> ftruncate_later(caller& who, uint64_t fd, uint64_t size) {
    ref<file> f = who.owner->files->get(fd);
    if (!f)
        co_return -EBADF;
    co_return co_await f->truncate_later(who, size);
}

namespace {

constexpr uint64_t keep_size = 1; // FALLOC_FL_KEEP_SIZE

// No page is set aside: the file only becomes as long as was asked.
long allocation_end(caller& who, uint64_t fd, uint64_t mode, uint64_t offset, uint64_t size,
                    ref<file>& f, uint64_t& end) {
    if (mode & ~keep_size)
        return -EOPNOTSUPP;
    if (static_cast<int64_t>(offset) < 0 || static_cast<int64_t>(size) <= 0)
        return -EINVAL;
    end = offset + size;
    if (static_cast<int64_t>(end) < 0)
        return -EFBIG;
    f = who.owner->files->get(fd);
    if (!f || !f->writable())
        return -EBADF;
    return f->is_seekable() ? 0 : -ESPIPE;
}

} // namespace

long fallocate(caller& who, uint64_t fd, uint64_t mode, uint64_t offset, uint64_t size) {
    ref<file> f;
    uint64_t end;
    if (long error = allocation_end(who, fd, mode, offset, size, f, end); error < 0)
        return error;
    file_attributes found;
    if (long error = f->attributes(found); error != 0)
        return error;
    return (mode & keep_size) || end <= found.size ? 0 : f->truncate(end);
}

task<long> fallocate_later(caller& who, uint64_t fd, uint64_t mode, uint64_t offset,
                           uint64_t size) {
    ref<file> f;
    uint64_t end;
    if (long error = allocation_end(who, fd, mode, offset, size, f, end); error < 0)
        co_return error;
    file_attributes found;
    if (long error = co_await f->attributes_later(who, found); error < 0)
        co_return error;
    if ((mode & keep_size) || end <= found.size)
        co_return 0;
    co_return co_await f->truncate_later(who, end);
}

namespace {

long synchronise(caller& who, uint64_t fd, bool data_only) {
    ref<file> f = who.owner->files->get(fd);
    if (!f || (f->flags() & O_PATH))
        return -EBADF;
    return f->sync(data_only);
}

task<long> synchronise_later(caller& who, uint64_t fd, bool data_only) {
    ref<file> f = who.owner->files->get(fd);
    if (!f)
        co_return -EBADF;
    co_return co_await f->sync_later(who, data_only);
}

} // namespace

long fsync(caller& who, uint64_t fd) {
    return synchronise(who, fd, false);
}
task<long> fsync_later(caller& who, uint64_t fd) {
    return synchronise_later(who, fd, false);
}
// Everything that was written reaches the host's disk, not only the range.
task<long> sync_file_range(caller& who, uint64_t fd, uint64_t offset, uint64_t size,
                           uint64_t flags) {
    constexpr uint64_t known_flags = 7; // SYNC_FILE_RANGE_
    ref<file> f = who.owner->files->get(fd);
    if (!f || (f->flags() & O_PATH))
        co_return -EBADF;
    if ((uint32_t(flags) & ~known_flags) || int64_t(offset) < 0 || int64_t(offset + size) < 0 ||
        offset + size < offset)
        co_return -EINVAL;
    if (!f->is_seekable())
        co_return -ESPIPE;
    long result = f->sync(true);
    if (result == must_wait)
        result = co_await f->sync_later(who, true);
    co_return result;
}

// What changes nothing here but must not fail: advice, sync.
long fadvise64(caller& who, uint64_t fd, uint64_t, uint64_t, uint64_t advice) {
    constexpr uint64_t last = 5; // POSIX_FADV_NOREUSE
    if (!who.owner->files->get(fd))
        return -EBADF;
    return advice <= last ? 0 : -EINVAL;
}
long sync(caller&) {
    return 0;
}

long fdatasync(caller& who, uint64_t fd) {
    return synchronise(who, fd, true);
}
task<long> fdatasync_later(caller& who, uint64_t fd) {
    return synchronise_later(who, fd, true);
}

} // namespace kernel::call
