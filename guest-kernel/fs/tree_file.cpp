// SPDX-License-Identifier: BSD-2-Clause
#include "fs/tree_file.h"

#include <linux/fcntl.h>
#include <linux/fs.h>
#include <new>
#include <utility>

#include "fs/devices.h"
#include "fs/dirent.h"
#include "fs/name_space.h"
#include "schedule/preempt.h"

namespace kernel {

namespace {

// Bytes moved under a file's lock at a time: the bound on how long others wait for it, and how
// much of a read or write is atomic.
constexpr size_t locked_at_once = 4 * 1024;

long truncate_in_steps(tmpfs_file& file, uint64_t size) {
    for (;; preemption_point()) {
        lock_guard guard(file.lock);
        if (long result = file.truncate(size); result != tmpfs_file::must_go_on)
            return result;
    }
}

class tree_file : public file {
  public:
    tree_file(ref<inode> node, ref<tmpfs_directory> parent, uint32_t flags)
        : file(flags)
        , node_(std::move(node))
        , parent_(std::move(parent)) {}

    long attributes(file_attributes& out) override {
        lock_guard guard(names.lock);
        out = node_->attributes();
        return 0;
    }
    long set_times(const file_time* accessed, const file_time* modified) override {
        lock_guard guard(names.lock);
        if (accessed)
            node_->accessed = *accessed;
        if (modified)
            node_->modified = *modified;
        node_->changed = current_file_time();
        return 0;
    }
    long set_mode(uint32_t permissions) override {
        lock_guard guard(names.lock);
        node_->permissions = permissions & mode_permissions;
        node_->changed = current_file_time();
        return 0;
    }
    long sync(bool) override { return 0; }
    long reopen(uint32_t flags, ref<file>& made) override {
        return open_node(node_, parent_, flags, nullptr, made);
    }
    ref<shared_text> describe() override {
        if (node_->kind() == inode_kind::directory)
            return path_text({node_, {}});
        if (!parent_)
            return shared_text::make("/memfd: (deleted)");
        auto* page = static_cast<char*>(allocate_page());
        if (!page)
            return {};
        ref<shared_text> text = describe_in_directory(page);
        free_pages(page);
        return text;
    }

  protected:
    inode& node() const { return *node_; }

  private:
    ref<shared_text> describe_in_directory(char* page) {
        lock_guard guard(names.lock);
        ref<shared_text> directory = path_text_locked({ref<inode>(parent_), {}});
        std::string_view name = parent_->name_of(node_.get());
        std::string_view before = directory ? directory->text() : std::string_view("/", 1);
        if (name.empty())
            name = "(deleted)";
        if (before.size() + 1 + name.size() > page_size)
            return {};
        size_t size = before.size();
        __builtin_memcpy(page, before.data(), size);
        if (page[size - 1] != '/')
            page[size++] = '/';
        __builtin_memcpy(page + size, name.data(), name.size());
        return shared_text::make({page, size + name.size()});
    }

    const ref<inode> node_;
    const ref<tmpfs_directory> parent_; // which has a name for it, unless that was taken away
};

// A file's pages as mappings show them.
class mapped_file final : public page_object {
  public:
    explicit mapped_file(ref<inode> node)
        : node_(std::move(node)) {}

    result<void*> shared_page(uint64_t index) override {
        auto& contents = static_cast<tmpfs_file&>(*node_);
        lock_guard guard(contents.pages_lock);
        if (index >= (contents.size() + page_size - 1) / page_size)
            return result<void*>::failure(-ENXIO);
        void* page = contents.page_for_mapping(index);
        if (!page)
            return result<void*>::failure(-ENOMEM);
        add_page_reference(page);
        return page;
    }
    const void* identity() const override { return node_.get(); }

  private:
    ref<inode> node_;
};

class open_regular final : public tree_file {
  public:
    using tree_file::tree_file;

    long read(user_buffers& to, int64_t offset) override {
        return transfer(to, offset, protection_write, false,
                        [this](uint64_t at, uint8_t* memory, size_t size) {
                            return static_cast<long>(contents().read(at, memory, size));
                        });
    }

    long write(user_buffers& from, int64_t offset) override {
        // With O_APPEND even pwrite appends: so Linux does, against POSIX.
        return transfer(from, offset, protection_read, flags() & O_APPEND,
                        [this](uint64_t at, uint8_t* memory, size_t size) {
                            return contents().write(at, memory, size);
                        });
    }

    long seek(int64_t offset, int whence) override {
        lock_guard guard(contents().lock);
        uint64_t size = contents().size();
        switch (whence) {
        case SEEK_SET:
            break;
        case SEEK_CUR:
            if (__builtin_add_overflow(offset, static_cast<int64_t>(position_), &offset))
                return -EOVERFLOW;
            break;
        case SEEK_END:
            if (__builtin_add_overflow(offset, static_cast<int64_t>(size), &offset))
                return -EOVERFLOW;
            break;
        case SEEK_DATA: // all of a file is data, as a file system may say that keeps no holes
        case SEEK_HOLE:
            if (offset < 0 || static_cast<uint64_t>(offset) >= size)
                return -ENXIO;
            if (whence == SEEK_HOLE)
                offset = static_cast<int64_t>(size);
            break;
        default:
            return -EINVAL;
        }
        if (offset < 0)
            return -EINVAL;
        position_ = static_cast<uint64_t>(offset);
        return offset;
    }

