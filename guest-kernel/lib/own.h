// SPDX-License-Identifier: BSD-2-Clause
//
// One owner of an object of the heap: auto thing = own(new (std::nothrow) T);
#pragma once

#include <utility>

namespace kernel {

template <class T>
class owned {
  public:
    explicit owned(T* object)
        : object_(object) {}
    owned(owned&& other) noexcept
        : object_(std::exchange(other.object_, nullptr)) {}
    owned& operator=(owned&& other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~owned() { delete object_; }

    T* release() { return std::exchange(object_, nullptr); }
    T* get() const { return object_; }
    T* operator->() const { return object_; }
    T& operator*() const { return *object_; }
    explicit operator bool() const { return object_ != nullptr; }

  private:
    T* object_;
};

template <class T>
owned<T> own(T* object) {
    return owned<T>(object);
}

} // namespace kernel
