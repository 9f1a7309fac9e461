// SPDX-License-Identifier: BSD-2-Clause
//
// The asynchronous calls. Each is awaited and gives what the system call of that name gives, as
// value or -errno; check() turns the latter into std::system_error. Paths and buffers must live
// until the call has completed, which inside one co_await expression they do.
#ifndef OUROS_IO_HPP
#define OUROS_IO_HPP

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <linux/time_types.h>
#include <ouros/opcodes.h>
#include <ouros/worker.hpp>
#include <ranges>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <system_error>

namespace ouros {

// The value, or an exception for -errno.
inline int64_t check(int64_t result, const char* what = "") {
    if (result < 0) [[unlikely]]
        throw std::system_error(static_cast<int>(-result), std::generic_category(), what);
    return result;
}

// As offset: where the file is, which moves on.
inline constexpr uint64_t current_position = ~uint64_t{0};

inline operation nop() {
    return {IORING_OP_NOP, -1, nullptr, 0, 0};
}

inline operation open_at(int directory, const char* path, int flags, mode_t mode = 0) {
    return {IORING_OP_OPENAT, directory, path, mode, 0, static_cast<uint32_t>(flags)};
}
inline operation open(const char* path, int flags, mode_t mode = 0) {
    return open_at(AT_FDCWD, path, flags, mode);
}
inline operation close(int fd) {
    return {IORING_OP_CLOSE, fd, nullptr, 0, 0};
}

inline operation read(int fd, void* buffer, size_t length, uint64_t offset = current_position) {
    return {IORING_OP_READ, fd, buffer, static_cast<uint32_t>(length), offset};
}
inline operation write(int fd, const void* buffer, size_t length,
                       uint64_t offset = current_position) {
    return {IORING_OP_WRITE, fd, buffer, static_cast<uint32_t>(length), offset};
}
// read(fd, container), read(fd, container, at(offset)): all of anything contiguous. A number in the
// third place is a length, as in read(2), for arrays, too.
struct at {
    explicit constexpr at(uint64_t where)
        : offset(where) {}
    uint64_t offset; // in bytes
};
template <std::ranges::contiguous_range Range>
operation read(int fd, Range&& buffer, at where = at(current_position)) {
    return read(fd, std::ranges::data(buffer),
                std::ranges::size(buffer) * sizeof *std::ranges::data(buffer), where.offset);
}
template <std::ranges::contiguous_range Range>
operation write(int fd, const Range& data, at where = at(current_position)) {
    return write(fd, std::ranges::data(data),
                 std::ranges::size(data) * sizeof *std::ranges::data(data), where.offset);
}

inline operation readv(int fd, const iovec* vectors, unsigned count,
                       uint64_t offset = current_position) {
    return {IORING_OP_READV, fd, vectors, count, offset};
}
inline operation writev(int fd, const iovec* vectors, unsigned count,
                        uint64_t offset = current_position) {
    return {IORING_OP_WRITEV, fd, vectors, count, offset};
}
inline operation fsync(int fd) {
    return {IORING_OP_FSYNC, fd, nullptr, 0, 0};
}
inline operation fdatasync(int fd) {
    return {IORING_OP_FSYNC, fd, nullptr, 0, 0, IORING_FSYNC_DATASYNC};
}
inline operation truncate(int fd, uint64_t size) {
    return {OUROS_OP_FTRUNCATE, fd, nullptr, 0, size};
}
inline operation allocate(int fd, int mode, uint64_t offset, uint64_t length) {
    return {IORING_OP_FALLOCATE, fd, reinterpret_cast<const void*>(length),
            static_cast<uint32_t>(mode), offset};
}
inline operation advise(int fd, uint64_t offset, uint32_t length, int advice) {
    return {IORING_OP_FADVISE, fd, nullptr, length, offset, static_cast<uint32_t>(advice)};
}
inline operation advise_memory(void* start, uint32_t length, int advice) {
    return {IORING_OP_MADVISE, -1, start, length, 0, static_cast<uint32_t>(advice)};
}

// Names. The *_at forms take what is relative from a directory's descriptor.
inline operation make_directory_at(int directory, const char* path, mode_t mode = 0777) {
    return {IORING_OP_MKDIRAT, directory, path, mode, 0};
}
inline operation make_directory(const char* path, mode_t mode = 0777) {
    return make_directory_at(AT_FDCWD, path, mode);
}
// flags: AT_REMOVEDIR for a directory.
inline operation unlink_at(int directory, const char* path, int flags = 0) {
    return {IORING_OP_UNLINKAT, directory, path, 0, 0, static_cast<uint32_t>(flags)};
}
inline operation unlink(const char* path, int flags = 0) {
    return unlink_at(AT_FDCWD, path, flags);
}
inline operation rename_at(int from_directory, const char* from, int to_directory, const char* to,
                           unsigned flags = 0) {
    return {IORING_OP_RENAMEAT,
            from_directory,
            from,
            static_cast<uint32_t>(to_directory),
            reinterpret_cast<uint64_t>(to),
            flags};
}
inline operation rename(const char* from, const char* to) {
    return rename_at(AT_FDCWD, from, AT_FDCWD, to);
}
inline operation link_at(int from_directory, const char* from, int to_directory, const char* to,
                         int flags = 0) {
    return {IORING_OP_LINKAT,
            from_directory,
            from,
            static_cast<uint32_t>(to_directory),
            reinterpret_cast<uint64_t>(to),
            static_cast<uint32_t>(flags)};
}
inline operation link(const char* from, const char* to) {
    return link_at(AT_FDCWD, from, AT_FDCWD, to);
}
inline operation symlink_at(const char* contents, int directory, const char* path) {
    return {IORING_OP_SYMLINKAT, directory, contents, 0, reinterpret_cast<uint64_t>(path)};
}
inline operation symlink(const char* contents, const char* path) {
    return symlink_at(contents, AT_FDCWD, path);
}

// Until one of the events (POLLIN, ...) is there: which ones are.
inline operation poll(int fd, uint32_t events) {
    return {IORING_OP_POLL_ADD, fd, nullptr, 0, 0, events};
}
// How many events there are; it waits for the first.
inline operation epoll_wait(int set, epoll_event* events, unsigned count) {
    return {OUROS_OP_EPOLL_WAIT, set, events, count, 0};
}
inline operation epoll_control(int set, int how, int fd, const epoll_event* event) {
    return {IORING_OP_EPOLL_CTL, set, event, static_cast<uint32_t>(how),
            static_cast<uint64_t>(static_cast<int64_t>(fd))};
}
inline operation make_pipe(int (&ends)[2], int flags = 0) {
    return {OUROS_OP_PIPE, -1, ends, 0, 0, static_cast<uint32_t>(flags)};
}

// Sockets. flags: MSG_...
inline operation send(int fd, const void* data, size_t length, int flags = 0) {
    return {
        IORING_OP_SEND, fd, data, static_cast<uint32_t>(length), 0, static_cast<uint32_t>(flags)};
}
inline operation receive(int fd, void* buffer, size_t length, int flags = 0) {
    return {
        IORING_OP_RECV, fd, buffer, static_cast<uint32_t>(length), 0, static_cast<uint32_t>(flags)};
}
inline operation send_message(int fd, const msghdr* message, int flags = 0) {
    return {IORING_OP_SENDMSG, fd, message, 1, 0, static_cast<uint32_t>(flags)};
}
inline operation receive_message(int fd, msghdr* message, int flags = 0) {
    return {IORING_OP_RECVMSG, fd, message, 1, 0, static_cast<uint32_t>(flags)};
}
// how: SHUT_RD, SHUT_WR, SHUT_RDWR
inline operation shut_down(int fd, int how) {
    return {IORING_OP_SHUTDOWN, fd, nullptr, static_cast<uint32_t>(how), 0};
}

// statx(2): fills *out.
inline operation stat_at(int directory, const char* path, struct statx* out, int flags = 0,
                         unsigned mask = STATX_BASIC_STATS) {
    return {IORING_OP_STATX,
            directory,
            path,
            mask,
            reinterpret_cast<uint64_t>(out),
            static_cast<uint32_t>(flags)};
}
inline operation stat(const char* path, struct statx* out) {
    return stat_at(AT_FDCWD, path, out);
}

class [[nodiscard]] sleep_operation : public operation {
  public:
    explicit sleep_operation(std::chrono::nanoseconds duration)
        : operation(IORING_OP_TIMEOUT, -1, &time_, 1, 0)
        , time_{duration.count() / 1'000'000'000, duration.count() % 1'000'000'000} {}

    // 0 when the time is over, otherwise -errno.
    int64_t await_resume() const noexcept { return result() == -ETIME ? 0 : result(); }

  private:
    __kernel_timespec time_;
};

inline sleep_operation sleep(std::chrono::nanoseconds duration) {
    return sleep_operation(duration);
}

// Lets the others of this priority run first.
struct [[nodiscard]] yield {
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> coroutine) const noexcept {
        return this_worker.yield(coroutine);
    }
    void await_resume() const noexcept {}
};

// Goes on on worker number `worker`, and stays there, or if `stay` is false until somebody else has
// nothing to do.
struct [[nodiscard]] bind {
    explicit bind(unsigned worker, bool stay = true)
        : worker_(worker)
        , stay_(stay) {}
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> coroutine) const noexcept {
        uintr::disable();
        return worker::here()->move(worker_, stay_, coroutine);
    }
    void await_resume() const noexcept {}

  private:
    unsigned worker_;
    bool stay_;
};

} // namespace ouros

#endif // OUROS_IO_HPP
