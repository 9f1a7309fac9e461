// SPDX-License-Identifier: BSD-2-Clause
#include "syscalls/file_calls.h"
#include "syscalls/syscall.h"

namespace kernel {

// clang-format off
const syscall_entry file_calls[] = {
    CALL_PAIR(read),       CALL_PAIR(write),     CALL_PAIR(readv),
    CALL_PAIR(writev),     CALL_PAIR(pread64),   CALL_PAIR(pwrite64),
    CALL_PAIR(preadv),     CALL_PAIR(pwritev),   CALL_PAIR(preadv2),
    CALL_PAIR(pwritev2),   CALL_PAIR(lseek),     CALL_PAIR(fstat),
    CALL_PAIR(getdents64), CALL_PAIR(ftruncate), CALL_PAIR(fsync),
    CALL_PAIR(fdatasync),  CALL_PAIR(fallocate), CALL_PAIR(close),
    CALL_PAIR(dup),        CALL_PAIR(dup3),      CALL_PAIR(fcntl),
    CALL_PAIR(ppoll),      CALL_OF(openat),      CALL_OF(newfstatat),
    CALL_OF(statx),        CALL_OF(readlinkat),  CALL_OF(faccessat),
    CALL_OF(faccessat2),   CALL_OF(mkdirat),     CALL_OF(unlinkat),
    CALL_OF(renameat2),    CALL_OF(linkat),      CALL_OF(symlinkat),
    CALL_OF(utimensat),    CALL_OF(fchmodat),    CALL_OF(fchownat),
    CALL_OF(statfs),       CALL_OF(chdir),       CALL_OF(truncate),
    CALL_OF(sendfile),     CALL_OF(pselect6),    CALL_PAIR(ioctl),
    CALL_OF(pipe2),        CALL_OF(eventfd2),    CALL_OF(getcwd),
    CALL_OF(fchdir),       CALL_PAIR(fstatfs),     CALL_OF(umask),
    CALL_OF(fchmod),       CALL_OF(fchown),      CALL_OF(fadvise64),
    CALL_OF(flock),        CALL_OF(sync),        CALL_OF(memfd_create),
    CALL_OF(sync_file_range),
    {},
};
// clang-format on

} // namespace kernel
