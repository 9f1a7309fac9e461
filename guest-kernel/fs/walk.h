// SPDX-License-Identifier: BSD-2-Clause
//
// Path walk: from a text to a node of the tree, or to the rest of a path that belongs to the
// host (a mount). Symbolic links of the tree are expanded in place in the path's buffer; those
// of the host are the host's business.
//
//   "/usr/../host/a/b"  ->  host, host_path "a/b"
//   "/tmp/new"          ->  parent /tmp, name "new", node null
//   "/host/../tmp"      ->  /tmp: ".." leaves a mount by counting names, as a path on the host
//                           never leads above the export
#pragma once

#include "fs/tmpfs_nodes.h"

namespace kernel {

// A place in the name space: a node (none: the root), or with `node` the mount point a path
// below it.
struct path_place {
    ref<inode> node;
    ref<shared_text> host_path; // null or empty: the mount's own root

    std::string_view host_text() const {
        return host_path ? host_path->text() : std::string_view{"", 0};
    }
};

// Resolves "." and ".." of a path of the host by name alone, in place, and returns its length: what
// is kept as a place must not depend on directories that the path goes through and comes back from.
// (Behind a symbolic link to a directory ".." then means what it means to a shell's cd.)
size_t clean_path(char* path);

class path_walk {
  public:
    static constexpr unsigned follow = 1;         // a symlink as the last component is followed
    static constexpr unsigned must_directory = 2; // as if the path ended in "/"

    // `buffer` holds path_max bytes, starts with the path (NUL-terminated) and is the walk's
    // until the results have been used. Returns 0, also when only the last component is
    // missing (node is null then), or -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG.
    long run(tmpfs_directory* root, const path_place& start, char* buffer, unsigned flags);

    bool is_host = false;
    std::string_view host_path; // NUL-terminated; "" is the root of the mount, which is `node`

    ref<tmpfs_directory> parent; // null when the path names no entry: "/", ".", ".."
    std::string_view name;       // the last component, in the buffer
    ref<inode> node;
    bool must_be_directory = false; // the path ends in "/", "." or ".."

  private:
    long enter_mount(tmpfs_directory*& current, char*& position);
    long expand(const tmpfs_symlink& link, char*& position);

    char* buffer_ = nullptr;
    tmpfs_directory* root_ = nullptr;
    unsigned links_ = 0;
};

} // namespace kernel
