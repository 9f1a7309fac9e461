// SPDX-License-Identifier: BSD-2-Clause
//
// An open file: what descriptors refer to and dup shares.
//
// Most operations come in two shapes. The plain one does the whole thing if that is possible
// at once, and otherwise does nothing and returns must_wait; then the caller starts the task of
// the same name with `_later`, which waits. So a read from memory costs no coroutine frame,
// and the code that has to wait is written once.
#pragma once

#include <atomic>
#include <cstdint>

#include "async/task.h"
#include "async/wait_queue.h"
#include "fs/shared_text.h"
#include "fs/types.h"
#include "fs/user_buffers.h"
#include "lib/ref.h"
#include "memory/page_object.h"
#include "syscalls/syscall.h"

namespace kernel {

inline constexpr int64_t at_position = -1; // read and write: at the file's own position

// How the asyscall device can serve this file by itself.
struct device_access {
    uint64_t handle;
    uint32_t rights; // 0: it can't
};

struct path_place;
struct epoll_watch;
struct watch_of_file;

class file : public ref_counted {
  public:
    explicit file(uint32_t flags)
        : flags_(flags) {}
    virtual ~file() {
        end_watches();
        if (lock.load(std::memory_order_relaxed)) [[unlikely]]
            drop_lock();
    }

    // O_ACCMODE, O_APPEND, O_NONBLOCK, O_PATH, ...; F_SETFL changes some.
    uint32_t flags() const { return flags_.load(std::memory_order_relaxed); }
    void set_flags(uint32_t changeable, uint32_t values);
    bool readable() const;
    bool writable() const;
    bool nonblocking() const;
    // Whether somebody else serves it, too, and is to be told when O_NONBLOCK changes: 0 or -errno.
    virtual bool tells_flags() const { return false; }
    virtual task<long> tell_flags();

    virtual long read(user_buffers& to, int64_t offset);
    virtual task<long> read_later(caller& who, user_buffers to, int64_t offset);
    virtual long write(user_buffers& from, int64_t offset);
    virtual task<long> write_later(caller& who, user_buffers from, int64_t offset);
    virtual long seek(int64_t offset, int whence);
    virtual task<long> seek_later(caller& who, int64_t offset, int whence);

    virtual long attributes(file_attributes& out) = 0;
    virtual task<long> attributes_later(caller& who, file_attributes& out);
    virtual long truncate(uint64_t size);
    virtual task<long> truncate_later(caller& who, uint64_t size);
    virtual long sync(bool data_only);
    virtual task<long> sync_later(caller& who, bool data_only);
    virtual long set_mode(uint32_t permissions);
    virtual long set_times(const file_time* accessed, const file_time* modified); // null: leave

    // struct linux_dirent64 records.
    virtual long read_directory(user_buffers& to);
    virtual task<long> read_directory_later(caller& who, user_buffers to);

    virtual long control(address_space& space, uint64_t request, uint64_t argument);
    virtual task<long> control_later(caller& who, uint64_t request, uint64_t argument);

    // Bits of POLLIN, POLLOUT, POLLERR, POLLHUP that hold now. A file that is always ready
    // has no queues; the others wake them whenever a bit may have become true.
    virtual uint32_t poll();
    virtual void poll_queues(wait_queue*& readable, wait_queue*& writable);

    virtual device_access device() const { return {~0ull, 0}; }
    // The place of a directory, for paths relative to it; false: not a directory.
    virtual bool directory_place(path_place& out);
    // What a path of procfs that leads to this file (/proc/self/fd/N) opens: the same contents anew
    // or, for what has no name of its own (a pipe), this file. -ENXIO: nothing.
    virtual long reopen(uint32_t flags, ref<file>& made);
    // The path, or what readlink says of such a link otherwise. Null: no memory.
    virtual ref<shared_text> describe();
    virtual bool is_seekable() const { return false; }
    // What it sends to, if it stands for the right to send a user interrupt.
    virtual const struct uintr_target* sender_target() const { return nullptr; }
    // F_SEAL_ bits of a file in memory; -EINVAL for others.
    virtual long seals();
    virtual long add_seals(uint32_t more);
    // What a shared mapping shows. -ENODEV: the file can't be mapped so; -ENOMEM.
    virtual result<ref<page_object>> shared_pages();
    // Of epoll sets, with their lock.
    list<struct epoll_watch, struct watch_of_file>& watches() { return watches_; }
    // The socket, if it is one.
    virtual class unix_socket* as_unix_socket() { return nullptr; }
    virtual class inet_socket* as_inet_socket() { return nullptr; }
    // Likewise an epoll set, a timerfd.
    virtual class epoll_set* as_epoll_set() { return nullptr; }
    virtual class timer_file* as_timer_file() { return nullptr; }
    virtual class io_uring* as_io_uring() { return nullptr; }
    virtual bool is_eventfd() const { return false; }
    // An eventfd counts one up, unless it is full.
    virtual void signal() {}
    // The contents, if they lie in memory as a whole and for good (the initramfs); or null.
    virtual const uint8_t* contents_in_place() { return nullptr; }

    // By whoever has the last reference, without a lock: gives back in steps, with preemption
    // points, what its end would give back in one go.
    virtual void before_end() {}

    // flock's (fs/file_lock.h), from the first time on; goes with the file.
    std::atomic<struct file_lock*> lock{nullptr};

  protected:
    // First thing in the destructor of a file that has queues.
    void end_watches() {
        if (!watches_.empty())
            drop_watches();
        // What a set has undone on another hart is over.
        std::atomic_thread_fence(std::memory_order_acquire);
    }

  private:
    void drop_watches();
    void drop_lock();

    std::atomic<uint32_t> flags_;
    list<struct epoll_watch, struct watch_of_file> watches_;
};

} // namespace kernel
