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
#include <ouros/worker.hpp>
#include <ranges>
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
// read(fd, container): anything contiguous.
template <std::ranges::contiguous_range Range>
operation read(int fd, Range&& buffer, uint64_t offset = current_position) {
    return read(fd, std::ranges::data(buffer),
                std::ranges::size(buffer) * sizeof *std::ranges::data(buffer), offset);
}
template <std::ranges::contiguous_range Range>
operation write(int fd, const Range& data, uint64_t offset = current_position) {
    return write(fd, std::ranges::data(data),
                 std::ranges::size(data) * sizeof *std::ranges::data(data), offset);
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
