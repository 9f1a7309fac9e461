// SPDX-License-Identifier: BSD-2-Clause
//
// System calls on files. Each is what `ecall` does and what a request forwarded from a ring does,
// so that both give the same result. Arguments are Linux's, in its order, behind the caller.
//
// A pair NAME, NAME_later: the first does it at once or returns must_wait; then the second is
// started. The others are tasks, or never wait.
#pragma once

#include "async/task.h"
#include "async/wait_queue.h"
#include "fs/file.h"

namespace kernel::call {

long read(caller&, uint64_t fd, uint64_t buffer, uint64_t size);
task<long> read_later(caller&, uint64_t fd, uint64_t buffer, uint64_t size);
long write(caller&, uint64_t fd, uint64_t buffer, uint64_t size);
task<long> write_later(caller&, uint64_t fd, uint64_t buffer, uint64_t size);
long readv(caller&, uint64_t fd, uint64_t iovec, uint64_t count);
task<long> readv_later(caller&, uint64_t fd, uint64_t iovec, uint64_t count);
long writev(caller&, uint64_t fd, uint64_t iovec, uint64_t count);
task<long> writev_later(caller&, uint64_t fd, uint64_t iovec, uint64_t count);
long pread64(caller&, uint64_t fd, uint64_t buffer, uint64_t size, uint64_t offset);
task<long> pread64_later(caller&, uint64_t fd, uint64_t buffer, uint64_t size, uint64_t offset);
long pwrite64(caller&, uint64_t fd, uint64_t buffer, uint64_t size, uint64_t offset);
task<long> pwrite64_later(caller&, uint64_t fd, uint64_t buffer, uint64_t size, uint64_t offset);
long preadv(caller&, uint64_t fd, uint64_t iovec, uint64_t count, uint64_t offset);
task<long> preadv_later(caller&, uint64_t fd, uint64_t iovec, uint64_t count, uint64_t offset);
long pwritev(caller&, uint64_t fd, uint64_t iovec, uint64_t count, uint64_t offset);
task<long> pwritev_later(caller&, uint64_t fd, uint64_t iovec, uint64_t count, uint64_t offset);

// Flags (RWF_*) are all refused: what they promise is not there.
long preadv2(caller&, uint64_t fd, uint64_t iovec, uint64_t count, uint64_t offset, uint64_t,
             uint64_t flags);
task<long> preadv2_later(caller&, uint64_t fd, uint64_t iovec, uint64_t count, uint64_t offset,
                         uint64_t, uint64_t flags);
long pwritev2(caller&, uint64_t fd, uint64_t iovec, uint64_t count, uint64_t offset, uint64_t,
              uint64_t flags);
task<long> pwritev2_later(caller&, uint64_t fd, uint64_t iovec, uint64_t count, uint64_t offset,
                          uint64_t, uint64_t flags);

// What read and the others are, for requests from a ring: `offset` ~0 is the file's position.
// is_vector: `buffer` and `size` are an iovec and its count.
struct transfer {
    uint64_t fd;
    uint64_t buffer;
    uint64_t size;
    int64_t offset;
    bool is_vector;
    bool is_write;
    bool may_signal = false; // EPIPE comes with SIGPIPE: by ecall, not in a ring
};
long move_data(caller&, const transfer&);
task<long> move_data_later(caller&, transfer);

long lseek(caller&, uint64_t fd, uint64_t offset, uint64_t whence);
task<long> lseek_later(caller&, uint64_t fd, uint64_t offset, uint64_t whence);
long fstat(caller&, uint64_t fd, uint64_t out);
task<long> fstat_later(caller&, uint64_t fd, uint64_t out);
long getdents64(caller&, uint64_t fd, uint64_t buffer, uint64_t size);
task<long> getdents64_later(caller&, uint64_t fd, uint64_t buffer, uint64_t size);
long ftruncate(caller&, uint64_t fd, uint64_t size);
task<long> ftruncate_later(caller&, uint64_t fd, uint64_t size);
long fsync(caller&, uint64_t fd);
task<long> fsync_later(caller&, uint64_t fd);
long fdatasync(caller&, uint64_t fd);
task<long> fdatasync_later(caller&, uint64_t fd);
task<long> sync_file_range(caller&, uint64_t fd, uint64_t offset, uint64_t size, uint64_t flags);
long fallocate(caller&, uint64_t fd, uint64_t mode, uint64_t offset, uint64_t size);
task<long> fallocate_later(caller&, uint64_t fd, uint64_t mode, uint64_t offset, uint64_t size);
long close(caller&, uint64_t fd);
task<long> close_later(caller&, uint64_t fd);
long dup(caller&, uint64_t fd);
task<long> dup_later(caller&, uint64_t fd);
long dup3(caller&, uint64_t old_fd, uint64_t new_fd, uint64_t flags);
task<long> dup3_later(caller&, uint64_t old_fd, uint64_t new_fd, uint64_t flags);
long fcntl(caller&, uint64_t fd, uint64_t command, uint64_t argument);
task<long> fcntl_later(caller&, uint64_t fd, uint64_t command, uint64_t argument);
long ppoll(caller&, uint64_t fds, uint64_t count, uint64_t timeout, uint64_t mask,
           uint64_t mask_size);
task<long> ppoll_later(caller&, uint64_t fds, uint64_t count, uint64_t timeout, uint64_t mask,
                       uint64_t mask_size);

task<long> openat(caller&, uint64_t directory, uint64_t path, uint64_t flags, uint64_t mode);
task<long> newfstatat(caller&, uint64_t directory, uint64_t path, uint64_t out, uint64_t flags);
task<long> statx(caller&, uint64_t directory, uint64_t path, uint64_t flags, uint64_t mask,
                 uint64_t out);
task<long> readlinkat(caller&, uint64_t directory, uint64_t path, uint64_t buffer, uint64_t size);
task<long> faccessat(caller&, uint64_t directory, uint64_t path, uint64_t mode);
task<long> faccessat2(caller&, uint64_t directory, uint64_t path, uint64_t mode, uint64_t flags);
task<long> mkdirat(caller&, uint64_t directory, uint64_t path, uint64_t mode);
task<long> unlinkat(caller&, uint64_t directory, uint64_t path, uint64_t flags);
task<long> renameat2(caller&, uint64_t from_directory, uint64_t from, uint64_t to_directory,
                     uint64_t to, uint64_t flags);
task<long> linkat(caller&, uint64_t from_directory, uint64_t from, uint64_t to_directory,
                  uint64_t to, uint64_t flags);
task<long> symlinkat(caller&, uint64_t target, uint64_t directory, uint64_t path);
task<long> utimensat(caller&, uint64_t directory, uint64_t path, uint64_t times, uint64_t flags);
task<long> fchmodat(caller&, uint64_t directory, uint64_t path, uint64_t mode);
task<long> fchownat(caller&, uint64_t directory, uint64_t path, uint64_t user, uint64_t group,
                    uint64_t flags);
task<long> statfs(caller&, uint64_t path, uint64_t out);
task<long> chdir(caller&, uint64_t path);
task<long> truncate(caller&, uint64_t path, uint64_t size);
task<long> sendfile(caller&, uint64_t to, uint64_t from, uint64_t offset, uint64_t count);
task<long> pselect6(caller&, uint64_t count, uint64_t read, uint64_t write, uint64_t except,
                    uint64_t timeout, uint64_t mask);

// event_calls.cpp
long epoll_create1(caller&, uint64_t flags);
long epoll_ctl(caller&, uint64_t set, uint64_t operation, uint64_t fd, uint64_t event);
long epoll_pwait(caller&, uint64_t set, uint64_t events, uint64_t most, uint64_t timeout_ms,
                 uint64_t mask, uint64_t mask_size);
task<long> epoll_pwait_later(caller&, uint64_t set, uint64_t events, uint64_t most,
                             uint64_t timeout_ms, uint64_t mask, uint64_t mask_size);
long epoll_pwait2(caller&, uint64_t set, uint64_t events, uint64_t most, uint64_t timeout,
                  uint64_t mask, uint64_t mask_size);
task<long> epoll_pwait2_later(caller&, uint64_t set, uint64_t events, uint64_t most,
                              uint64_t timeout, uint64_t mask, uint64_t mask_size);
long timerfd_create(caller&, uint64_t clock, uint64_t flags);
long timerfd_settime(caller&, uint64_t fd, uint64_t flags, uint64_t new_at, uint64_t old_at);
long timerfd_gettime(caller&, uint64_t fd, uint64_t to);

long ioctl(caller&, uint64_t fd, uint64_t request, uint64_t argument);
task<long> ioctl_later(caller&, uint64_t fd, uint64_t request, uint64_t argument);
long pipe2(caller&, uint64_t out, uint64_t flags);
long eventfd2(caller&, uint64_t initial, uint64_t flags);
long memfd_create(caller&, uint64_t name, uint64_t flags);
long getcwd(caller&, uint64_t buffer, uint64_t size);
task<long> fchdir(caller&, uint64_t fd);
long fstatfs(caller&, uint64_t fd, uint64_t out);
task<long> fstatfs_later(caller&, uint64_t fd, uint64_t out);
long umask(caller&, uint64_t mask);
long fchmod(caller&, uint64_t fd, uint64_t mode);
long fchown(caller&, uint64_t fd, uint64_t user, uint64_t group);
long fadvise64(caller&, uint64_t fd, uint64_t offset, uint64_t size, uint64_t advice);
task<long> flock(caller&, uint64_t fd, uint64_t operation);
long sync(caller&);

} // namespace kernel::call
