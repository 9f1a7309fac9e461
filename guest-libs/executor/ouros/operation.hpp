// SPDX-License-Identifier: BSD-2-Clause
//
// One asynchronous call in flight: awaiting it submits it, and gives the result or -errno. It lives
// in the awaiting coroutine's frame, and its address is the entry's user_data, so it must stay
// where it is until the completion has come; buffers belong to the device as long.
#ifndef OUROS_OPERATION_HPP
#define OUROS_OPERATION_HPP

#include <coroutine>
#include <cstdint>
#include <ouros/mark.hpp>
#include <ouros/ring.hpp>
#include <ouros/strand.hpp>

namespace ouros {

class [[nodiscard]] operation {
  public:
    operation(uint8_t opcode, int fd, const void* address, uint32_t length, uint64_t offset,
              uint32_t flags = 0)
        : opcode_(opcode)
        , fd_(fd)
        , length_(length)
        , flags_(flags)
        , address_(reinterpret_cast<uint64_t>(address))
        , offset_(offset) {}
    operation(const operation&) = delete;
    operation& operator=(const operation&) = delete;

    bool await_ready() const noexcept { return false; }
    [[gnu::always_inline]] std::coroutine_handle<>
    await_suspend(std::coroutine_handle<> coroutine) noexcept;
    [[gnu::always_inline]] int64_t await_resume() const noexcept {
        mark<OUROS_MARK_RESUME>(this);
        return result_;
    }

  protected:
    int64_t result() const { return result_; }

  private:
    friend class worker;

    void fill(io_uring_sqe* entry) {
        ring::fill(entry, opcode_, fd_, address_, length_, offset_,
                   reinterpret_cast<uint64_t>(this), flags_);
    }

    strand* waiter_;  // set when it is issued
    operation* next_; // in the backlog, while the SQ is full
    int32_t result_;  // written by the reactor
    uint8_t opcode_;
    int fd_;
    uint32_t length_;
    uint32_t flags_;
    uint64_t address_;
    uint64_t offset_;
};

} // namespace ouros

#endif // OUROS_OPERATION_HPP
