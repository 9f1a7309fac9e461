// SPDX-License-Identifier: BSD-2-Clause
//
// read, write and their variants: all are move_data.
#include <linux/fs.h>
#include <utility>

#include "fs/fd_table.h"
#include "process/thread.h"
#include "syscalls/file_calls.h"

namespace kernel::call {

namespace {

// Finds the file and the memory; `t.offset` becomes what the file takes.
long prepare(caller& who, transfer& t, ref<file>& f, user_buffers& buffers) {
    f = who.owner->files->get(t.fd);
    if (!f || !(t.is_write ? f->writable() : f->readable()))
        return -EBADF;
    address_space& space = *who.owner->space;
    if (t.is_vector)
        return buffers.load(space, t.buffer, t.size);
    if (static_cast<int64_t>(t.size) < 0)
        return -EINVAL;
    buffers = user_buffers(space, t.buffer, t.size);
    return 0;
}

// pread and its like name a place, which only some files have.
long check_offset(caller& who, uint64_t fd, uint64_t offset) {
    if (static_cast<int64_t>(offset) < 0)
        return -EINVAL;
    ref<file> f = who.owner->files->get(fd);
    if (!f)
        return -EBADF;
    return f->is_seekable() ? 0 : -ESPIPE;
}

long result_of(caller& who, const transfer& t, long result) {
    if (result == -EPIPE && t.may_signal && who.as_thread) [[unlikely]]
        (void)send_signal(*who.as_thread, signal_info::from(signal_pipe, code_user, who.owner->id));
    return result;
}

transfer at_current(uint64_t fd, uint64_t buffer, uint64_t size, bool is_vector, bool is_write) {
    return {fd, buffer, size, at_position, is_vector, is_write, true};
}

transfer at_offset(uint64_t fd, uint64_t buffer, uint64_t size, uint64_t offset, bool is_vector,
                   bool is_write) {
    return {fd, buffer, size, static_cast<int64_t>(offset), is_vector, is_write, true};
}

} // namespace

long move_data(caller& who, const transfer& asked) {
    transfer t = asked;
    ref<file> f;
    user_buffers buffers;
    if (long error = prepare(who, t, f, buffers); error < 0)
        return error;
    // A ring's entry carries an offset in any case; a file without places ignores it.
    if (!f->is_seekable())
        t.offset = at_position;
    return t.is_write ? result_of(who, t, f->write(buffers, t.offset)) : f->read(buffers, t.offset);
}

task<long> move_data_later(caller& who, transfer t) {
    ref<file> f;
    user_buffers buffers;
    if (long error = prepare(who, t, f, buffers); error < 0)
        co_return error;
    if (!f->is_seekable())
        t.offset = at_position;
    // Between the two looks it may have become possible, and nonblocking files decide there.
    long done = t.is_write ? f->write(buffers, t.offset) : f->read(buffers, t.offset);
    if (done == must_wait && t.is_write)
        done = co_await f->write_later(who, std::move(buffers), t.offset);
    else if (done == must_wait)
        done = co_await f->read_later(who, std::move(buffers), t.offset);
    co_return result_of(who, t, done);
}

long read(caller& who, uint64_t fd, uint64_t buffer, uint64_t size) {
    return move_data(who, at_current(fd, buffer, size, false, false));
}
task<long> read_later(caller& who, uint64_t fd, uint64_t buffer, uint64_t size) {
    return move_data_later(who, at_current(fd, buffer, size, false, false));
}
long write(caller& who, uint64_t fd, uint64_t buffer, uint64_t size) {
    return move_data(who, at_current(fd, buffer, size, false, true));
}
task<long> write_later(caller& who, uint64_t fd, uint64_t buffer, uint64_t size) {
    return move_data_later(who, at_current(fd, buffer, size, false, true));
}
long readv(caller& who, uint64_t fd, uint64_t iovec, uint64_t count) {
    return move_data(who, at_current(fd, iovec, count, true, false));
}
task<long> readv_later(caller& who, uint64_t fd, uint64_t iovec, uint64_t count) {
    return move_data_later(who, at_current(fd, iovec, count, true, false));
}
long writev(caller& who, uint64_t fd, uint64_t iovec, uint64_t count) {
    return move_data(who, at_current(fd, iovec, count, true, true));
}
task<long> writev_later(caller& who, uint64_t fd, uint64_t iovec, uint64_t count) {
    return move_data_later(who, at_current(fd, iovec, count, true, true));
}

long pread64(caller& who, uint64_t fd, uint64_t buffer, uint64_t size, uint64_t offset) {
    if (long error = check_offset(who, fd, offset); error < 0)
        return error;
    return move_data(who, at_offset(fd, buffer, size, offset, false, false));
}
task<long> pread64_later(caller& who, uint64_t fd, uint64_t buffer, uint64_t size,
                         uint64_t offset) {
    return move_data_later(who, at_offset(fd, buffer, size, offset, false, false));
}
long pwrite64(caller& who, uint64_t fd, uint64_t buffer, uint64_t size, uint64_t offset) {
    if (long error = check_offset(who, fd, offset); error < 0)
        return error;
    return move_data(who, at_offset(fd, buffer, size, offset, false, true));
}
task<long> pwrite64_later(caller& who, uint64_t fd, uint64_t buffer, uint64_t size,
                          uint64_t offset) {
    return move_data_later(who, at_offset(fd, buffer, size, offset, false, true));
}
long preadv(caller& who, uint64_t fd, uint64_t iovec, uint64_t count, uint64_t offset) {
    if (long error = check_offset(who, fd, offset); error < 0)
        return error;
    return move_data(who, at_offset(fd, iovec, count, offset, true, false));
}
task<long> preadv_later(caller& who, uint64_t fd, uint64_t iovec, uint64_t count, uint64_t offset) {
    return move_data_later(who, at_offset(fd, iovec, count, offset, true, false));
}
long pwritev(caller& who, uint64_t fd, uint64_t iovec, uint64_t count, uint64_t offset) {
    if (long error = check_offset(who, fd, offset); error < 0)
        return error;
    return move_data(who, at_offset(fd, iovec, count, offset, true, true));
}
task<long> pwritev_later(caller& who, uint64_t fd, uint64_t iovec, uint64_t count,
                         uint64_t offset) {
    return move_data_later(who, at_offset(fd, iovec, count, offset, true, true));
}

namespace {

// An offset of -1 makes the vector calls with flags use the file's position.
bool at_own_position(uint64_t offset) {
    return static_cast<int64_t>(offset) == at_position;
}

} // namespace

long preadv2(caller& who, uint64_t fd, uint64_t iovec, uint64_t count, uint64_t offset, uint64_t,
             uint64_t flags) {
    if (static_cast<uint32_t>(flags) != 0)
        return -EOPNOTSUPP;
    return at_own_position(offset) ? readv(who, fd, iovec, count)
                                   : preadv(who, fd, iovec, count, offset);
}
task<long> preadv2_later(caller& who, uint64_t fd, uint64_t iovec, uint64_t count, uint64_t offset,
                         uint64_t, uint64_t) {
    return move_data_later(who, at_offset(fd, iovec, count, offset, true, false));
}
long pwritev2(caller& who, uint64_t fd, uint64_t iovec, uint64_t count, uint64_t offset, uint64_t,
              uint64_t flags) {
    if (static_cast<uint32_t>(flags) != 0)
        return -EOPNOTSUPP;
    return at_own_position(offset) ? writev(who, fd, iovec, count)
                                   : pwritev(who, fd, iovec, count, offset);
}
task<long> pwritev2_later(caller& who, uint64_t fd, uint64_t iovec, uint64_t count, uint64_t offset,
                          uint64_t, uint64_t) {
    return move_data_later(who, at_offset(fd, iovec, count, offset, true, true));
}

// From one file to another through a page. With `offset` (a pointer) the source's position stays
// and the offset moves; without it is the other way round.
task<long> sendfile(caller& who, uint64_t to, uint64_t from, uint64_t offset, uint64_t count) {
    fd_table& files = *who.owner->files;
    ref<file> source = files.get(from);
    ref<file> target = files.get(to);
    if (!source || !target || !source->readable() || !target->writable())
        co_return -EBADF;
    if (static_cast<int64_t>(count) < 0)
        co_return -EINVAL;
    int64_t position = at_position;
    if (offset) {
        if (!source->is_seekable())
            co_return -ESPIPE;
        if (long error = read_user(*who.owner->space, position, offset); error < 0)
            co_return error;
        if (position < 0)
            co_return -EINVAL;
    }
    auto* page = static_cast<uint8_t*>(allocate_page());
    if (!page)
        co_return -ENOMEM;
    count = count < max_transfer ? count : max_transfer;
    size_t total = 0;
    long result = 0;
    while (total < count) {
        size_t wanted = count - total < page_size ? count - total : page_size;
        user_buffers in(page, wanted);
        long got = source->read(in, position);
        if (got == must_wait)
            got = co_await source->read_later(who, std::move(in), position);
        if (got <= 0) {
            result = got;
            break;
        }
        user_buffers out(page, static_cast<size_t>(got));
        long put = target->write(out, at_position);
        if (put == must_wait)
            put = co_await target->write_later(who, std::move(out), at_position);
        if (put > 0) {
            total += static_cast<size_t>(put);
            if (position != at_position)
                position += put;
        }
        if (put < got) {
            // What was read and not written: the position goes back over it.
            if (position == at_position && source->is_seekable()) {
                int64_t back = (put > 0 ? put : 0) - got;
                if (source->seek(back, SEEK_CUR) == must_wait)
                    co_await source->seek_later(who, back, SEEK_CUR);
            }
            result = put;
            break;
        }
        if (static_cast<size_t>(got) < wanted)
            break;
    }
    free_pages(page);
    if (offset && total > 0)
        if (long error = write_user(*who.owner->space, offset, position); error < 0)
            co_return error;
    co_return total > 0 ? static_cast<long>(total) : (result < 0 ? result : 0);
}

} // namespace kernel::call
