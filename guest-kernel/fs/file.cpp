// SPDX-License-Identifier: BSD-2-Clause
//
// What an open file answers when its kind doesn't say otherwise.
#include "fs/file.h"

#include <asm/poll.h>
#include <linux/fcntl.h>

#include "fs/devices.h"
#include "lib/print.h"

namespace kernel {

void file::set_flags(uint32_t changeable, uint32_t values) {
    uint32_t old = flags();
    while (!flags_.compare_exchange_weak(old, (old & ~changeable) | (values & changeable),
                                         std::memory_order_relaxed))
        ;
}

bool file::readable() const {
    return !(flags() & O_PATH) && (flags() & O_ACCMODE) != O_WRONLY;
}

bool file::writable() const {
    return !(flags() & O_PATH) && (flags() & O_ACCMODE) != O_RDONLY;
}

bool file::nonblocking() const {
    return flags() & O_NONBLOCK;
}

long file::read(user_buffers&, int64_t) {
    return -EINVAL;
}
long file::write(user_buffers&, int64_t) {
    return -EINVAL;
}
long file::seek(int64_t, int) {
    return -ESPIPE;
}
long file::truncate(uint64_t) {
    return -EINVAL;
}
long file::seals() {
    return -EINVAL;
}
long file::add_seals(uint32_t) {
    return -EINVAL;
}
long file::sync(bool) {
    return -EINVAL;
}
long file::set_mode(uint32_t) {
    return -EPERM;
}
long file::set_times(const file_time*, const file_time*) {
    return -EPERM;
}
long file::read_directory(user_buffers&) {
    return -ENOTDIR;
}
result<ref<page_object>> file::shared_pages() {
    return result<ref<page_object>>::failure(-ENODEV);
}
long file::control(address_space&, uint64_t, uint64_t) {
    return -ENOTTY;
}

long file::reopen(uint32_t flags, ref<file>& made) {
    file_attributes found;
    if (attributes(found) != 0)
        return -ENXIO;
    uint32_t type = found.mode & mode_type_mask;
    if (type != mode_fifo && type != mode_character)
        return -ENXIO;
    uint32_t access = flags & O_ACCMODE;
    if ((access != O_WRONLY && !readable()) || (access != O_RDONLY && !writable()))
        return -EACCES;
    made = ref<file>(this);
    return 0;
}

ref<shared_text> file::describe() {
    file_attributes found;
    if (attributes(found) != 0)
        return shared_text::make("anon_inode:[file]");
    char text[40];
    const char* kind = "anon_inode";
    switch (found.mode & mode_type_mask) {
    case mode_character:
        for (const device_name& d : device_names)
            if (found.device_id == (d.major << 8 | d.minor))
                return shared_text::make(d.path);
        break;
    case mode_fifo:
        kind = "pipe";
        break;
    case mode_socket:
        kind = "socket";
        break;
    }
    int size = format_to(text, sizeof text, "%s:[%lu]", kind, found.inode);
    return shared_text::make({text, size_t(size)});
}

// A kind that answers must_wait overrides the task too; these are never reached otherwise.
task<long> file::read_later(caller&, user_buffers, int64_t) {
    co_return -EINVAL;
}
task<long> file::write_later(caller&, user_buffers, int64_t) {
    co_return -EINVAL;
}
task<long> file::seek_later(caller&, int64_t, int) {
    co_return -EINVAL;
}
task<long> file::attributes_later(caller&, file_attributes&) {
    co_return -EINVAL;
}
task<long> file::truncate_later(caller&, uint64_t) {
    co_return -EINVAL;
}
task<long> file::sync_later(caller&, bool) {
    co_return -EINVAL;
}
task<long> file::tell_flags() {
    co_return 0;
}
task<long> file::control_later(caller&, uint64_t, uint64_t) {
    co_return -ENOTTY;
}
task<long> file::read_directory_later(caller&, user_buffers) {
    co_return -EINVAL;
}

uint32_t file::poll() {
    return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
}

void file::poll_queues(wait_queue*& readable, wait_queue*& writable) {
    readable = writable = nullptr;
}

bool file::directory_place(path_place&) {
    return false;
}

} // namespace kernel