    long truncate(uint64_t size) override { return truncate_in_steps(contents(), size); }
    long seals() override { return contents().seals(); }
    long add_seals(uint32_t more) override {
        return writable() ? contents().add_seals(more) : -EPERM;
    }
    bool is_seekable() const override { return true; }
    void before_end() override {
        if (node().links == 0 && node().ref_count() == 1)
            node().empty();
    }
    result<ref<page_object>> shared_pages() override {
        auto pages = ref<mapped_file>::adopt(new (std::nothrow) mapped_file(ref<inode>(&node())));
        if (!pages)
            return result<ref<page_object>>::failure(-ENOMEM);
        return ref<page_object>(std::move(pages));
    }
    const uint8_t* contents_in_place() override {
        lock_guard guard(contents().lock);
        return contents().image();
    }

  private:
    tmpfs_file& contents() const { return static_cast<tmpfs_file&>(node()); }

    template <class F>
    long transfer(user_buffers& buffers, int64_t offset, uint8_t access, bool append, F&& move) {
        size_t total = 0;
        for (;; preemption_point()) {
            lock_guard guard(contents().lock);
            uint64_t at =
                append ? contents().size() : (offset == at_position ? position_ : offset + total);
            long done = buffers.each(locked_at_once, access, [&](uint8_t* memory, size_t size) {
                long moved = move(at, memory, size);
                if (moved > 0)
                    at += static_cast<size_t>(moved);
                return moved;
            });
            if (done > 0 && offset == at_position)
                position_ = at;
            if (done < 0)
                return total > 0 ? static_cast<long>(total) : done;
            total += static_cast<size_t>(done);
            if (static_cast<size_t>(done) < locked_at_once || buffers.empty())
                return static_cast<long>(total);
        }
    }

    uint64_t position_ = 0; // under the file's lock
};

class open_directory final : public tree_file {
  public:
    using tree_file::tree_file;

    long read(user_buffers&, int64_t) override { return -EISDIR; }

    long read_directory(user_buffers& to) override {
        lock_guard guard(names.lock);
        dirent_writer out(to);
        tmpfs_directory& here = directory();
        if (position_ < 1 && out.add(here.number, 1, mode_directory, "."))
            position_ = 1;
        if (position_ == 1) {
            uint64_t up = here.parent() ? here.parent()->number : here.number;
            if (out.add(up, 2, mode_directory, ".."))
                position_ = 2;
        }
        if (position_ < 2)
            return out.finish();
        // No more in one call, and few at a time: others wait for the lock.
        constexpr int most = 32, at_once = 8;
        for (int given = 0; given < most; given++) {
            if (given % at_once == at_once - 1) {
                guard.unlock();
                preemption_point();
                guard.relock();
            }
            const tmpfs_directory::entry* entry = here.after(position_);
            if (!entry)
                break;
            uint32_t mode = entry->node->attributes().mode;
            if (!out.add(entry->node->number, entry->cookie, mode, entry->text()))
                break;
            position_ = entry->cookie;
        }
        return out.finish();
    }

    long seek(int64_t offset, int whence) override {
        if (whence != SEEK_SET || offset < 0)
            return -EINVAL;
        lock_guard guard(names.lock);
        position_ = static_cast<uint64_t>(offset);
        return offset;
    }
    bool is_seekable() const override { return true; }

    bool directory_place(path_place& out) override {
        out = {ref<inode>(&node()), {}};
        return true;
    }

  private:
    tmpfs_directory& directory() const { return static_cast<tmpfs_directory&>(node()); }

    uint64_t position_ = 0; // cookie of the last entry given
};

} // namespace

long make_memory_file(uint32_t flags, bool sealable, ref<file>& made) {
    auto contents = ref<tmpfs_file>::adopt(new (std::nothrow) tmpfs_file(0777));
    if (!contents)
        return -ENOMEM;
    if (sealable)
        contents->allow_sealing();
    return open_node(std::move(contents), {}, flags, nullptr, made);
}

long open_node(ref<inode> node, ref<tmpfs_directory> parent, uint32_t flags, process* opener,
               ref<file>& made) {
    inode_kind kind = node->kind();
    bool only_path = flags & O_PATH;
    if (kind == inode_kind::symlink && !only_path)
        return -ELOOP; // O_NOFOLLOW
    if ((flags & O_DIRECTORY) && kind != inode_kind::directory)
        return -ENOTDIR;
    if (kind == inode_kind::directory) {
        if (!only_path && ((flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT)))
            return -EISDIR;
        made = ref<file>::adopt(new (std::nothrow) open_directory(std::move(node), {}, flags));
        return made ? 0 : -ENOMEM;
    }
    if (kind == inode_kind::device && !only_path) {
        auto& device = static_cast<tmpfs_device&>(*node);
        return open_device(device.major, device.minor, flags, device.attributes(), opener, made);
    }
    if (kind == inode_kind::file && !only_path) {
        auto& contents = static_cast<tmpfs_file&>(*node);
        made = ref<file>::adopt(new (std::nothrow)
                                    open_regular(std::move(node), std::move(parent), flags));
        if (!made)
            return -ENOMEM;
        // Last: a call that fails has changed nothing.
        if ((flags & O_TRUNC) && (flags & O_ACCMODE) != O_RDONLY)
            return truncate_in_steps(contents, 0);
        return 0;
    }
    made =
        ref<file>::adopt(new (std::nothrow) tree_file(std::move(node), std::move(parent), flags));
    return made ? 0 : -ENOMEM;
}

} // namespace kernel
