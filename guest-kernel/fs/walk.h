// SPDX-License-Identifier: BSD-2-Clause
//
// Path walk: from a text to a node of the tree, or to the rest of a path that belongs to the
// host (a mount). Symbolic links of the tree are expanded in place in the path's buffer; those
// of the host are the host's business.
//
//   "/usr/../host/a/b"  ->  host, host_path "a/b"
//   "/tmp/new"          ->  parent /tmp, name "new", node null
//   "/proc/self/fd/0"   ->  node, a link of procfs; followed, it leads to an open file
//   "/host/../tmp"      ->  /tmp: ".." leaves a mount by counting names, as a path on the host
//                           never leads above the export
#pragma once

#include "fs/synthetic.h"
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

    // The path leads into a synthetic file system: `node` is one of its nodes, or null, and
    // `parent` is null.
    bool is_synthetic = false;
    // ... and on through `node`, a link, to the open file that it stands for.
    bool leads_to_object = false;
    bool is_directory() const;

    const caller* who = nullptr; // whose path it is: /proc/self

  private:
    long enter_mount(tmpfs_directory*& current, char*& position);
    long put_before(std::string_view text, bool slash, char*& position);
    long expand(std::string_view target, char*& position);
    long go_to(const path_place& place, char*& position);
    long walk_synthetic(std::string_view component, bool last, bool wants_directory, unsigned flags,
                        char*& position, bool& done);
    void finish(ref<inode> found, std::string_view component, bool wants_directory);

    // Where the walk is: a directory of the tree or, if there is one, the synthetic node below it.
    tmpfs_directory* current_ = nullptr;
    ref<synthetic_node> synthetic_;

    char* buffer_ = nullptr;
    tmpfs_directory* root_ = nullptr;
    unsigned links_ = 0;
};

} // namespace kernel
