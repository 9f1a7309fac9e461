// SPDX-License-Identifier: BSD-2-Clause
//
// What two processes share: memory behind an fd, and fds themselves, over a unix socket.
//
// Memory that a peer can write is hostile: a value in it is read once, into a variable, and the
// variable is checked and used (load_relaxed, load_acquire). Its size is fixed when it is made, so
// that a peer can't cut it away under a reader.
#ifndef OUROS_SHARE_HPP
#define OUROS_SHARE_HPP

#include <cstddef>
#include <cstdint>
#include <utility>

namespace ouros {

// An fd that is closed with its owner.
class owned_fd {
  public:
    owned_fd() = default;
    explicit owned_fd(int fd)
        : fd_(fd) {}
    owned_fd(owned_fd&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)) {}
    owned_fd& operator=(owned_fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~owned_fd() { reset(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    void reset();

  private:
    int fd_ = -1;
};

// Memory behind an fd, mapped here to read and write.
class shared_memory {
  public:
    shared_memory() = default;
    shared_memory(shared_memory&& other) noexcept
        : address_(std::exchange(other.address_, nullptr))
        , size_(std::exchange(other.size_, 0)) {}
    shared_memory& operator=(shared_memory&& other) noexcept {
        std::swap(address_, other.address_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~shared_memory() { reset(); }

    // New memory, zeros. *fd is what a peer maps it by. 0 or -errno.
    int64_t create(size_t size, owned_fd* fd);
    // Memory that a peer has made, all of it; -EINVAL when that is less than `least` bytes, or when
    // it can still shrink. 0 or -errno.
    int64_t map(int fd, size_t least = 1);
    void reset();

    void* get() const { return address_; }
    size_t size() const { return size_; }
    explicit operator bool() const { return address_ != nullptr; }

  private:
    void* address_ = nullptr;
    size_t size_ = 0;
};

// What gives a peer access to one end of something: memory, and the right to notify.
struct invitation {
    owned_fd memory;
    owned_fd sender; // of uintr_create_fd
};

// Passes up to 4 fds over a connected unix socket, in one message. 0 or -errno; receive_fds gives
// -EPIPE at the end of the stream, -EPROTO for a message with another number of fds.
int64_t send_fds(int socket, const int* fds, unsigned count);
int64_t receive_fds(int socket, owned_fd* fds, unsigned count);

int64_t send_invitation(int socket, const invitation& from);
int64_t receive_invitation(int socket, invitation* to);

} // namespace ouros

#endif // OUROS_SHARE_HPP
