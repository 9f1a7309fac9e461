// SPDX-License-Identifier: BSD-2-Clause
#include "fs/tmpfs.h"
#include "fs/cpio.h"

#include <new>
#include <utility>

namespace kernel {

namespace {

template <class T, class... Arguments>
ref<T> make_node(Arguments... arguments) {
    return ref<T>::adopt(new (std::nothrow) T(arguments...));
}

tmpfs_directory* as_directory(const ref<inode>& node) {
    if (!node || node->kind() != inode_kind::directory)
        return nullptr;
    return static_cast<tmpfs_directory*>(node.get());
}

} // namespace

bool tmpfs::initialise() {
    root_ = make_node<tmpfs_directory>(0755u);
    if (root_)
        root_->links = 1;
    return bool(root_);
}

tmpfs::~tmpfs() {
    tmpfs_directory* at = root();
    while (at) {
        const tmpfs_directory::entry* first = at->after(0);
        if (!first) {
            at = at->parent();
            continue;
        }
        tmpfs_directory* below = as_directory(first->node);
        if (below && !below->empty())
            at = below;
        else
            at->remove(first->text());
    }
}

long tmpfs::add(const path_walk& at, ref<inode> node) {
    if (!node)
        return -ENOMEM;
    return at.parent->insert(at.name, std::move(node));
}

ref<inode> tmpfs::new_file(uint32_t permissions) {
    return make_node<tmpfs_file>(permissions);
}

long tmpfs::name_file(const path_walk& at, ref<inode> file) {
    if (at.node)
        return -EEXIST;
    if (at.must_be_directory)
        return -EISDIR;
    return add(at, std::move(file));
}

long tmpfs::make_file(const path_walk& at, uint32_t permissions, ref<inode>& made) {
    made = new_file(permissions);
    return name_file(at, made);
}

long tmpfs::make_directory(const path_walk& at, uint32_t permissions) {
    if (at.node)
        return -EEXIST;
    return add(at, make_node<tmpfs_directory>(permissions));
}

long tmpfs::make_symlink(const path_walk& at, std::string_view target) {
    if (at.node)
        return -EEXIST;
    if (at.must_be_directory || target.size() == 0)
        return -ENOENT;
    ref<shared_text> text = shared_text::make(target);
    if (!text)
        return -ENOMEM;
    return add(at, ref<inode>::adopt(new (std::nothrow) tmpfs_symlink(std::move(text))));
}

long tmpfs::make_device(const path_walk& at, uint32_t permissions, uint32_t major, uint32_t minor) {
    if (at.node)
        return -EEXIST;
    return add(at, make_node<tmpfs_device>(permissions, major, minor));
}

long tmpfs::link(const path_walk& existing, const path_walk& at) {
    if (existing.node->kind() == inode_kind::directory)
        return -EPERM;
    if (at.node)
        return -EEXIST;
    if (at.must_be_directory)
        return -ENOENT;
    // A file whose last name is gone can't be named again.
    if (existing.node->links == 0)
        return -ENOENT;
    return add(at, existing.node);
}

long tmpfs::unlink(const path_walk& at) {
    if (!at.node)
        return -ENOENT;
    if (as_directory(at.node))
        return -EISDIR;
    if (at.must_be_directory)
        return -ENOTDIR;
    at.parent->remove(at.name);
    return 0;
}

long tmpfs::remove_directory(const path_walk& at) {
    if (!at.node)
        return -ENOENT;
    tmpfs_directory* directory = as_directory(at.node);
    if (!directory)
        return -ENOTDIR;
    if (!at.parent) // "/", or a path that ends in "." or ".."
        return directory == root_.get() ? -EBUSY : -EINVAL;
    if (!directory->empty())
        return -ENOTEMPTY;
    at.parent->remove(at.name);
    return 0;
}

long tmpfs::rename(const path_walk& from, const path_walk& to, bool no_replace) {
    if (!from.node)
        return -ENOENT;
    if (!from.parent || !to.parent)
        return -EBUSY;
    tmpfs_directory* moved = as_directory(from.node);
    if (!moved && (from.must_be_directory || to.must_be_directory))
        return -ENOTDIR;
    if (moved && to.parent->is_within(moved))
        return -EINVAL;
    if (!to.node) {
        if (long error = to.parent->insert(to.name, from.node))
            return error;
        from.parent->remove(from.name);
    } else {
        if (no_replace)
            return -EEXIST;
        if (to.node.get() == from.node.get())
            return 0;
        tmpfs_directory* target = as_directory(to.node);
        if (moved && !target)
            return -ENOTDIR;
        if (!moved && target)
            return -EISDIR;
        if (target && !target->empty())
            return -ENOTEMPTY;
        to.parent->replace(to.name, from.node);
        from.parent->remove(from.name);
    }
    // Taking the old name away must not unhook the directory from its new parent.
    if (moved)
        moved->set_parent(to.parent.get());
    return 0;
}

// Start-up

long tmpfs::walk_from_root(const char* path, char* buffer, path_walk& walk) {
    size_t size = __builtin_strlen(path);
    if (size >= path_max)
        return -ENAMETOOLONG;
    __builtin_memcpy(buffer, path, size + 1);
    return walk.run(root(), path_place{}, buffer, 0);
}

namespace {

class path_buffer {
  public:
    path_buffer()
        : text_(static_cast<char*>(allocate_zeroed_page())) {}
    ~path_buffer() {
        if (text_)
            free_pages(text_);
    }
    path_buffer(const path_buffer&) = delete;
    path_buffer& operator=(const path_buffer&) = delete;
    char* text() const { return text_; }

