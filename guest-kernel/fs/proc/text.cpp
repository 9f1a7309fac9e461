// SPDX-License-Identifier: BSD-2-Clause
#include "fs/proc/text.h"

#include <cstdarg>
#include <linux/fs.h>
#include <new>
#include <utility>

#include "fs/name_space.h"
#include "lib/print.h"

namespace kernel {

text::~text() {
    for (size_t i = 0; more_ && i < most_pages && more_[i]; i++)
        free_pages(more_[i]);
    if (more_)
        free_pages(more_);
    if (first_)
        free_pages(first_);
}

char* text::room(size_t& size) {
    size_t index = size_ / page_size, used = size_ % page_size;
    size = page_size - used;
    if (used)
        return page(index) + used;
    if (index == 0 ? first_ : more_ && index <= most_pages ? more_[index - 1] : nullptr)
        return page(index); // nothing was put there
    if (index > most_pages) {
        fail(-EFBIG);
        return nullptr;
    }
    if (index == 1 && !more_)
        more_ = static_cast<char**>(allocate_zeroed_page());
    auto* made = index == 0 || more_ ? static_cast<char*>(allocate_page()) : nullptr;
    if (!made)
        fail(-ENOMEM);
    else
        (index == 0 ? first_ : more_[index - 1]) = made;
    return made;
}

void text::add(const char* data, size_t size) {
    while (size > 0 && error_ == 0) {
        size_t part;
        char* to = room(part);
        if (!to)
            return;
        part = part < size ? part : size;
        __builtin_memcpy(to, data, part);
        size_ += part;
        data += part;
        size -= part;
    }
}

void text::add_escaped(std::string_view s) {
    for (size_t i = 0; i < s.size(); i++) {
        char c = s.data()[i];
        if (c == '\n' || c == '\\')
            print("\\%c%c%c", '0' + (c >> 6 & 7), '0' + (c >> 3 & 7), '0' + (c & 7));
        else
            add(&c, 1);
    }
}

bool text::add_user(address_space& space, user_address from, size_t size) {
    while (size > 0 && error_ == 0) {
        size_t part, in_page = page_size - from % page_size;
        char* to = room(part);
        if (!to)
            return true;
        part = part < size ? part : size;
        part = part < in_page ? part : in_page;
        if (copy_from_user(space, to, from, part) < 0)
            return false;
        size_ += part;
        from += part;
        size -= part;
    }
    return true;
}

void text::print(const char* format, ...) {
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    int length = format_to_v(line, sizeof line, format, arguments);
    va_end(arguments);
    add(line, size_t(length) < sizeof line ? size_t(length) : sizeof line - 1);
}

const char* text::piece(size_t offset, size_t& size) const {
    if (offset >= size_)
        return nullptr;
    size_t in_page = offset % page_size;
    size = page_size - in_page < size_ - offset ? page_size - in_page : size_ - offset;
    return page(offset / page_size) + in_page;
}

namespace {

class text_file final : public file {
  public:
    text_file(text contents, ref<inode> node, uint32_t flags, text_sink sink)
        : file(flags)
        , contents_(std::move(contents))
        , node_(std::move(node))
        , sink_(sink) {}

    long read(user_buffers& to, int64_t offset) override {
        lock_guard guard(lock_);
        uint64_t at = offset == at_position ? position_ : uint64_t(offset);
        long total = 0;
        size_t size;
        while (!to.empty()) {
            const char* piece = contents_.piece(at, size);
            if (!piece)
                break;
            long done = to.put(piece, size);
            if (done <= 0) {
                total = total ? total : done;
                break;
            }
            at += size_t(done);
            total += done;
        }
        if (offset == at_position && total > 0)
            position_ = at;
        return total;
    }

    long write(user_buffers& from, int64_t) override {
        if (!sink_.write)
            return -EIO;
        char data[256];
        long size = from.take(data, sizeof data);
        if (size <= 0)
            return size;
        long error = sink_.write(sink_.process, sink_.thread, {data, size_t(size)});
        return error < 0 ? error : size;
    }

    long seek(int64_t offset, int whence) override {
        lock_guard guard(lock_);
        if (whence == SEEK_CUR && __builtin_add_overflow(offset, int64_t(position_), &offset))
            return -EOVERFLOW;
        if ((whence != SEEK_SET && whence != SEEK_CUR) || offset < 0)
            return -EINVAL;
        position_ = uint64_t(offset);
        return offset;
    }
    bool is_seekable() const override { return true; }

    long truncate(uint64_t) override { return 0; }
    long attributes(file_attributes& out) override {
        out = node_->attributes();
        return 0;
    }
    long reopen(uint32_t flags, ref<file>& made) override {
        return static_cast<synthetic_node&>(*node_).open(flags, made);
    }
    ref<shared_text> describe() override { return path_text({node_, {}}); }

  private:
    const text contents_;
    const ref<inode> node_;
    const text_sink sink_;
    spinlock lock_;
    uint64_t position_ = 0;
};

} // namespace

ref<file> make_text_file(text contents, ref<inode> node, uint32_t flags, text_sink sink) {
    return ref<file>::adopt(new (std::nothrow)
                                text_file(std::move(contents), std::move(node), flags, sink));
}

} // namespace kernel
