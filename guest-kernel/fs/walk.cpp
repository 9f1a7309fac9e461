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

// `text` takes the place of everything up to `position`.
long path_walk::put_before(std::string_view text, bool slash, char*& position) {
    size_t rest = __builtin_strlen(position) + 1; // with its NUL
    if (text.size() + slash + rest > path_max)
        return -ENAMETOOLONG;
    __builtin_memmove(buffer_ + text.size() + slash, position, rest);
    __builtin_memcpy(buffer_, text.data(), text.size());
    if (slash)
        buffer_[text.size()] = '/';
    position = buffer_;
    return 0;
}

// What a symbolic link says is walked from the directory that the link is in, or from the root.
long path_walk::expand(std::string_view target, char*& position) {
    if (++links_ > symlink_depth_max)
        return -ELOOP;
    if (long error = put_before(target, false, position))
        return error;
    if (*buffer_ == '\0')
        return -ENOENT;
    if (*buffer_ == '/') {
        current_ = root_;
        synthetic_.reset();
    }
    return 0;
}

// The walk goes on there.
long path_walk::go_to(const path_place& place, char*& position) {
    inode* at = place.node ? place.node.get() : root_;
    if (at->kind() == inode_kind::synthetic) {
        auto* node = static_cast<synthetic_node*>(at);
        if (!node->is_directory())
            return -ENOTDIR;
        current_ = node->covers();
        synthetic_ = ref<synthetic_node>(node);
        return 0;
    }
    if (at->kind() != inode_kind::directory)
        return -ENOTDIR;
    current_ = static_cast<tmpfs_directory*>(at);
    synthetic_.reset();
    std::string_view prefix = place.host_text();
    if (!current_->is_mount || prefix.size() == 0)
        return 0;
    return put_before(prefix, *position && *position != '/', position);
}

void path_walk::finish(ref<inode> found, std::string_view component, bool wants_directory) {
    is_synthetic = bool(synthetic_);
    if (!is_synthetic)
        parent = ref<tmpfs_directory>(current_);
    name = component;
    node = std::move(found);
    must_be_directory = wants_directory;
}

long path_walk::walk_synthetic(std::string_view component, bool last, bool wants_directory,
                               unsigned flags, char*& position, bool& done) {
    ref<synthetic_node> found;
    if (long error = synthetic_->find(component, found); error < 0)
        return error;
    if (found && found->is_link() && (!last || wants_directory || (flags & follow))) {
        ref<shared_text> text;
        path_place place;
        switch (found->follow(who, text, place)) {
        case synthetic_node::target::text:
            return text ? expand(text->text(), position) : -ENOMEM;
        case synthetic_node::target::place:
            return ++links_ > symlink_depth_max ? -ELOOP : go_to(place, position);
        case synthetic_node::target::gone:
            return -ENOENT;
        case synthetic_node::target::object:
            break;
        }
        if (!last || wants_directory)
            return -ENOTDIR;
        leads_to_object = true;
    } else if (found ? !found->is_directory() && (!last || wants_directory) : !last) {
        return found ? -ENOTDIR : -ENOENT;
    } else if (!last) {
        synthetic_ = std::move(found);
        return 0;
    }
    done = true;
    finish(std::move(found), component, wants_directory);
    return 0;
}

bool path_walk::is_directory() const {
    if (!node)
        return false;
    return is_synthetic ? static_cast<synthetic_node&>(*node).is_directory()
                        : node->kind() == inode_kind::directory;
}

long path_walk::run(tmpfs_directory* root, const path_place& start, char* buffer, unsigned flags) {
    buffer_ = buffer;
    root_ = root;
    char* position = buffer;
    if (!*position)
        return -ENOENT;

    // References, not bare pointers, are not needed while the caller holds the tree's lock.
    current_ = root;
    if (*position != '/' && start.node)
        if (long error = go_to(start, position))
            return error;

    for (;;) {
        if (!synthetic_ && current_->is_mount) {
            if (long error = enter_mount(current_, position))
                return error;
            if (is_host) {
                node = ref<inode>(current_);
                return 0;
            }
            continue;
        }
        if (!synthetic_ && current_->covered_by)
            synthetic_ = ref(static_cast<synthetic_node*>(current_->covered_by.get()));
        position = skip_slashes(position);
        if (!*position) {
            // "/", "a/.", "a/..": the directory itself, without a name of its own.
            is_synthetic = bool(synthetic_);
            parent.reset();
            name = {};
            node = is_synthetic ? ref<inode>(synthetic_) : ref<inode>(current_);
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
            bool above = synthetic_ && !(synthetic_ = synthetic_->parent());
            if ((above || !synthetic_) && current_->parent())
                current_ = current_->parent();
            continue;
        }

        bool last = !*skip_slashes(end);
        bool wants_directory = *end == '/' || (last && (flags & must_directory));
        if (synthetic_) {
            bool done = false;
            long error = walk_synthetic(component, last, wants_directory, flags, position, done);
            if (error || done)
                return error;
            continue;
        }
        inode* found = current_->find(component);
        if (found && found->kind() == inode_kind::symlink &&
            (!last || wants_directory || (flags & follow))) {
            if (long error = expand(static_cast<tmpfs_symlink*>(found)->target(), position))
                return error;
            continue;
        }
        bool is_directory = found && found->kind() == inode_kind::directory;
        if (!last) {
            if (!is_directory)
                return found ? -ENOTDIR : -ENOENT;
            current_ = static_cast<tmpfs_directory*>(found);
            continue;
        }
        if (found && wants_directory && !is_directory)
            return -ENOTDIR;
        if (is_directory) {
            auto* directory = static_cast<tmpfs_directory*>(found);
            if (directory->is_mount || directory->covered_by) {
                current_ = directory;
                continue;
            }
        }
        finish(ref<inode>(found), component, wants_directory);
        return 0;
    }
}

} // namespace kernel
