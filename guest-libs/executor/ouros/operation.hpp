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
        return result();
    }

  protected:
    // A system call by token: call.hpp.
    struct handed_over {};
    explicit operation(handed_over) {}

    int64_t result() const { return static_cast<int32_t>(outcome_); }
    uint32_t completion_flags() const { return static_cast<uint32_t>(outcome_ >> 32); }

  private:
    friend class worker;
    friend class backlog;
    template <typename Operation>
    friend class stoppable;

    void complete(int32_t result, uint32_t flags) {
        outcome_ = static_cast<uint32_t>(result) | static_cast<uint64_t>(flags) << 32;
    }

    void fill(io_uring_sqe* entry) {
        ring::fill(entry, opcode_, fd_, address_, length_, offset_,
                   reinterpret_cast<uint64_t>(this), flags_);
    }

    strand* waiter_;   // set when it is issued
    operation* next_;  // in a backlog, while there is no room for it
    uint64_t outcome_; // written by the reactor: result and flags as the completion has them
    uint8_t opcode_;
    int fd_;
    uint32_t length_;
    uint32_t flags_;
    uint64_t address_;
    uint64_t offset_;
};

// Operations that wait until there is room for them, oldest first.
class backlog {
  public:
    operation* first() const { return first_; }
    void push(operation& request) {
        request.next_ = nullptr;
        (first_ ? last_->next_ : first_) = &request;
        last_ = &request;
    }
    void pop() { first_ = first_->next_; }
    // False: it is not among them.
    bool remove(const operation* request) {
        operation* before = nullptr;
        for (operation* each = first_; each; before = each, each = each->next_) {
            if (each != request)
                continue;
            (before ? before->next_ : first_) = each->next_;
            if (last_ == each)
                last_ = before;
            return true;
        }
        return false;
    }

  private:
    operation* first_ = nullptr;
    operation* last_ = nullptr;
};

} // namespace ouros

#endif // OUROS_OPERATION_HPP
