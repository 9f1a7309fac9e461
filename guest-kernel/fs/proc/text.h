// SPDX-License-Identifier: BSD-2-Clause
//
// Contents of files that are written when they are opened, so that a reader gets one state of
// things however small its pieces are, and may go back.
#pragma once

#include "fs/file.h"
#include "fs/synthetic.h"

namespace kernel {

// Text that grows by pages. The first error is remembered: there was no memory, or it has become
// too long (-EFBIG), which bounds what an open file can take.
class text {
  public:
    static constexpr size_t most_pages = page_size / sizeof(char*); // 2 MiB

    text() = default;
    text(text&& other) noexcept { *this = std::move(other); }
    text& operator=(text&& other) noexcept {
        std::swap(first_, other.first_);
        std::swap(more_, other.more_);
        std::swap(size_, other.size_);
        std::swap(error_, other.error_);
        return *this;
    }
    ~text();

    [[gnu::format(printf, 2, 3)]] void print(const char* format, ...); // 256 bytes at most
    void add(const char* data, size_t size);
    void add(std::string_view s) { add(s.data(), s.size()); }
    // As it is in a file of one line: what would end it is written \ooo.
    void add_escaped(std::string_view s);
    // The program's memory; less if it ends before. False: there is none there.
    bool add_user(address_space& space, user_address from, size_t size);
    void fail(long error) { error_ = error_ < 0 ? error_ : error; }

    long error() const { return error_; }
    size_t size() const { return size_; }
    // What lies in one piece there, and how much.
    const char* piece(size_t offset, size_t& size) const;

  private:
    char* page(size_t index) const { return index == 0 ? first_ : more_[index - 1]; }
    char* room(size_t& size); // at the end; null: error_ says why

    char* first_ = nullptr;
    char** more_ = nullptr; // a page
    size_t size_ = 0;
    long error_ = 0;
};

// Takes what is written to such a file: at most 256 bytes, at once. 0 or -errno.
struct text_sink {
    long (*write)(int process, int thread, std::string_view data) = nullptr;
    int process = 0, thread = 0;
};

// Null: no memory.
ref<file> make_text_file(text contents, ref<inode> node, uint32_t flags, text_sink sink);

} // namespace kernel
