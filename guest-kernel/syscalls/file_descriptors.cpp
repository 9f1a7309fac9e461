// SPDX-License-Identifier: BSD-2-Clause
//
// Descriptors: close, dup, fcntl, flock, pipe2, eventfd2, memfd_create, ioctl. A change to what a
// descriptor stands for is published to the rings of the process before the call returns
// (fs/fd_table.h).
#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <utility>

#include "fs/fd_table.h"
#include "fs/file_lock.h"
#include "fs/pipe.h"
#include "fs/tree_file.h"
#include "process/process.h"
#include "syscalls/file_calls.h"

namespace kernel::call {

namespace {

fd_table& files_of(caller& who) {
    return *who.owner->files;
}

bool needs_publish(caller& who, const ref<file>& f) {
    return f && files_of(who).has_rings() && f->device().rights != 0;
}

// Publishes that `fd` no longer stands for `f`. If that can't be done the file stays open: its
// handle must not be given to another file while a ring can still name it.
task<long> retire(caller& who, uint64_t fd, ref<file> f) {
    if (needs_publish(who, f)) { // nested: GCC 12 miscompiles && with co_await on its right
        if (long error = co_await files_of(who).publish(fd); error < 0)
            f.release();
    }
    co_return 0;
}

} // namespace

long close(caller& who, uint64_t fd) {
    fd_table& files = files_of(who);
    if (files.has_rings() && needs_publish(who, files.get(fd)))
        return must_wait;
    ref<file> closed = files.remove(fd);
    if (!closed)
        return -EBADF;
    if (closed->ref_count() == 1)
        closed->before_end();
    return 0;
}

task<long> close_later(caller& who, uint64_t fd) {
    ref<file> f = files_of(who).remove(fd);
    if (!f)
        co_return -EBADF;
    co_return co_await retire(who, fd, std::move(f));
}

namespace {

long duplicate(caller& who, uint64_t fd, uint64_t from, bool close_on_exec) {
    ref<file> f = files_of(who).get(fd);
    if (!f)
        return -EBADF;
    if (needs_publish(who, f))
        return must_wait;
    return files_of(who).install(std::move(f), close_on_exec, from);
}

task<long> duplicate_later(caller& who, uint64_t fd, uint64_t from, bool close_on_exec) {
    ref<file> f = files_of(who).get(fd);
    if (!f)
        co_return -EBADF;
    long made = files_of(who).install(std::move(f), close_on_exec, from);
    if (made >= 0)
        co_await files_of(who).publish(static_cast<uint64_t>(made));
    co_return made;
}

} // namespace

long dup(caller& who, uint64_t fd) {
    return duplicate(who, fd, 0, false);
}
task<long> dup_later(caller& who, uint64_t fd) {
    return duplicate_later(who, fd, 0, false);
}

long dup3(caller& who, uint64_t old_fd, uint64_t new_fd, uint64_t flags) {
    if (flags & ~static_cast<uint64_t>(O_CLOEXEC))
        return -EINVAL;
    if (old_fd == new_fd)
        return -EINVAL;
    if (files_of(who).has_rings())
        return must_wait;
    ref<file> f = files_of(who).get(old_fd);
    if (!f)
        return -EBADF;
    ref<file> replaced;
    return files_of(who).install_at(new_fd, std::move(f), flags & O_CLOEXEC, replaced);
}

task<long> dup3_later(caller& who, uint64_t old_fd, uint64_t new_fd, uint64_t flags) {
    ref<file> f = files_of(who).get(old_fd);
    if (!f)
        co_return -EBADF;
    bool is_served = f->device().rights != 0;
    ref<file> replaced;
    long made = files_of(who).install_at(new_fd, std::move(f), flags & O_CLOEXEC, replaced);
    if (made < 0)
        co_return made;
    if (replaced && replaced->device().rights != 0)
        co_await retire(who, new_fd, std::move(replaced));
    else if (is_served)
        co_await files_of(who).publish(new_fd);
    co_return made;
}

namespace {

constexpr uint32_t flags_to_set = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME;

task<long> set_flags_later(caller& who, uint64_t fd, uint32_t changeable, uint32_t values) {
    ref<file> f = files_of(who).get(fd);
    if (!f)
        co_return -EBADF;
    f->set_flags(changeable, values);
    co_return co_await f->tell_flags();
}

} // namespace

long fcntl(caller& who, uint64_t fd, uint64_t command, uint64_t argument) {
    fd_table& files = files_of(who);
    ref<file> f = files.get(fd);
    if (!f)
        return -EBADF;
    switch (command) {
    case F_DUPFD:
        return duplicate(who, fd, argument, false);
    case F_DUPFD_CLOEXEC:
        return duplicate(who, fd, argument, true);
    case F_GETFD: {
        long on = files.close_on_exec(fd);
        return on > 0 ? FD_CLOEXEC : on;
    }
    case F_SETFD:
        return files.set_close_on_exec(fd, argument & FD_CLOEXEC);
    case F_GETFL:
        return f->flags() &
               ~static_cast<uint32_t>(O_CLOEXEC | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC);
    case F_SETFL:
        if (f->tells_flags())
            return must_wait;
        f->set_flags(flags_to_set, static_cast<uint32_t>(argument));
        return 0;
    case F_ADD_SEALS:
        return f->add_seals(static_cast<uint32_t>(argument));
    case F_GET_SEALS:
        return f->seals();
    default:
        return -EINVAL;
    }
}

task<long> fcntl_later(caller& who, uint64_t fd, uint64_t command, uint64_t argument) {
    if (command == F_SETFL)
        return set_flags_later(who, fd, flags_to_set, static_cast<uint32_t>(argument));
    return duplicate_later(who, fd, argument, command == F_DUPFD_CLOEXEC);
}

long ioctl(caller& who, uint64_t fd, uint64_t request, uint64_t argument) {
    ref<file> f = files_of(who).get(fd);
    if (!f || (f->flags() & O_PATH))
        return -EBADF;
    switch (static_cast<uint32_t>(request)) {
    case FIOCLEX:
        return files_of(who).set_close_on_exec(fd, true);
    case FIONCLEX:
        return files_of(who).set_close_on_exec(fd, false);
    case FIONBIO: {
        int32_t on;
        if (long error = read_user(*who.owner->space, on, argument); error < 0)
            return error;
        if (f->tells_flags())
            return must_wait;
        f->set_flags(O_NONBLOCK, on ? O_NONBLOCK : 0);
        return 0;
    }
    default:
        return f->control(*who.owner->space, static_cast<uint32_t>(request), argument);
    }
}

task<long> ioctl_later(caller& who, uint64_t fd, uint64_t request, uint64_t argument) {
    ref<file> f = files_of(who).get(fd);
    if (!f || (f->flags() & O_PATH))
        co_return -EBADF;
    if (static_cast<uint32_t>(request) == FIONBIO) {
        int32_t on;
        if (long error = read_user(*who.owner->space, on, argument); error < 0)
            co_return error;
        co_return co_await set_flags_later(who, fd, O_NONBLOCK, on ? O_NONBLOCK : 0);
    }
    co_return co_await f->control_later(who, static_cast<uint32_t>(request), argument);
}

long pipe2(caller& who, uint64_t out, uint64_t flags) {
    if (flags & ~static_cast<uint64_t>(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    fd_table& files = files_of(who);
    ref<file> reader;
    ref<file> writer;
    if (long error = make_pipe(static_cast<uint32_t>(flags), reader, writer); error < 0)
        return error;
    int32_t fds[2];
    long first = files.install(std::move(reader), flags & O_CLOEXEC);
    if (first < 0)
        return first;
    long second = files.install(std::move(writer), flags & O_CLOEXEC);
    long error = second < 0 ? second : 0;
    if (error == 0) {
        fds[0] = static_cast<int32_t>(first);
        fds[1] = static_cast<int32_t>(second);
        error = write_user(*who.owner->space, out, fds);
    }
    if (error < 0) {
        files.remove(static_cast<uint64_t>(first));
        if (second >= 0)
            files.remove(static_cast<uint64_t>(second));
    }
    return error;
}

long eventfd2(caller& who, uint64_t initial, uint64_t flags) {
    ref<file> made;
    if (long error =
            make_eventfd(static_cast<uint32_t>(initial), static_cast<uint32_t>(flags), made);
        error < 0)
        return error;
    return files_of(who).install(std::move(made), flags & O_CLOEXEC);
}

long memfd_create(caller& who, uint64_t name_at, uint64_t flags) {
    constexpr uint64_t close_on_exec = 1, allow_sealing = 2, no_exec_seal = 8, exec = 16; // MFD_
    char name[250]; // nobody shows it, but a bad one is an error
    if (flags & ~(close_on_exec | allow_sealing | no_exec_seal | exec))
        return -EINVAL;
    if (long length = user_string(*who.owner->space, name, name_at, sizeof name); length < 0)
        return length == -ENAMETOOLONG ? -EINVAL : length;
    ref<file> made;
    if (long error = make_memory_file(O_RDWR | O_LARGEFILE, flags & allow_sealing, made); error < 0)
        return error;
    return files_of(who).install(std::move(made), flags & close_on_exec);
}

task<long> flock(caller& who, uint64_t fd, uint64_t operation) {
    ref<file> f = files_of(who).get(fd);
    if (!f || (f->flags() & O_PATH))
        co_return -EBADF;
    switch (operation & ~uint64_t(LOCK_NB)) {
    case LOCK_SH:
    case LOCK_EX:
        break;
    case LOCK_UN:
        release_file_lock(*f);
        co_return 0;
    default:
        co_return -EINVAL;
    }
    file_attributes known;
    long error = f->attributes(known);
    if (error == must_wait)
        error = co_await f->attributes_later(who, known);
    if (error < 0)
        co_return error;
    co_return co_await take_file_lock(who, *f, known, operation & LOCK_EX, !(operation & LOCK_NB));
}

} // namespace kernel::call
