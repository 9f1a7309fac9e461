// SPDX-License-Identifier: BSD-2-Clause
//
// Nodes of file systems whose names stand for something that the kernel has anyway (procfs). A node
// is made when a path leads to it and says what to look for, never the thing itself: it may be gone
// at any time, and then every question about it is answered as for a name that isn't there.
//
// A synthetic file system covers a directory of the tree (tmpfs_directory::covered_by). Nothing in
// it can be made, removed or renamed.
#pragma once

#include "fs/tmpfs_nodes.h"

namespace kernel {

class file;
struct caller;
struct path_place;

class synthetic_node : public inode {
  public:
    // `mode` with the type of file.
    synthetic_node(uint64_t number, uint32_t mode)
        : inode(inode_kind::synthetic, mode & mode_permissions, number)
        , type_(mode & mode_type_mask) {}

    bool is_directory() const { return type_ == mode_directory; }
    bool is_link() const { return type_ == mode_symlink; }
    uint32_t type() const { return type_; }

    // Called with the lock of the tree: they must not wait, and take other locks only for a moment.

    // Of a directory. `found` stays null: no such name. 0 or -ENOMEM.
    virtual long find(std::string_view name, ref<synthetic_node>& found);
    // Of any node; null for the root of the file system.
    virtual ref<synthetic_node> parent() const;
    // The directory that the file system covers.
    virtual tmpfs_directory* covers() const = 0;
    // The name it has in its parent. How long it is, at most name_max.
    virtual size_t name(char* to) const;

    // Where a link leads.
    enum class target {
        text,   // what the link says, as any symbolic link; null: no memory
        place,  // a directory, or a path of the host, whatever it is called now
        object, // an open file: object()
        gone,
    };
    virtual target follow(const caller* who, ref<shared_text>& text, path_place& place);

    // Without the lock.

    virtual ref<shared_text> link_text(const caller* who);
    virtual ref<file> object() = 0;
    // 0 or -errno.
    virtual long open(uint32_t flags, ref<file>& made) = 0;
    // What it is about is still there.
    virtual bool exists() const = 0;
    // The entry of a directory behind `position`, which becomes the entry's. False: there is none.
    struct listed {
        char name[32];
        uint64_t number;
        uint32_t mode;
    };
    virtual bool next_entry(uint64_t& position, listed& out);

  private:
    const uint32_t type_;
};

} // namespace kernel
