// SPDX-License-Identifier: BSD-2-Clause
//
// Intrusive reference counts. An object starts with one reference, which `adopt` takes over.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace kernel {

class ref_counted {
  public:
    ref_counted() = default;
    ref_counted(const ref_counted&) = delete;
    ref_counted& operator=(const ref_counted&) = delete;

    void add_ref() { count_.fetch_add(1, std::memory_order_relaxed); }
    // True when the caller has dropped the last reference.
    bool drop_ref() { return count_.fetch_sub(1, std::memory_order_acq_rel) == 1; }
    uint32_t ref_count() const { return count_.load(std::memory_order_relaxed); }

  protected:
    ~ref_counted() = default;

  private:
    std::atomic<uint32_t> count_{1};
};

template <class T>
class ref {
  public:
    ref() = default;
    ref(std::nullptr_t) {}
    explicit ref(T* object)
        : object_(object) {
        if (object_)
            object_->add_ref();
    }
    static ref adopt(T* object) {
        ref r;
        r.object_ = object;
        return r;
    }
    ref(const ref& other)
        : ref(other.object_) {}
    ref(ref&& other) noexcept
        : object_(std::exchange(other.object_, nullptr)) {}
    template <class U>
    ref(ref<U> other)
        : object_(other.release()) {}
    ref& operator=(ref other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~ref() { reset(); }

    void reset() {
        if (T* object = std::exchange(object_, nullptr); object && object->drop_ref())
            delete object;
    }
    T* release() { return std::exchange(object_, nullptr); }

    T* get() const { return object_; }
    T* operator->() const { return object_; }
    T& operator*() const { return *object_; }
    explicit operator bool() const { return object_ != nullptr; }
    bool operator==(const ref& other) const { return object_ == other.object_; }

  private:
    T* object_ = nullptr;
};

} // namespace kernel
