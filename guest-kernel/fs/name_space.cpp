// SPDX-License-Identifier: BSD-2-Clause
#include "fs/name_space.h"

#include <linux/fcntl.h>
#include <linux/fs.h>
#include <new>
#include <utility>

#include "drivers/asyscall.h"
#include "fs/devices.h"
#include "fs/file_system.h"
#include "fs/host_file.h"
#include "fs/tree_file.h"
#include "lib/print.h"

namespace kernel {

name_space names;

file_time current_file_time() {
    nanoseconds since_boot = now();
    return {static_cast<int64_t>(since_boot / 1'000'000'000),
            static_cast<uint32_t>(since_boot % 1'000'000'000)};
}

const char* name_space::initialise(const void* initramfs, size_t size) {
    lock_guard guard(names.lock);
    tmpfs& tree = names.tree;
    if (!tree.initialise())
        return "no memory for the root directory";
    if (size > 0) {
        long error = tree.populate(initramfs, size);
        if (error == -ENOMEM)
            return "no memory for the initramfs";
        if (error < 0)
            print("initramfs: damaged; what comes before the damage is used\n");
    }
    for (const char* path : {"/dev", "/tmp"})
        if (long error = tree.make_directory(path, path[1] == 't' ? 01777 : 0755);
            error < 0 && error != -EEXIST)
            return "no memory for the first directories";
    for (const device_name& device : device_names)
        if (long error = tree.make_device(device.path, 0666, device.major, device.minor);
            error < 0 && error != -EEXIST)
            return "no memory for the devices";
    for (const file_system& f : registered_file_systems()) {
        tmpfs_directory* at = nullptr;
        if (tree.make_mount_point(f.mount_point, at) == 0)
            at->covered_by = f.make_root(at);
        if (!at || !at->covered_by)
            return "can't mount a file system of the kernel's own";
        for (const file_system::link& link : f.links)
            if (tree.make_symlink(link.path, link.target) == -ENOMEM)
                return "no memory for the links into a file system";
    }
    auto* device = asyscall_device::get();
    if (device && device->has(ASYSCALL_F_EXPORT) && tree.make_mount(host_mount) < 0)
        return "can't mount the host's directory";
    return nullptr;
}

// named_place

named_place::~named_place() {
    if (text_)
        free_pages(text_);
}

long named_place::find_start(caller& who, int directory) {
    walk.who = &who;
    if (*text_ == '/')
        return 0;
    fd_table& files = *who.owner->files;
    if (directory == AT_FDCWD) {
        start_ = files.working_directory();
    } else {
        ref<file> base = files.get(static_cast<uint64_t>(static_cast<int64_t>(directory)));
        if (!base)
            return -EBADF;
        if (!base->directory_place(start_))
            return -ENOTDIR;
    }
    return 0;
}

long named_place::load(caller& who, int directory, user_address path, bool may_be_empty) {
    static_assert(path_max <= page_size);
    text_ = static_cast<char*>(allocate_page());
    if (!text_)
        return -ENOMEM;
    long length = user_string(*who.owner->space, text_, path, path_max);
    if (length < 0)
        return length;
    if (length == 0)
        return may_be_empty ? 0 : -ENOENT;
    return find_start(who, directory);
}

long named_place::load(caller& who, std::string_view path) {
    if (path.size() >= path_max)
        return -ENAMETOOLONG;
    text_ = static_cast<char*>(allocate_page());
    if (!text_)
        return -ENOMEM;
    __builtin_memcpy(text_, path.data(), path.size());
    text_[path.size()] = '\0';
    return path.empty() ? -ENOENT : find_start(who, AT_FDCWD);
}

// Opening

namespace {

constexpr uint32_t known_open_flags = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND |
                                      O_NONBLOCK | O_DSYNC | O_SYNC | O_DIRECT | O_LARGEFILE |
                                      O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH;

long open_synthetic(synthetic_node& node, bool leads_to_object, uint32_t flags, ref<file>& opened) {
    if (node.is_link() && !leads_to_object) // O_NOFOLLOW
        return flags & O_PATH ? node.open(flags, opened) : -ELOOP;
    if ((flags & O_DIRECTORY) && !node.is_directory())
        return -ENOTDIR;
    if (!leads_to_object)
        return node.open(flags, opened);
    ref<file> object = node.object();
    return object ? object->reopen(flags & ~uint32_t(O_CREAT | O_EXCL), opened) : -ENOENT;
}

// With names.lock held. The name comes last: a call that fails has made no file.
long make_and_open(caller& who, named_place& at, uint32_t flags, uint32_t mode, ref<file>& opened) {
    ref<inode> node = tmpfs::new_file(mode);
    if (!node)
        return -ENOMEM;
    ref<tmpfs_directory> parent = at.walk.parent;
    long error = open_node(node, std::move(parent), flags & ~uint32_t(O_TRUNC), who.owner, opened);
    if (error == 0)
        error = names.tree.name_file(at.walk, std::move(node));
    return error;
}

task<long> open_loaded(caller& who, named_place& at, uint32_t flags, uint32_t mode,
                       ref<file>& opened) {
    mode &= mode_permissions & ~who.owner->file_mode_mask;
    bool may_follow = !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
    ref<inode> node;
    ref<tmpfs_directory> parent;
    {
        lock_guard guard(names.lock);
        if (long error = at.resolve(may_follow ? path_walk::follow : 0); error < 0)
            co_return error;
        node = at.walk.node;
        parent = at.walk.parent;
        if (!at.walk.is_host) {
            if (!node && !(flags & O_CREAT))
                co_return -ENOENT;
            if (node && (flags & O_CREAT) && (flags & O_EXCL))
                co_return -EEXIST;
            if (!node && at.walk.is_synthetic)
                co_return -ENOENT;
            if (!node)
                co_return make_and_open(who, at, flags, mode, opened);
        }
    }
    if (at.walk.is_host) {
        path_place place;
        place.node = std::move(node);
        co_return co_await host_open(std::move(place), at.device_path(), flags, mode, opened);
    }
    if (at.walk.is_synthetic)
        co_return open_synthetic(static_cast<synthetic_node&>(*node), at.walk.leads_to_object,
                                 flags, opened);
    co_return open_node(std::move(node), std::move(parent), flags, who.owner, opened);
}

} // namespace

task<long> open_at(caller& who, int directory, user_address path, uint64_t flags, uint32_t mode) {
    // Linux ignores flags that it doesn't know in open and openat.
    auto known = static_cast<uint32_t>(flags) & known_open_flags;
    if (known & O_PATH)
        known &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if ((flags & __O_TMPFILE) == __O_TMPFILE)
        co_return -EOPNOTSUPP;
    named_place at;
    if (long error = at.load(who, directory, path); error < 0)
        co_return error;
    // Before there is anything that its failure would leave behind: a file that was made.
    fd_table& files = *who.owner->files;
    long fd = files.reserve(known & O_CLOEXEC);
    if (fd < 0)
        co_return fd;
    ref<file> opened;
    if (long error = co_await open_loaded(who, at, known, mode, opened); error < 0) {
        files.give_up(static_cast<uint32_t>(fd));
        co_return error;
    }
    bool in_map = opened->device().rights != 0;
    files.fill(static_cast<uint32_t>(fd), std::move(opened));
    if (in_map && files.has_rings())
        co_await files.publish(static_cast<uint64_t>(fd));
    co_return fd;
}

task<long> open_path(caller& who, std::string_view path, uint32_t flags, ref<file>& opened) {
    named_place at;
    if (long error = at.load(who, path); error < 0)
        co_return error;
    co_return co_await open_loaded(who, at, flags, 0, opened);
}

namespace {

task<long> check_executable(caller& who, file& opened) {
    file_attributes attributes;
    long error = opened.attributes(attributes);
    if (error == must_wait)
        error = co_await opened.attributes_later(who, attributes);
    if (error < 0)
        co_return error;
    bool executable =
        (attributes.mode & mode_type_mask) == mode_regular && (attributes.mode & 0111);
    co_return executable ? 0 : -EACCES;
}

} // namespace

task<long> open_program(caller& who, int directory, user_address path, uint32_t flags,
                        ref<file>& opened) {
    if (flags & ~static_cast<uint32_t>(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        co_return -EINVAL;
    named_place at;
    if (long error = at.load(who, directory, path, flags & AT_EMPTY_PATH); error < 0)
        co_return error;
    if (at.is_empty()) {
        opened = who.owner->files->get(static_cast<uint64_t>(static_cast<int64_t>(directory)));
        if (!opened)
            co_return -EBADF;
    } else {
        uint32_t how = O_RDONLY | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0);
        if (long error = co_await open_loaded(who, at, how, 0, opened); error < 0)
            co_return error;
    }
    co_return co_await check_executable(who, *opened);
}

task<long> open_interpreter(caller& who, std::string_view path, ref<file>& opened) {
    if (long error = co_await open_path(who, path, O_RDONLY, opened); error < 0)
        co_return error;
    co_return co_await check_executable(who, *opened);
}

task<long> truncate_path(caller& who, user_address path, uint64_t size) {
    named_place at;
    if (long error = at.load(who, AT_FDCWD, path); error < 0)
        co_return error;
    ref<file> opened;
    if (long error = co_await open_loaded(who, at, O_WRONLY, 0, opened); error < 0)
        co_return error;
    long error = opened->truncate(size);
    if (error == must_wait)
        error = co_await opened->truncate_later(who, size);
    co_return error;
}

namespace {

// Writes path components, or several at once, from the end of a page towards its start.
class path_builder {
  public:
    explicit path_builder(char* page)
        : page_(page)
        , at_(page_size - 1) {
        page_[at_] = '\0';
    }

    bool prepend(std::string_view name) {
        if (name.size() + 1 > at_)
            return false;
        at_ -= name.size();
        __builtin_memcpy(page_ + at_, name.data(), name.size());
        page_[--at_] = '/';
        return true;
    }
    std::string_view text() {
        if (at_ == page_size - 1)
            page_[--at_] = '/';
        return {page_ + at_, page_size - 1 - at_};
    }

  private:
    char* const page_;
    size_t at_;
};

} // namespace

namespace {

// With names.lock held.
long build_path(const path_place& place, path_builder& out) {
    if (!place.host_text().empty() && !out.prepend(place.host_text()))
        return -ENAMETOOLONG;
    const inode* at = place.node ? place.node.get() : names.tree.root();
    ref<inode> synthetic;
    while (at->kind() == inode_kind::synthetic) {
        auto* node = static_cast<const synthetic_node*>(at);
        ref<synthetic_node> parent = node->parent();
        if (!parent) {
            at = node->covers();
            break;
        }
        char name[name_max];
        if (!out.prepend({name, node->name(name)}))
            return -ENAMETOOLONG;
        synthetic = std::move(parent);
        at = synthetic.get();
    }
    while (at != names.tree.root()) {
        const tmpfs_directory* parent = static_cast<const tmpfs_directory*>(at)->parent();
        if (!parent)
            return -ENOENT;
        if (!out.prepend(parent->name_of(at)))
            return -ENAMETOOLONG;
        at = parent;
    }
    return 0;
}

} // namespace

long path_of(const path_place& place, char* buffer, std::string_view& path) {
    path_builder out(buffer);
    lock_guard guard(names.lock);
    if (long error = build_path(place, out); error < 0)
        return error;
    path = out.text();
    return 0;
}

ref<shared_text> path_text_locked(const path_place& place) {
    auto* page = static_cast<char*>(allocate_page());
    if (!page)
        return {};
    path_builder out(page);
    ref<shared_text> text;
    if (build_path(place, out) == 0)
        text = shared_text::make(out.text());
    free_pages(page);
    return text;
}

ref<shared_text> path_text(const path_place& place) {
    lock_guard guard(names.lock);
    return path_text_locked(place);
}

task<long> read_at(caller& who, file& f, void* to, size_t size, uint64_t offset) {
    user_buffers memory(to, size);
    long got = f.read(memory, static_cast<int64_t>(offset));
    if (got == must_wait)
        got = co_await f.read_later(who, std::move(memory), static_cast<int64_t>(offset));
    co_return got;
}

task<long> file_contents(caller& who, ref<file> f, ref<memory_object>& contents) {
    file_attributes attributes;
    long error = f->attributes(attributes);
    if (error == must_wait)
        error = co_await f->attributes_later(who, attributes);
    if (error < 0)
        co_return error;
    if ((attributes.mode & mode_type_mask) != mode_regular)
        co_return -EACCES;
    ref<shared_text> name = f->describe();
    if (const uint8_t* image = f->contents_in_place()) {
        contents = memory_object::in_place(image, attributes.size);
        if (!contents)
            co_return -ENOMEM;
        contents->name = std::move(name);
        co_return 0;
    }
    ref<memory_object> made = memory_object::of_pages(attributes.size);
    if (!made)
        co_return -ENOMEM;
    for (size_t done = 0; done < made->size();) {
        size_t in_page = done % page_size;
        size_t room = page_size - in_page;
        size_t wanted = made->size() - done < room ? made->size() - done : room;
        long got = co_await read_at(who, *f, made->page(done / page_size) + in_page, wanted, done);
        if (got < 0)
            co_return got;
        if (got == 0)
            made->shorten(done); // it has become shorter meanwhile
        done += static_cast<size_t>(got);
    }
    made->name = std::move(name);
    contents = std::move(made);
    co_return 0;
}

} // namespace kernel
