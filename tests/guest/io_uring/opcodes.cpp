// SPDX-License-Identifier: BSD-2-Clause
//
// Opcodes of io_uring that succeed and that fail, as Linux's do, where no other test shows it:
// tests/opcodes.txt. Each is named as it is there.
#include <arpa/inet.h>
#include <cstdio>
#include <fcntl.h>
#include <netinet/in.h>
#include <ouros/opcodes.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "raw_ring.hpp"

namespace {

raw_ring* ring;
int failures;

// What the next entry comes to.
int result() {
    EXPECT(ring->submit(1) == 1);
    return ring->take().res;
}

void is(const char* what, int wanted) {
    int found = result();
    if (found == wanted)
        return;
    std::printf("%s: %d instead of %d\n", what, found, wanted);
    failures++;
}

// A descriptor.
int opened(const char* what) {
    int found = result();
    if (found < 0) {
        std::printf("%s: %d\n", what, found);
        failures++;
    }
    return found;
}

void sockets() {
    sockaddr_in to{};
    socklen_t size = sizeof to;
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ring->entry(1, IORING_OP_SOCKET, AF_INET, nullptr, 0, SOCK_STREAM);
    int listener = opened("SOCKET ok");
    ring->entry(1, OUROS_OP_BIND, listener, &to, 0, size);
    is("BIND ok", 0);
    ring->entry(1, OUROS_OP_LISTEN, listener, nullptr, 4);
    is("LISTEN ok", 0);
    EXPECT(getsockname(listener, reinterpret_cast<sockaddr*>(&to), &size) == 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    ring->entry(1, IORING_OP_CONNECT, client, &to, 0, size);
    is("CONNECT ok", 0);
    ring->entry(1, IORING_OP_ACCEPT, listener);
    int server = opened("ACCEPT ok");
    int value = 0;
    io_uring_sqe& e = ring->entry(1, IORING_OP_URING_CMD, server);
    e.cmd_op = 77;
    is("URING_CMD error", -EOPNOTSUPP);
    constexpr unsigned get_option = 2; // SOCKET_URING_OP_GETSOCKOPT
    io_uring_sqe& option = ring->entry(1, IORING_OP_URING_CMD, server);
    option.cmd_op = get_option;
    option.addr = SOL_SOCKET | uint64_t(SO_TYPE) << 32;
    option.file_index = sizeof value;
    option.addr3 = reinterpret_cast<uintptr_t>(&value);
    is("URING_CMD ok", sizeof value);
    EXPECT(value == SOCK_STREAM);
    for (int fd : {listener, client, server})
        close(fd);
}

void names() {
    ring->entry(1, IORING_OP_RENAMEAT, AT_FDCWD, "/tmp/none", unsigned(AT_FDCWD),
                reinterpret_cast<uintptr_t>("/tmp/other"));
    is("RENAMEAT error", -ENOENT);
    ring->entry(1, IORING_OP_LINKAT, AT_FDCWD, "/tmp/none", unsigned(AT_FDCWD),
                reinterpret_cast<uintptr_t>("/tmp/other"));
    is("LINKAT error", -ENOENT);
    ring->entry(1, IORING_OP_SYMLINKAT, AT_FDCWD, "anything", 0,
                reinterpret_cast<uintptr_t>("/tmp"));
    is("SYMLINKAT error", -EEXIST);
    struct {
        uint64_t flags, mode, resolve;
    } how{};
    ring->entry(1, IORING_OP_OPENAT2, AT_FDCWD, "/tmp/none", sizeof how,
                reinterpret_cast<uintptr_t>(&how));
    is("OPENAT2 error", -ENOENT);
}

void files() {
    char text[8] = "written", read[8] = {};
    int file = open("/tmp/opcodes", O_CREAT | O_RDWR, 0600);
    EXPECT(file >= 0);
    // FALLOCATE has its length in addr.
    ring->entry(1, IORING_OP_FALLOCATE, file, nullptr);
    is("FALLOCATE error", -EINVAL);
    ring->entry(1, IORING_OP_SYNC_FILE_RANGE, file, nullptr, 8);
    is("SYNC_FILE_RANGE ok", 0);
    ring->entry(1, IORING_OP_SYNC_FILE_RANGE, 999, nullptr, 8);
    is("SYNC_FILE_RANGE error", -EBADF);

    struct {
        void* at;
        size_t size;
    } buffers[2] = {{text, sizeof text}, {read, sizeof read}};
    EXPECT(call(__NR_io_uring_register, ring->fd, IORING_REGISTER_BUFFERS, buffers, 2) == 0);
    ring->entry(1, IORING_OP_WRITE_FIXED, file, text, sizeof text);
    is("WRITE_FIXED ok", sizeof text);
    ring->entry(1, IORING_OP_READ_FIXED, file, read, sizeof read).buf_index = 1;
    is("READ_FIXED ok", sizeof read);
    EXPECT(std::memcmp(text, read, sizeof text) == 0);
    ring->entry(1, IORING_OP_WRITE_FIXED, file, text, sizeof text).buf_index = 7;
    is("WRITE_FIXED error", -EFAULT);
    ring->entry(1, IORING_OP_READ_FIXED, file, text, sizeof text + 1);
    is("READ_FIXED error", -EFAULT);
    EXPECT(call(__NR_io_uring_register, ring->fd, IORING_UNREGISTER_BUFFERS, nullptr, 0) == 0);

    int fds[1] = {file};
    ring->entry(1, IORING_OP_FILES_UPDATE, -1, fds, 1);
    is("FILES_UPDATE error", -ENXIO);
    EXPECT(call(__NR_io_uring_register, ring->fd, IORING_REGISTER_FILES, fds, 1) == 0);
    constexpr unsigned install = 54; // IORING_OP_FIXED_FD_INSTALL
    ring->entry(1, install, 0).flags = IOSQE_FIXED_FILE;
    int installed = opened("FIXED_FD_INSTALL ok");
    EXPECT(pread(installed, read, sizeof read, 0) == sizeof read);
    close(installed);
    ring->entry(1, install, file);
    is("FIXED_FD_INSTALL error", -EBADF);
    EXPECT(call(__NR_io_uring_register, ring->fd, IORING_UNREGISTER_FILES, nullptr, 0) == 0);
    close(file);
    unlink("/tmp/opcodes");
}

void others() {
    ring->entry(1, IORING_OP_POLL_REMOVE, -1, reinterpret_cast<void*>(0x1234));
    is("POLL_REMOVE error", -ENOENT);
    ring->entry(1, IORING_OP_REMOVE_BUFFERS, 4).buf_group = 9;
    is("REMOVE_BUFFERS error", -ENOENT);
    uint32_t word = 0;
    io_uring_sqe& wake = ring->entry(1, OUROS_OP_FUTEX_WAKE, OUROS_FUTEX_U32, &word, 0, 1);
    wake.addr3 = 0; // no bit of the mask
    is("FUTEX_WAKE error", -EINVAL);

    raw_ring other(4);
    ring->entry(1, IORING_OP_MSG_RING, other.fd, nullptr, 55, 66);
    is("MSG_RING ok", 0);
    other.expect(66, 55);
    int pipe_ends[2];
    EXPECT(pipe(pipe_ends) == 0);
    ring->entry(1, IORING_OP_MSG_RING, pipe_ends[0], nullptr, 55, 66);
    is("MSG_RING error", -EBADFD);
}

} // namespace

int main() {
    raw_ring all(8);
    ring = &all;
    sockets();
    names();
    files();
    others();
    return failures != 0;
}
