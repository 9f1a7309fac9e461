// SPDX-License-Identifier: BSD-2-Clause
#include "fs/tmpfs_nodes.h"
#include "fs/synthetic.h"

#include <linux/fcntl.h>
#include <new>
#include <utility>

namespace kernel {

namespace {

// FNV-1a.
uint32_t hash_of(std::string_view name) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < name.size(); i++)
        hash = (hash ^ static_cast<uint8_t>(name.data()[i])) * 16777619u;
    return hash;
}

size_t lesser(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

} // namespace

uint64_t new_inode_number() {
    static uint64_t last = 0;
    return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

inode::inode(inode_kind kind, uint32_t permissions)
    : inode(kind, permissions, new_inode_number()) {}

inode::inode(inode_kind kind, uint32_t permissions, uint64_t number)
    : number(number)
    , permissions(permissions & mode_permissions)
    , kind_(kind) {
    accessed = modified = changed = current_file_time();
}

void inode::touch() {
    modified = changed = current_file_time();
}

uint32_t inode::mode() const {
    switch (kind_) {
    case inode_kind::file:
        return mode_regular | permissions;
    case inode_kind::directory:
        return mode_directory | permissions;
    case inode_kind::symlink:
        return mode_symlink | permissions;
    case inode_kind::device:
        return mode_character | permissions;
    case inode_kind::synthetic:
        return static_cast<const synthetic_node*>(this)->type() | permissions;
    }
    __builtin_unreachable();
}

file_attributes inode::attributes() const {
    file_attributes result;
    result.device = kind_ == inode_kind::synthetic ? synthetic_device : tree_device;
    result.inode = number;
    result.mode = mode();
    result.links = links;
    result.accessed = accessed;
    result.modified = modified;
    result.changed = changed;
    return result;
}

// tmpfs_file

file_attributes tmpfs_file::attributes() const {
    file_attributes result = inode::attributes();
    result.size = size_;
    result.blocks = pages_.pages() * (page_size / 512) + (image_size_ + 511) / 512;
    return result;
}

void tmpfs_file::set_image(const uint8_t* image, size_t size) {
    pages_.truncate(0);
    image_ = image;
    image_size_ = size_ = size;
}

size_t tmpfs_file::read(uint64_t offset, void* to, size_t count) const {
    if (offset >= size_)
        return 0;
    count = lesser(count, size_ - offset);
    auto* out = static_cast<uint8_t*>(to);
    for (size_t done = 0; done < count;) {
        uint64_t at = offset + done;
        size_t in_page = at % page_size;
        size_t chunk = lesser(page_size - in_page, count - done);
        if (const uint8_t* page = find_page(at / page_size)) {
            __builtin_memcpy(out + done, page + in_page, chunk);
        } else {
            size_t from_image = at < image_size_ ? lesser(chunk, image_size_ - at) : 0;
            if (from_image > 0)
                __builtin_memcpy(out + done, image_ + at, from_image);
            __builtin_memset(out + done + from_image, 0, chunk - from_image);
        }
        done += chunk;
    }
    return count;
}

// Not to be sealed, as any file that is not said to be.
tmpfs_file::tmpfs_file(uint32_t permissions)
    : inode(inode_kind::file, permissions)
    , seals_(F_SEAL_SEAL) {}

long tmpfs_file::add_seals(uint32_t more) {
    lock_guard guard(pages_lock);
    if (more & ~(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
        return -EINVAL;
    if (seals_ & F_SEAL_SEAL)
        return -EPERM;
    seals_ |= more;
    return 0;
}

uint32_t tmpfs_file::seals() const {
    lock_guard guard(pages_lock);
    return seals_;
}

uint8_t* tmpfs_file::find_page(uint64_t index) const {
    lock_guard guard(pages_lock);
    return pages_.find(index);
}

uint8_t* tmpfs_file::writable_page(uint64_t index) {
    if (uint8_t* page = pages_.find(index))
        return page;
    uint8_t* page = pages_.make(index);
    uint64_t start = index * page_size;
    if (page && start < image_size_)
        __builtin_memcpy(page, image_ + start, lesser(page_size, image_size_ - start));
    return page;
}

long tmpfs_file::write(uint64_t offset, const void* from, size_t count) {
    if (count == 0)
        return 0;
    if (offset >= file_size_max)
        return -EFBIG;
    count = lesser(count, file_size_max - offset);
    auto* in = static_cast<const uint8_t*>(from);
    size_t done = 0;
    while (done < count) {
        uint64_t at = offset + done;
        size_t in_page = at % page_size;
        size_t chunk = lesser(page_size - in_page, count - done);
        uint8_t* page;
        {
            lock_guard guard(pages_lock);
            if (at + chunk > size_ && (seals_ & F_SEAL_GROW))
                return done > 0 ? static_cast<long>(done) : -EPERM;
            page = writable_page(at / page_size);
            if (page && at + chunk > size_)
                size_ = at + chunk;
        }
        if (!page)
            break;
        __builtin_memcpy(page + in_page, in + done, chunk);
        done += chunk;
    }
    touch();
    return done > 0 ? static_cast<long>(done) : -ENOSPC;
}

long tmpfs_file::truncate(uint64_t size) {
    if (size > file_size_max)
        return -EFBIG;
    lock_guard guard(pages_lock);
    if ((size < size_ && (seals_ & F_SEAL_SHRINK)) || (size > size_ && (seals_ & F_SEAL_GROW)))
        return -EPERM;
    if (size < size_) {
        size_t in_page = size % page_size;
        uint64_t last = size / page_size;
        if (uint64_t cut; !pages_.truncate_some(last + (in_page != 0), cut)) {
            size_ = lesser(size_, cut * page_size);
            image_size_ = lesser(image_size_, size_);
            return must_go_on;
        }
        // What is cut off must read as zeros if the file grows again.
        if (in_page != 0 && pages_.find(last))
            __builtin_memset(pages_.find(last) + in_page, 0, page_size - in_page);
        image_size_ = lesser(image_size_, size);
    }
    size_ = size;
    touch();
    return 0;
}

// tmpfs_symlink and tmpfs_device

file_attributes tmpfs_symlink::attributes() const {
    file_attributes result = inode::attributes();
    result.size = target_->text().size();
    return result;
}

file_attributes tmpfs_device::attributes() const {
    file_attributes result = inode::attributes();
    // Linux's encoding of device numbers: 12 bits of major, 20 of minor, interleaved.
    result.device_id = (minor & 0xff) | uint64_t{major} << 8 | uint64_t{minor & ~0xffu} << 12;
    return result;
}

// tmpfs_directory

tmpfs_directory::~tmpfs_directory() {
    while (entry* first = oldest_) {
        oldest_ = first->next;
        first->~entry();
        ::operator delete(first);
    }
    free_buckets(old_buckets_);
    free_buckets(buckets_);
}

void tmpfs_directory::free_buckets(entry** buckets) {
    if (buckets != first_buckets_)
        ::operator delete(buckets);
}

file_attributes tmpfs_directory::attributes() const {
    file_attributes result = inode::attributes();
    result.links = removed_ ? 0 : 2 + subdirectories_;
    return result;
}

tmpfs_directory::entry* tmpfs_directory::lookup(std::string_view name, uint32_t hash) const {
    entry* found = *bucket(hash);
    while (found && !(found->hash == hash && found->text() == name))
        found = found->next_in_bucket;
    return found;
}

inode* tmpfs_directory::find(std::string_view name) const {
    entry* found = lookup(name, hash_of(name));
    return found ? found->node.get() : nullptr;
}

std::string_view tmpfs_directory::name_of(const inode* node) const {
    const entry* found = oldest_;
    while (found && found->node.get() != node)
        found = found->next;
    return found ? found->text() : std::string_view();
}

void tmpfs_directory::set_parent(tmpfs_directory* parent) {
    parent_ = ref<tmpfs_directory>(parent);
}

bool tmpfs_directory::is_within(const tmpfs_directory* ancestor) const {
    const tmpfs_directory* at = this;
    while (at && at != ancestor)
        at = at->parent();
    return at != nullptr;
}

// Without memory for another table the old one goes on serving.
void tmpfs_directory::resize(size_t count) {
    entry** table = first_buckets_;
    if (count > inline_buckets)
        table = static_cast<entry**>(::operator new(count * sizeof(entry*), std::nothrow));
    if (!table)
        return;
    old_buckets_ = std::exchange(buckets_, table);
    old_count_ = std::exchange(bucket_count_, count);
    moved_ = 0;
    if (count < old_count_)
        __builtin_memset(table, 0, count * sizeof(entry*));
}

// The names of an old bucket are in several of a larger table, where nothing else is, or in one of
// a smaller table together with others.
void tmpfs_directory::move_bucket() {
    entry* first = old_buckets_[moved_];
    for (size_t i = moved_; i < bucket_count_ && bucket_count_ > old_count_; i += old_count_)
        buckets_[i] = nullptr;
    moved_++;
    while (entry* found = first) {
        first = found->next_in_bucket;
        entry** link = &buckets_[found->hash & (bucket_count_ - 1)];
        found->next_in_bucket = *link;
        *link = found;
    }
    if (moved_ == old_count_)
        free_buckets(std::exchange(old_buckets_, nullptr));
}

void tmpfs_directory::move_some() {
    constexpr size_t at_once = 16;
    for (size_t i = 0; old_buckets_ && i < at_once; i++)
        move_bucket();
}

void tmpfs_directory::gained(inode* node) {
    if (node->kind() == inode_kind::directory) {
        static_cast<tmpfs_directory*>(node)->set_parent(this);
        subdirectories_++;
    }
    node->links++;
    node->changed = current_file_time();
}

void tmpfs_directory::lost(inode* node) {
    node->links--;
    node->changed = current_file_time();
    if (node->kind() != inode_kind::directory)
        return;
    subdirectories_--;
    auto* directory = static_cast<tmpfs_directory*>(node);
    if (directory->links == 0) {
        directory->removed_ = true;
        directory->parent_.reset();
    }
}

long tmpfs_directory::insert(std::string_view name, ref<inode> node) {
    if (removed_)
        return -ENOENT;
    uint32_t hash = hash_of(name);
    if (lookup(name, hash))
        return -EEXIST;
    void* memory = ::operator new(sizeof(entry) + name.size(), std::nothrow);
    if (!memory)
        return -ENOMEM;
    if (!old_buckets_ && entries_ >= bucket_count_ * 2)
        resize(bucket_count_ * growth);
    move_some();
    gained(node.get());
    auto* made = new (memory)
        entry{std::move(node), ++last_cookie_, *bucket(hash), nullptr, newest_, hash, name.size()};
    __builtin_memcpy(made->name(), name.data(), name.size());
    *bucket(hash) = made;
    (newest_ ? newest_->next : oldest_) = made;
    newest_ = made;
    entries_++;
    touch();
    return 0;
}

bool tmpfs_directory::remove(std::string_view name) {
    uint32_t hash = hash_of(name);
    entry* found = lookup(name, hash);
    if (!found)
        return false;
    entry** link = bucket(hash);
    while (*link != found)
        link = &(*link)->next_in_bucket;
    *link = found->next_in_bucket;
    (found->previous ? found->previous->next : oldest_) = found->next;
    (found->next ? found->next->previous : newest_) = found->previous;
    entries_--;
    if (given_last_ == found)
        given_last_ = found->previous;
    lost(found->node.get());
    found->~entry();
    ::operator delete(found);
    // A directory that was full once does not keep what it needed then.
    if (!old_buckets_ && bucket_count_ > inline_buckets && entries_ < bucket_count_ / 8)
        resize(bucket_count_ / growth);
    move_some();
    touch();
    return true;
}

void tmpfs_directory::replace(std::string_view name, ref<inode> node) {
    entry* found = lookup(name, hash_of(name));
    gained(node.get());
    lost(found->node.get());
    found->node = std::move(node);
    touch();
}

const tmpfs_directory::entry* tmpfs_directory::after(uint64_t cookie) const {
    // Usually the position is the end, or near the start of a small directory.
    if (cookie >= last_cookie_)
        return nullptr;
    // Or right behind the one given last.
    const entry* found = given_last_ && given_last_->cookie <= cookie ? given_last_ : oldest_;
    while (found && found->cookie <= cookie)
        found = found->next;
    if (found)
        given_last_ = found;
    return found;
}

} // namespace kernel
