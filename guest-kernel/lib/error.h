// SPDX-License-Identifier: BSD-2-Clause
//
// Errors are Linux's: functions that a system call ends in return a value or -errno as `long`;
// functions that make an object return result<T>. Nothing in the kernel throws.
#pragma once

#include <asm/errno.h>
#include <utility>

namespace kernel {

template <class T>
class [[nodiscard]] result {
  public:
    result(T value)
        : value_(std::move(value)) {}
    // error: -errno
    static result failure(long error) {
        result r;
        r.error_ = error;
        return r;
    }

    bool ok() const { return error_ == 0; }
    explicit operator bool() const { return ok(); }
    long error() const { return error_; }
    T& value() { return value_; }
    T& operator*() { return value_; }
    T* operator->() { return &value_; }

  private:
    result() = default;
    T value_{};
    long error_ = 0;
};

inline constexpr bool is_error(long value) {
    return value < 0 && value >= -4095;
}

} // namespace kernel
