// SPDX-License-Identifier: BSD-2-Clause
#include "fs/walk.h"

namespace kernel {

namespace {

char* skip_slashes(char* at) {
    while (*at == '/')
        at++;
    return at;
}

char* component_end(char* at) {
    while (*at && *at != '/')
        at++;
    return at;
}

bool is_dot(std::string_view name) {
    return name == ".";
}
bool is_dot_dot(std::string_view name) {
    return name == "..";
}

} // namespace

size_t clean_path(char* path) {
    char* out = path; // behind the last component that stays, without "/"
    for (char* at = skip_slashes(path); *at;) {
        char* end = component_end(at);
        std::string_view name(at, static_cast<size_t>(end - at));
        char* next = skip_slashes(end);
        if (is_dot_dot(name)) {
            while (out > path && *--out != '/')
                ;
        } else if (!is_dot(name)) {
            if (out > path)
                *out++ = '/';
            __builtin_memmove(out, at, name.size());
            out += name.size();
        }
        at = next;
    }
    *out = '\0';
    return static_cast<size_t>(out - path);
}

// `position` is what follows the mount point. Either all of it is the host's, or a ".." leads
// out again: then the walk goes on above the mount, after that component.
long path_walk::enter_mount(tmpfs_directory*& current, char*& position) {
    position = skip_slashes(position);
    unsigned depth = 0;
    for (char* at = position; *at;) {
        char* end = component_end(at);
        std::string_view name{at, static_cast<size_t>(end - at)};
        if (name.size() > name_max)
            return -ENAMETOOLONG;
        at = skip_slashes(end);
        if (is_dot(name))
            continue;
        if (!is_dot_dot(name)) {
            depth++;
        } else if (depth-- == 0) {
            current = current->parent() ? current->parent() : root_;
            position = at;
            return 0;
        }
    }
    is_host = true;
    host_path = {position, __builtin_strlen(position)};
    return 0;
}

// The target takes the place of everything up to `position`.
long path_walk::expand(const tmpfs_symlink& link, char*& position) {
    if (++links_ > symlink_depth_max)
        return -ELOOP;
    std::string_view target = link.target();
    size_t rest = __builtin_strlen(position) + 1; // with its "/" and NUL
    if (target.size() + rest > path_max)
        return -ENAMETOOLONG;
    __builtin_memmove(buffer_ + target.size(), position, rest);
    __builtin_memcpy(buffer_, target.data(), target.size());
    position = buffer_;
    return 0;
}

long path_walk::run(tmpfs_directory* root, const path_place& start, char* buffer, unsigned flags) {
    buffer_ = buffer;
    root_ = root;
    char* position = buffer;
    if (!*position)
        return -ENOENT;

    // References, not bare pointers, are not needed while the caller holds the tree's lock.
    tmpfs_directory* current = root;
    if (*position != '/' && start.node) {
        if (start.node->kind() != inode_kind::directory)
            return -ENOTDIR;
        current = static_cast<tmpfs_directory*>(start.node.get());
        std::string_view prefix = start.host_text();
        if (current->is_mount && prefix.size() > 0) {
            size_t rest = __builtin_strlen(position) + 1;
            if (prefix.size() + 1 + rest > path_max)
                return -ENAMETOOLONG;
            __builtin_memmove(position + prefix.size() + 1, position, rest);
            __builtin_memcpy(position, prefix.data(), prefix.size());
            position[prefix.size()] = '/';
        }
    }

    for (;;) {
        if (current->is_mount) {
            if (long error = enter_mount(current, position))
                return error;
            if (is_host) {
                node = ref<inode>(current);
                return 0;
            }
            continue;
        }
        position = skip_slashes(position);
        if (!*position) {
            // "/", "a/.", "a/..": the directory itself, without a name of its own.
            parent.reset();
            name = {};
            node = ref<inode>(current);
            must_be_directory = true;
            return 0;
        }
        char* end = component_end(position);
        std::string_view component{position, static_cast<size_t>(end - position)};
        if (component.size() > name_max)
            return -ENAMETOOLONG;
        position = end;
        if (is_dot(component))
            continue;
        if (is_dot_dot(component)) {
            if (current->parent())
                current = current->parent();
            continue;
        }

        bool last = !*skip_slashes(end);
        bool wants_directory = *end == '/' || (last && (flags & must_directory));
        inode* found = current->find(component);
        if (found && found->kind() == inode_kind::symlink &&
            (!last || wants_directory || (flags & follow))) {
            if (long error = expand(*static_cast<tmpfs_symlink*>(found), position))
                return error;
            if (*buffer_ == '\0')
                return -ENOENT;
            if (*buffer_ == '/')
                current = root;
            continue;
        }
        if (!last) {
            if (!found)
                return -ENOENT;
            if (found->kind() != inode_kind::directory)
                return -ENOTDIR;
            current = static_cast<tmpfs_directory*>(found);
            continue;
        }
        if (found && wants_directory && found->kind() != inode_kind::directory)
            return -ENOTDIR;
        if (found && found->kind() == inode_kind::directory &&
            static_cast<tmpfs_directory*>(found)->is_mount) {
            current = static_cast<tmpfs_directory*>(found);
            continue;
        }
        parent = ref<tmpfs_directory>(current);
        name = component;
        node = ref<inode>(found);
        must_be_directory = wants_directory;
        return 0;
    }
}

} // namespace kernel
