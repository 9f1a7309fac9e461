// SPDX-License-Identifier: BSD-2-Clause
//
// The calls that take paths, apart from open. Each walks the path under the lock of the tree and
// finishes there, or hands the rest to the host.
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <utility>

#include "drivers/asyscall.h"
#include "fs/devices.h"
#include "fs/host_file.h"
#include "fs/name_space.h"

namespace kernel {

namespace {

constexpr uint32_t access_execute = 1; // X_OK, W_OK, R_OK
constexpr uint32_t access_write = 2;
constexpr uint32_t access_read = 4;

unsigned follow_unless(bool no_follow) {
    return no_follow ? 0 : path_walk::follow;
}

task<long> file_attributes_of(caller& who, file& f, file_attributes& out) {
    long error = f.attributes(out);
    if (error == must_wait)
        error = co_await f.attributes_later(who, out);
    co_return error;
}

// With names.lock held, after a walk that is not the host's. must_wait: it is an open file, and the
// rest has to be done without the lock.
long tree_attributes(const path_walk& walk, file_attributes& out) {
    if (!walk.node)
        return -ENOENT;
    if (walk.leads_to_object)
        return must_wait;
    out = walk.node->attributes();
    return 0;
}

task<long> object_attributes(caller& who, path_walk& walk, file_attributes& out) {
    ref<file> object = static_cast<synthetic_node&>(*walk.node).object();
    if (!object)
        co_return -ENOENT;
    co_return co_await file_attributes_of(who, *object, out);
}

// What a call gets that would change a synthetic file system.
long synthetic_change(const path_walk& walk, long if_there) {
    return walk.node ? if_there : -ENOENT;
}

task<long> attributes_of_descriptor(caller& who, int directory, file_attributes& out) {
    fd_table& files = *who.owner->files;
    if (directory == AT_FDCWD) {
        path_place here = files.working_directory();
        if (here.host_path) {
            const char* path = here.host_text().empty() ? "." : here.host_text().data();
            co_return co_await host_attributes(ASYSCALL_HANDLE_EXPORT, path, 0, out);
        }
        lock_guard guard(names.lock);
        out = here.node ? here.node->attributes() : names.tree.root()->attributes();
        co_return 0;
    }
    ref<file> f = files.get(static_cast<uint64_t>(static_cast<int64_t>(directory)));
    if (!f)
        co_return -EBADF;
    co_return co_await file_attributes_of(who, *f, out);
}

} // namespace

task<long> attributes_at(caller& who, int directory, user_address path, uint32_t flags,
                         file_attributes& out) {
    named_place at;
    bool may_be_empty = flags & AT_EMPTY_PATH;
    if (long error = at.load(who, directory, path, may_be_empty); error < 0)
        co_return error;
    if (at.is_empty())
        co_return co_await attributes_of_descriptor(who, directory, out);
    bool no_follow = flags & AT_SYMLINK_NOFOLLOW;
    {
        lock_guard guard(names.lock);
        if (long error = at.resolve(follow_unless(no_follow)); error < 0)
            co_return error;
        if (!at.walk.is_host)
            if (long error = tree_attributes(at.walk, out); error != must_wait)
                co_return error;
    }
    if (at.walk.leads_to_object)
        co_return co_await object_attributes(who, at.walk, out);
    co_return co_await host_attributes(ASYSCALL_HANDLE_EXPORT, at.device_path(),
                                       no_follow ? AT_SYMLINK_NOFOLLOW : 0, out);
}

namespace {

long put_link(caller& who, std::string_view target, user_address buffer, uint64_t size) {
    size_t count = target.size() < size ? target.size() : size;
    long error = copy_to_user(*who.owner->space, buffer, target.data(), count);
    return error < 0 ? error : static_cast<long>(count);
}

} // namespace

task<long> read_link_at(caller& who, int directory, user_address path, user_address buffer,
                        uint64_t size) {
    if (static_cast<int64_t>(size) <= 0)
        co_return -EINVAL;
    named_place at;
    if (long error = at.load(who, directory, path); error < 0)
        co_return error;
    {
        lock_guard guard(names.lock);
        if (long error = at.resolve(0); error < 0)
            co_return error;
        if (!at.walk.is_host && !at.walk.is_synthetic) {
            if (!at.walk.node)
                co_return -ENOENT;
            if (at.walk.node->kind() != inode_kind::symlink)
                co_return -EINVAL;
            co_return put_link(who, static_cast<tmpfs_symlink&>(*at.walk.node).target(), buffer,
                               size);
        }
    }
    if (at.walk.is_synthetic) {
        if (!at.walk.node)
            co_return -ENOENT;
        auto& node = static_cast<synthetic_node&>(*at.walk.node);
        if (!node.is_link())
            co_return -EINVAL;
        ref<shared_text> target = node.link_text(&who);
        co_return target ? put_link(who, target->text(), buffer, size) : -ENOENT;
    }
    auto* text = static_cast<char*>(allocate_page());
    if (!text)
        co_return -ENOMEM;
    auto wanted = static_cast<uint32_t>(size < path_max ? size : path_max);
    long count = co_await host_read_link(at.device_path(), text, wanted);
    if (count > 0)
        if (long error = copy_to_user(*who.owner->space, buffer, text, count); error < 0)
            count = error;
    free_pages(text);
    co_return count;
}

// Everybody is root here, so only what even root is refused counts: writing to what is read-only,
// executing what nobody may execute.
task<long> access_at(caller& who, int directory, user_address path, uint32_t mode, uint32_t flags) {
    if (mode & ~(access_read | access_write | access_execute))
        co_return -EINVAL;
    if (flags & ~static_cast<uint32_t>(0x200 | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        co_return -EINVAL;
    named_place at;
    if (long error = at.load(who, directory, path, flags & AT_EMPTY_PATH); error < 0)
        co_return error;
    file_attributes found;
    bool on_host = false;
    if (at.is_empty()) {
        if (long error = co_await attributes_of_descriptor(who, directory, found); error < 0)
            co_return error;
    } else {
        bool no_follow = flags & AT_SYMLINK_NOFOLLOW;
        {
            lock_guard guard(names.lock);
            if (long error = at.resolve(follow_unless(no_follow)); error < 0)
                co_return error;
            on_host = at.walk.is_host;
            if (!on_host)
                if (long error = tree_attributes(at.walk, found); error < 0 && error != must_wait)
                    co_return error;
        }
        if (at.walk.leads_to_object) {
            if (long error = co_await object_attributes(who, at.walk, found); error < 0)
                co_return error;
        }
        if (on_host)
            if (long error = co_await host_attributes(ASYSCALL_HANDLE_EXPORT, at.device_path(),
                                                      no_follow ? AT_SYMLINK_NOFOLLOW : 0, found);
                error < 0)
                co_return error;
    }
    if ((mode & access_write) && on_host && asyscall_device::get()->has(ASYSCALL_F_EXPORT_READONLY))
        co_return -EROFS;
    bool is_directory = (found.mode & mode_type_mask) == mode_directory;
    if ((mode & access_execute) && !is_directory && !(found.mode & 0111))
        co_return -EACCES;
    co_return 0;
}

task<long> make_directory_at(caller& who, int directory, user_address path, uint32_t mode) {
    named_place at;
    if (long error = at.load(who, directory, path); error < 0)
        co_return error;
    mode &= 01777 & ~who.owner->file_mode_mask;
    {
        lock_guard guard(names.lock);
        if (long error = at.resolve(0); error < 0)
            co_return error;
        if (at.walk.is_synthetic)
            co_return synthetic_change(at.walk, -EEXIST);
        if (!at.walk.is_host)
            co_return names.tree.make_directory(at.walk, mode);
    }
    co_return co_await host_make_directory(at.device_path(), mode);
}

task<long> unlink_at(caller& who, int directory, user_address path, uint32_t flags) {
    if (flags & ~static_cast<uint32_t>(AT_REMOVEDIR))
        co_return -EINVAL;
    named_place at;
    if (long error = at.load(who, directory, path); error < 0)
        co_return error;
    {
        lock_guard guard(names.lock);
        if (long error = at.resolve(0); error < 0)
            co_return error;
        if (at.walk.is_synthetic)
            co_return synthetic_change(at.walk, at.walk.name.empty() ? -EBUSY : -EPERM);
        if (!at.walk.is_host) {
            long error = flags & AT_REMOVEDIR ? names.tree.remove_directory(at.walk)
                                              : names.tree.unlink(at.walk);
            bool last = error == 0 && at.walk.node->links == 0 && at.walk.node->ref_count() == 1;
            guard.unlock();
            if (last)
                at.walk.node->empty();
            co_return error;
        }
    }
    if (at.walk.host_path.empty())
        co_return flags& AT_REMOVEDIR ? -EBUSY : -EISDIR;
    co_return co_await host_unlink(at.device_path(), flags);
}

task<long> rename_at(caller& who, int from_directory, user_address from, int to_directory,
                     user_address to, uint32_t flags) {
    if (flags & ~static_cast<uint32_t>(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
        co_return -EINVAL;
    named_place old_place;
    named_place new_place;
    if (long error = old_place.load(who, from_directory, from); error < 0)
        co_return error;
    if (long error = new_place.load(who, to_directory, to); error < 0)
        co_return error;
    {
        lock_guard guard(names.lock);
        if (long error = old_place.resolve(0); error < 0)
            co_return error;
        if (long error = new_place.resolve(0); error < 0)
            co_return error;
        if (old_place.walk.is_host != new_place.walk.is_host ||
            old_place.walk.is_synthetic != new_place.walk.is_synthetic)
            co_return -EXDEV;
        if (old_place.walk.is_synthetic)
            co_return synthetic_change(old_place.walk, -EPERM);
        if (!old_place.walk.is_host) {
            if (flags & ~static_cast<uint32_t>(RENAME_NOREPLACE))
                co_return -EINVAL; // as file systems answer that can't exchange
            co_return names.tree.rename(old_place.walk, new_place.walk, flags & RENAME_NOREPLACE);
        }
    }
    if (old_place.walk.host_path.empty() || new_place.walk.host_path.empty())
        co_return -EBUSY;
    co_return co_await host_rename(old_place.device_path(), new_place.device_path(), flags);
}

task<long> link_at(caller& who, int from_directory, user_address from, int to_directory,
                   user_address to, uint32_t flags) {
    if (flags & ~static_cast<uint32_t>(AT_SYMLINK_FOLLOW))
        co_return -EINVAL;
    named_place existing;
    named_place made;
    if (long error = existing.load(who, from_directory, from); error < 0)
        co_return error;
    if (long error = made.load(who, to_directory, to); error < 0)
        co_return error;
    lock_guard guard(names.lock);
    if (long error = existing.resolve(flags & AT_SYMLINK_FOLLOW ? path_walk::follow : 0); error < 0)
        co_return error;
    if (long error = made.resolve(0); error < 0)
        co_return error;
    if (existing.walk.is_host != made.walk.is_host ||
        existing.walk.is_synthetic != made.walk.is_synthetic)
        co_return -EXDEV;
    if (existing.walk.is_synthetic)
        co_return synthetic_change(existing.walk, -EPERM);
    if (existing.walk.is_host)
        co_return -EPERM; // the device makes no links: they could lead out of the export
    if (!existing.walk.node)
        co_return -ENOENT;
    co_return names.tree.link(existing.walk, made.walk);
}

task<long> symlink_at(caller& who, user_address target, int directory, user_address path) {
    named_place at;
    if (long error = at.load(who, directory, path); error < 0)
        co_return error;
    auto* text = static_cast<char*>(allocate_page());
    if (!text)
        co_return -ENOMEM;
    long result = user_string(*who.owner->space, text, target, path_max);
    if (result >= 0) {
        size_t size = static_cast<size_t>(result);
        lock_guard guard(names.lock);
        result = at.resolve(0);
        if (result == 0 && at.walk.is_synthetic)
            result = synthetic_change(at.walk, -EEXIST);
        else if (result == 0)
            result = at.walk.is_host ? -EPERM : names.tree.make_symlink(at.walk, {text, size});
    }
    free_pages(text);
    co_return result;
}

task<long> change_directory(caller& who, user_address path) {
    named_place at;
    if (long error = at.load(who, AT_FDCWD, path); error < 0)
        co_return error;
    path_place place;
    {
        lock_guard guard(names.lock);
        if (long error = at.resolve(path_walk::follow); error < 0)
            co_return error;
        if (!at.walk.node)
            co_return -ENOENT;
        if (!at.walk.is_directory())
            co_return -ENOTDIR;
        place.node = at.walk.node;
    }
    if (at.walk.is_host) {
        file_attributes found;
        if (long error =
                co_await host_attributes(ASYSCALL_HANDLE_EXPORT, at.device_path(), 0, found);
            error < 0)
            co_return error;
        if ((found.mode & mode_type_mask) != mode_directory)
            co_return -ENOTDIR;
        place.host_path = host_place(at.device_path());
        if (!place.host_path)
            co_return -ENOMEM;
    }
    who.owner->files->set_working_directory(std::move(place));
    co_return 0;
}

task<long> set_times_at(caller& who, int directory, user_address path, user_address times,
                        uint32_t flags) {
    if (flags & ~static_cast<uint32_t>(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        co_return -EINVAL;
    constexpr int64_t time_now = 0x3fffffff; // UTIME_NOW, UTIME_OMIT
    constexpr int64_t time_omit = 0x3ffffffe;
    struct {
        int64_t seconds, nanoseconds;
    } given[2] = {{0, time_now}, {0, time_now}};
    if (times)
        if (long error = read_user(*who.owner->space, given, times); error < 0)
            co_return error;
    file_time value[2];
    const file_time* change[2] = {};
    for (int i = 0; i < 2; i++) {
        if (given[i].nanoseconds == time_omit)
            continue;
        if (given[i].nanoseconds == time_now)
            value[i] = current_file_time();
        else if (given[i].nanoseconds < 0 || given[i].nanoseconds > 999'999'999)
            co_return -EINVAL;
        else
            value[i] = {given[i].seconds, static_cast<uint32_t>(given[i].nanoseconds)};
        change[i] = &value[i];
    }
    // futimens is utimensat with no path at all.
    if (path == 0) {
        ref<file> f = who.owner->files->get(static_cast<uint64_t>(static_cast<int64_t>(directory)));
        co_return f ? f->set_times(change[0], change[1]) : -EBADF;
    }
    named_place at;
    if (long error = at.load(who, directory, path); error < 0)
        co_return error;
    lock_guard guard(names.lock);
    if (long error = at.resolve(follow_unless(flags & AT_SYMLINK_NOFOLLOW)); error < 0)
        co_return error;
    if (at.walk.is_host)
        co_return -EPERM;
    if (!at.walk.node)
        co_return -ENOENT;
    if (at.walk.is_synthetic)
        co_return -EPERM;
    if (change[0])
        at.walk.node->accessed = value[0];
    if (change[1])
        at.walk.node->modified = value[1];
    at.walk.node->changed = current_file_time();
    co_return 0;
}

task<long> change_mode_at(caller& who, int directory, user_address path, uint32_t mode) {
    named_place at;
    if (long error = at.load(who, directory, path); error < 0)
        co_return error;
    lock_guard guard(names.lock);
    if (long error = at.resolve(path_walk::follow); error < 0)
        co_return error;
    if (at.walk.is_host)
        co_return -EPERM;
    if (!at.walk.node)
        co_return -ENOENT;
    if (at.walk.is_synthetic)
        co_return -EPERM;
    at.walk.node->permissions = mode & mode_permissions;
    at.walk.node->changed = current_file_time();
    co_return 0;
}

} // namespace kernel
