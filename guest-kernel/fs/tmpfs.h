// SPDX-License-Identifier: BSD-2-Clause
//
// Changes to the tree in memory: each takes the result of a walk and returns 0 or Linux's
// errno for it. The caller holds the tree's lock from the walk to the end of the change, so
// that what the walk found is still so.
#pragma once

#include "fs/walk.h"

namespace kernel {

class tmpfs {
  public:
    tmpfs() = default;
    tmpfs(const tmpfs&) = delete;
    tmpfs& operator=(const tmpfs&) = delete;
    // Directories and what is in them refer to each other, so that the tree has to be taken apart.
    ~tmpfs();

    // False: no memory for the root.
    bool initialise();
    tmpfs_directory* root() const { return root_.get(); }

    // Makes the entry that the walk found missing. -EEXIST when there is something.
    long make_file(const path_walk& at, uint32_t permissions, ref<inode>& made);
    // The same in two steps: a file without a name, then its name. Null: no memory.
    static ref<inode> new_file(uint32_t permissions);
    long name_file(const path_walk& at, ref<inode> file);
    long make_directory(const path_walk& at, uint32_t permissions);
    long make_symlink(const path_walk& at, std::string_view target);
    long make_device(const path_walk& at, uint32_t permissions, uint32_t major, uint32_t minor);
    long link(const path_walk& existing, const path_walk& at);

    long unlink(const path_walk& at);
    long remove_directory(const path_walk& at);
    // With no_replace an existing target is -EEXIST.
    long rename(const path_walk& from, const path_walk& to, bool no_replace);

    // The same by path from the root, for the kernel's own start-up. `path` has no links.
    long make_directory(const char* path, uint32_t permissions);
    long make_symlink(const char* path, std::string_view target);
    long make_device(const char* path, uint32_t permissions, uint32_t major, uint32_t minor);
    // The directory, made if need be, is where another file system begins. -ENOTDIR, -ENOMEM.
    long make_mount_point(const char* path, tmpfs_directory*& made);
    long make_mount(const char* path);

    // Unpacks a newc archive; file contents are used where they are. Missing directories on
    // the way to an entry are made. 0, -EINVAL (not an archive; what came before the damage
    // is there), -ENOMEM.
    long populate(const void* archive, size_t size);

  private:
    long add(const path_walk& at, ref<inode> node);
    long walk_from_root(const char* path, char* buffer, path_walk& walk);
    long make_parents(std::string_view path, char* buffer);
    long populate_one(const struct cpio_entry& entry, char* buffer);

    ref<tmpfs_directory> root_;
};

} // namespace kernel