  private:
    char* text_;
};

} // namespace

long tmpfs::make_directory(const char* path, uint32_t permissions) {
    path_buffer buffer;
    if (!buffer.text())
        return -ENOMEM;
    path_walk walk;
    if (long error = walk_from_root(path, buffer.text(), walk))
        return error;
    return make_directory(walk, permissions);
}

long tmpfs::make_symlink(const char* path, std::string_view target) {
    path_buffer buffer;
    if (!buffer.text())
        return -ENOMEM;
    path_walk walk;
    if (long error = walk_from_root(path, buffer.text(), walk))
        return error;
    return make_symlink(walk, target);
}

long tmpfs::make_device(const char* path, uint32_t permissions, uint32_t major, uint32_t minor) {
    path_buffer buffer;
    if (!buffer.text())
        return -ENOMEM;
    path_walk walk;
    if (long error = walk_from_root(path, buffer.text(), walk))
        return error;
    return make_device(walk, permissions, major, minor);
}

long tmpfs::make_mount_point(const char* path, tmpfs_directory*& made) {
    path_buffer buffer;
    if (!buffer.text())
        return -ENOMEM;
    path_walk walk;
    if (long error = walk_from_root(path, buffer.text(), walk))
        return error;
    if (!walk.node)
        if (long error = make_directory(walk, 0755))
            return error;
    inode* node = walk.node ? walk.node.get() : walk.parent->find(walk.name);
    if (node->kind() != inode_kind::directory)
        return -ENOTDIR;
    made = static_cast<tmpfs_directory*>(node);
    return 0;
}

long tmpfs::make_mount(const char* path) {
    tmpfs_directory* at;
    long error = make_mount_point(path, at);
    if (error == 0)
        at->is_mount = true;
    return error;
}

long tmpfs::make_parents(std::string_view path, char* buffer) {
    for (size_t i = 1; i < path.size(); i++) {
        if (path.data()[i] != '/')
            continue;
        __builtin_memcpy(buffer, "/", 1);
        __builtin_memcpy(buffer + 1, path.data(), i);
        buffer[1 + i] = '\0';
        path_walk walk;
        if (long error = walk.run(root(), path_place{}, buffer, path_walk::follow))
            return error;
        if (!walk.node)
            if (long error = make_directory(walk, 0755))
                return error;
    }
    return 0;
}

long tmpfs::populate_one(const cpio_entry& entry, char* buffer) {
    if (entry.name.size() == 0)
        return 0;
    if (entry.name.size() + 2 > path_max)
        return -ENAMETOOLONG;
    if (long error = make_parents(entry.name, buffer))
        return error;
    buffer[0] = '/';
    __builtin_memcpy(buffer + 1, entry.name.data(), entry.name.size());
    buffer[1 + entry.name.size()] = '\0';
    path_walk walk;
    if (long error = walk.run(root(), path_place{}, buffer, 0))
        return error;
    uint32_t permissions = entry.mode & mode_permissions;
    switch (entry.mode & mode_type_mask) {
    case mode_directory:
        if (as_directory(walk.node)) {
            walk.node->permissions = permissions;
            return 0;
        }
        return make_directory(walk, permissions);
    case mode_symlink:
        return make_symlink(walk, {reinterpret_cast<const char*>(entry.data), entry.size});
    case mode_character:
        return make_device(walk, permissions, entry.device_major, entry.device_minor);
    case mode_regular: {
        ref<inode> file;
        if (long error = make_file(walk, permissions, file))
            return error;
        static_cast<tmpfs_file*>(file.get())->set_image(entry.data, entry.size);
        file->modified = {entry.modified, 0};
        return 0;
    }
    default:
        return 0; // sockets, FIFOs and block devices mean nothing here
    }
}

long tmpfs::populate(const void* archive, size_t size) {
    path_buffer buffer;
    if (!buffer.text())
        return -ENOMEM;
    cpio_reader reader(archive, size);
    cpio_entry entry;
    for (;;) {
        switch (reader.next(entry)) {
        case cpio_reader::status::end:
            return 0;
        case cpio_reader::status::invalid:
            return -EINVAL;
        case cpio_reader::status::entry:
            // A bad entry (a name twice, a file as a directory) costs only itself.
            if (populate_one(entry, buffer.text()) == -ENOMEM)
                return -ENOMEM;
        }
    }
}

} // namespace kernel
