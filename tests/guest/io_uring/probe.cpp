// SPDX-License-Identifier: BSD-2-Clause
//
// IORING_REGISTER_PROBE: prints what is supported, and checks that what is not gives -EINVAL.
#include <cstddef>

#include "raw_ring.hpp"

namespace {

// By Linux's numbers.
const char* const names[] = {
    "NOP",
    "READV",
    "WRITEV",
    "FSYNC",
    "READ_FIXED",
    "WRITE_FIXED",
    "POLL_ADD",
    "POLL_REMOVE",
    "SYNC_FILE_RANGE",
    "SENDMSG",
    "RECVMSG",
    "TIMEOUT",
    "TIMEOUT_REMOVE",
    "ACCEPT",
    "ASYNC_CANCEL",
    "LINK_TIMEOUT",
    "CONNECT",
    "FALLOCATE",
    "OPENAT",
    "CLOSE",
    "FILES_UPDATE",
    "STATX",
    "READ",
    "WRITE",
    "FADVISE",
    "MADVISE",
    "SEND",
    "RECV",
    "OPENAT2",
    "EPOLL_CTL",
    "SPLICE",
    "PROVIDE_BUFFERS",
    "REMOVE_BUFFERS",
    "TEE",
    "SHUTDOWN",
    "RENAMEAT",
    "UNLINKAT",
    "MKDIRAT",
    "SYMLINKAT",
    "LINKAT",
    "MSG_RING",
    "FSETXATTR",
    "SETXATTR",
    "FGETXATTR",
    "GETXATTR",
    "SOCKET",
    "URING_CMD",
    "SEND_ZC",
    "SENDMSG_ZC",
    "READ_MULTISHOT",
    "WAITID",
    "FUTEX_WAIT",
    "FUTEX_WAKE",
    "FUTEX_WAITV",
    "FIXED_FD_INSTALL",
    "FTRUNCATE",
    "BIND",
    "LISTEN",
    "RECV_ZC",
    "EPOLL_WAIT",
    "READV_FIXED",
    "WRITEV_FIXED",
    "PIPE",
};
constexpr unsigned named = sizeof names / sizeof names[0];

struct {
    uint8_t last_op, ops_len;
    uint16_t reserved[7];
    io_uring_probe_op ops[256];
} answer;
static_assert(offsetof(decltype(answer), ops) == sizeof(io_uring_probe));

} // namespace

int main() {
    raw_ring ring(4);
    EXPECT(call(__NR_io_uring_register, ring.fd, IORING_REGISTER_PROBE, &answer, 257) == -EINVAL);
    EXPECT(call(__NR_io_uring_register, ring.fd, IORING_REGISTER_PROBE, 8, 256) == -EFAULT);
    EXPECT(call(__NR_io_uring_register, ring.fd, IORING_REGISTER_PROBE, &answer, 256) == 0);
    EXPECT(call(__NR_io_uring_register, ring.fd, IORING_REGISTER_PROBE, &answer, 256) == -EINVAL);
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        bool supported = opcode < answer.ops_len && answer.ops[opcode].op == opcode &&
                         (answer.ops[opcode].flags & IO_URING_OP_SUPPORTED);
        if (supported) {
            EXPECT(opcode < named);
            std::puts(names[opcode]);
            continue;
        }
        ring.entry(opcode, opcode);
        ring.expect(opcode, -EINVAL);
    }
    return 0;
}
