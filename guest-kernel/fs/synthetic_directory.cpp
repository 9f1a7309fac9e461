// SPDX-License-Identifier: BSD-2-Clause
//
// Directories of synthetic file systems, opened. A position names the entry that was read last, so
// that entries which come and go meanwhile neither repeat nor hide others.
#include "fs/synthetic_directory.h"

#include <linux/fcntl.h>
#include <linux/fs.h>
#include <new>
#include <utility>

#include "fs/dirent.h"
#include "fs/name_space.h"

namespace kernel {

namespace {

class open_directory final : public file {
  public:
    open_directory(ref<synthetic_node> node, uint32_t flags)
        : file(flags)
        , node_(std::move(node)) {}

    long read(user_buffers&, int64_t) override { return -EISDIR; }
    long attributes(file_attributes& out) override {
        out = node_->attributes();
        return 0;
    }

    long read_directory(user_buffers& to) override {
        lock_guard guard(lock_);
        if (!node_->exists())
            return -ENOENT;
        synthetic_node::listed entry;
        dirent_writer out(to);
        if (position_ < 1 && out.add(node_->number, 1, mode_directory, "."))
            position_ = 1;
        if (position_ == 1) {
            ref<synthetic_node> up = node_->parent();
            if (out.add(up ? up->number : node_->covers()->number, first, mode_directory, ".."))
                position_ = first;
        }
        if (position_ < first)
            return out.finish();
        for (uint64_t at = position_ - first; node_->next_entry(at, entry);) {
            if (!out.add(entry.number, first + at, entry.mode,
                         {entry.name, __builtin_strlen(entry.name)}))
                break;
            position_ = first + at;
        }
        return out.finish();
    }

    long seek(int64_t offset, int whence) override {
        if (whence != SEEK_SET || offset < 0)
            return -EINVAL;
        lock_guard guard(lock_);
        position_ = static_cast<uint64_t>(offset);
        return offset;
    }
    bool is_seekable() const override { return true; }

    bool directory_place(path_place& out) override {
        out = {ref<inode>(node_), {}};
        return true;
    }
    long reopen(uint32_t flags, ref<file>& made) override { return node_->open(flags, made); }
    ref<shared_text> describe() override { return path_text({ref<inode>(node_), {}}); }

  private:
    static constexpr uint64_t first = 2; // positions below: "." and ".."

    const ref<synthetic_node> node_;
    spinlock lock_;
    uint64_t position_ = 0;
};

} // namespace

long open_synthetic_directory(ref<synthetic_node> node, uint32_t flags, ref<file>& made) {
    if (!(flags & O_PATH) && ((flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT)))
        return -EISDIR;
    made = ref<file>::adopt(new (std::nothrow) open_directory(std::move(node), flags));
    return made ? 0 : -ENOMEM;
}

} // namespace kernel
