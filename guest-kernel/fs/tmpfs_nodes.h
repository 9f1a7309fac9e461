// SPDX-License-Identifier: BSD-2-Clause
//
// The nodes of the tree in memory (tmpfs): files, directories, symbolic links, devices. The
// root, what the initramfs brings and everything programs create outside mounts are in it.
//
// Nothing here locks or blocks. The caller holds the tree's lock (tmpfs.h) around every call; unit
// tests, which have one thread, hold nothing.
#pragma once

#include "fs/page_tree.h"
#include "fs/shared_text.h"
#include "fs/types.h"
#include "lib/spinlock.h"

namespace kernel {

enum class inode_kind : uint8_t { file, directory, symlink, device, synthetic };

class inode : public ref_counted {
  public:
    inode(inode_kind kind, uint32_t permissions);
    inode(inode_kind kind, uint32_t permissions, uint64_t number);
    virtual ~inode() = default;

    inode_kind kind() const { return kind_; }
    virtual file_attributes attributes() const;
    // The modification time and the change time are now.
    void touch();
    // By whoever has the last reference to one without a name, without a lock: what it would give
    // back at its end, in steps with preemption points.
    virtual void empty() {}

    const uint64_t number;
    uint32_t permissions;
    uint32_t links = 0; // names this node has; a removed one lives on while it is open
    file_time accessed;
    file_time modified;
    file_time changed;

  protected:
    uint32_t mode() const;

  private:
    inode_kind kind_;
};

// Contents have their own lock, for read, write and truncate. Which pages there are has another
// one: a page fault in a mapping, which can happen while the first is held, makes pages too. A
// page that truncate takes away while it is mapped is the mapping's from then on.
class tmpfs_file final : public inode {
  public:
    explicit tmpfs_file(uint32_t permissions);

    file_attributes attributes() const override;
    uint64_t size() const { return size_; }

    spinlock lock;

    // Contents that already are in memory for good (the initramfs): pages are copied from
    // there only when they are written to.
    void set_image(const uint8_t* image, size_t size);
    // That image, if it still is the whole contents; null otherwise.
    const uint8_t* image() const {
        return pages_.pages() == 0 && image_size_ == size_ ? image_ : nullptr;
    }

    // Bytes copied, 0 at the end of the file.
    size_t read(uint64_t offset, void* to, size_t count) const;
    // Bytes copied, or -ENOSPC when there is no page for even the first, or -EFBIG.
    long write(uint64_t offset, const void* from, size_t count);
    // 0, -ENOSPC, -EFBIG; must_go_on: it is shorter now, but not as short as that yet. Then the
    // locks are to be let go of for a moment.
    long truncate(uint64_t size);
    static constexpr long must_go_on = -0x100001;
    void empty() override { pages_.empty(); }

    // F_SEAL_SHRINK, _GROW and _SEAL, which hold for good. 0; -EPERM: sealed against more;
    // -EINVAL: one that is not offered.
    long add_seals(uint32_t more);
    uint32_t seals() const;
    void allow_sealing() { seals_ = 0; }

    mutable spinlock pages_lock;
    // With pages_lock, for mappings: a page below size(), made if it was a hole. Null: no memory.
    uint8_t* page_for_mapping(uint64_t index) { return writable_page(index); }

  private:
    uint8_t* find_page(uint64_t index) const;
    uint8_t* writable_page(uint64_t index);

    page_tree pages_;
    const uint8_t* image_ = nullptr;
    uint64_t image_size_ = 0;
    uint64_t size_ = 0;
    uint32_t seals_; // with pages_lock
};

class tmpfs_symlink final : public inode {
  public:
    explicit tmpfs_symlink(ref<shared_text> target)
        : inode(inode_kind::symlink, 0777)
        , target_(std::move(target)) {}

    file_attributes attributes() const override;
    std::string_view target() const { return target_->text(); }

  private:
    ref<shared_text> target_;
};

// A character device; devices.h gives the numbers a meaning.
class tmpfs_device final : public inode {
  public:
    tmpfs_device(uint32_t permissions, uint32_t major, uint32_t minor)
        : inode(inode_kind::device, permissions)
        , major(major)
        , minor(minor) {}

    file_attributes attributes() const override;

    const uint32_t major;
    const uint32_t minor;
};

class tmpfs_directory final : public inode {
  public:
    struct entry {
        ref<inode> node;
        uint64_t cookie; // position for getdents: grows with every entry ever made
        entry* next_in_bucket;
        entry* next; // in order of cookie
        entry* previous;
        uint32_t hash;
        size_t name_size; // the name itself follows

        char* name() { return reinterpret_cast<char*>(this + 1); }
        std::string_view text() const {
            return {reinterpret_cast<const char*>(this + 1), name_size};
        }
    };

    explicit tmpfs_directory(uint32_t permissions)
        : inode(inode_kind::directory, permissions) {}
    ~tmpfs_directory() override;

    file_attributes attributes() const override;

    inode* find(std::string_view name) const;
    // The name that `node` has here; empty: none. For getcwd, so a search.
    std::string_view name_of(const inode* node) const;
    // 0, -EEXIST, -ENOMEM, -ENOENT (this directory is removed).
    long insert(std::string_view name, ref<inode> node);
    // Takes the name away; the node may live on. False: no such name.
    bool remove(std::string_view name);
    // The existing name stands for `node` from now on. Needs no memory.
    void replace(std::string_view name, ref<inode> node);
    bool empty() const { return entries_ == 0; }

    // The first entry with a cookie above `cookie`, or null.
    const entry* after(uint64_t cookie) const;

    // ".."; null for the root and for a removed directory (a chain of removed ones that keep
    // each other alive would be freed by a recursion as deep as the chain).
    tmpfs_directory* parent() const { return parent_.get(); }
    void set_parent(tmpfs_directory* parent);
    bool removed() const { return removed_; }
    bool is_within(const tmpfs_directory* ancestor) const;

    // Names below this directory belong to another file system: the host's, or a synthetic one.
    bool is_mount = false;
    ref<inode> covered_by;

  private:
    static constexpr size_t inline_buckets = 8;

    // The table grows and shrinks by a factor, a few buckets with every name that comes or goes:
    // what is in the old one's buckets from `moved_` on is there.
    static constexpr size_t growth = 4;
    entry** bucket(uint32_t hash) const {
        if (size_t old = hash & (old_count_ - 1); old_buckets_ && old >= moved_) [[unlikely]]
            return &old_buckets_[old];
        return &buckets_[hash & (bucket_count_ - 1)];
    }
    entry* lookup(std::string_view name, uint32_t hash) const;
    void gained(inode* node);
    void lost(inode* node);
    void resize(size_t count);
    void move_bucket();
    void move_some();
    void free_buckets(entry** buckets);

    entry* first_buckets_[inline_buckets] = {};
    entry** buckets_ = first_buckets_;
    size_t bucket_count_ = inline_buckets;
    entry** old_buckets_ = nullptr;
    size_t old_count_ = 0, moved_ = 0;
    size_t entries_ = 0;
    uint32_t subdirectories_ = 0;
    uint64_t last_cookie_ = 2; // 1 and 2 stand for "." and ".."
    entry* oldest_ = nullptr;
    entry* newest_ = nullptr;
    mutable const entry* given_last_ = nullptr; // by after()
    ref<tmpfs_directory> parent_;
    bool removed_ = false;
};

// A number that no other node has: for what has none of its own (a pipe).
uint64_t new_inode_number();

// What time stamps are taken from: the kernel's clock, or a counter in unit tests.
file_time current_file_time();

} // namespace kernel
