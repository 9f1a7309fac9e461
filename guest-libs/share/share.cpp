// SPDX-License-Identifier: BSD-2-Clause

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <ouros/share.hpp>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ouros {

namespace {

constexpr unsigned most_fds = 4;

// Room for the fds of one message, aligned for its header.
union control_buffer {
    char bytes[CMSG_SPACE(sizeof(int) * most_fds)];
    cmsghdr header;
};

int64_t map_fd(int fd, size_t size, void** address) {
    void* where = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (where == MAP_FAILED)
        return -errno;
    *address = where;
    return 0;
}

} // namespace

void owned_fd::reset() {
    if (fd_ >= 0)
        ::close(std::exchange(fd_, -1));
}

int64_t shared_memory::create(size_t size, owned_fd* fd) {
    owned_fd memory(::memfd_create("ouros", MFD_ALLOW_SEALING));
    if (!memory)
        return -errno;
    if (::ftruncate(memory.get(), static_cast<off_t>(size)) < 0 ||
        ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        return -errno;
    reset();
    if (int64_t error = map_fd(memory.get(), size, &address_); error < 0)
        return error;
    size_ = size;
    *fd = std::move(memory);
    return 0;
}

int64_t shared_memory::map(int fd, size_t least) {
    reset();
    // Whoever made it has sealed its size; memory that can still shrink is not taken.
    int seals = ::fcntl(fd, F_GET_SEALS);
    if (seals < 0)
        return -errno;
    struct stat status;
    if (::fstat(fd, &status) < 0)
        return -errno;
    if (!(seals & F_SEAL_SHRINK) || status.st_size < 0 ||
        static_cast<uint64_t>(status.st_size) < least)
        return -EINVAL;
    const auto size = static_cast<size_t>(status.st_size);
    if (int64_t error = map_fd(fd, size, &address_); error < 0)
        return error;
    size_ = size;
    return 0;
}

void shared_memory::reset() {
    if (address_)
        ::munmap(std::exchange(address_, nullptr), std::exchange(size_, 0));
}

int64_t send_fds(int socket, const int* fds, unsigned count) {
    if (count == 0 || count > most_fds)
        return -EINVAL;
    char byte = static_cast<char>(count);
    iovec data = {&byte, 1};
    control_buffer control = {};
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    std::memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
    ssize_t sent;
    do
        sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

int64_t receive_fds(int socket, owned_fd* fds, unsigned count) {
    if (count == 0 || count > most_fds)
        return -EINVAL;
    char byte = 0;
    iovec data = {&byte, 1};
    control_buffer control = {};
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    ssize_t received;
    do
        received = ::recvmsg(socket, &message, 0);
    while (received < 0 && errno == EINTR);
    if (received < 0)
        return -errno;
    if (received == 0)
        return -EPIPE;
    unsigned number = 0;
    owned_fd got[most_fds];
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        size_t length = header->cmsg_len - CMSG_LEN(0);
        for (size_t at = 0; at + sizeof(int) <= length && number < most_fds; at += sizeof(int)) {
            int fd;
            std::memcpy(&fd, CMSG_DATA(header) + at, sizeof fd);
            got[number++] = owned_fd(fd);
        }
    }
    if (number != count || (message.msg_flags & MSG_CTRUNC))
        return -EPROTO; // what came is closed
    for (unsigned i = 0; i < count; i++)
        fds[i] = std::move(got[i]);
    return 0;
}

int64_t send_invitation(int socket, const invitation& from) {
    const int fds[] = {from.memory.get(), from.sender.get()};
    return send_fds(socket, fds, 2);
}

int64_t receive_invitation(int socket, invitation* to) {
    owned_fd fds[2];
    if (int64_t error = receive_fds(socket, fds, 2); error < 0)
        return error;
    to->memory = std::move(fds[0]);
    to->sender = std::move(fds[1]);
    return 0;
}

} // namespace ouros
