// SPDX-License-Identifier: BSD-2-Clause
//
// A text that several owners keep: a symlink's target, the path of an open directory.
#pragma once

#include <new>
#include <string_view>

#include "lib/ref.h"

namespace kernel {

class shared_text final : public ref_counted {
  public:
    // A copy with a NUL behind it. Null: no memory.
    static ref<shared_text> make(std::string_view text) {
        void* memory = ::operator new(sizeof(shared_text) + text.size() + 1, std::nothrow);
        if (!memory)
            return {};
        auto* made = new (memory) shared_text(text.size());
        char* data = reinterpret_cast<char*>(made + 1);
        __builtin_memcpy(data, text.data(), text.size());
        data[text.size()] = '\0';
        return ref<shared_text>::adopt(made);
    }
    static void operator delete(void* memory) { ::operator delete(memory); }

    std::string_view text() const { return {reinterpret_cast<const char*>(this + 1), size_}; }

  private:
    explicit shared_text(size_t size)
        : size_(size) {}

    size_t size_;
};

} // namespace kernel
