// SPDX-License-Identifier: BSD-2-Clause
//
// A process's descriptors. Queue pairs of the process carry a copy of the part that the device
// can serve (fd -> device handle, rights); publish() brings that copy up to date for one fd.
//
//   open:   install, publish, tell the program the number
//   close:  take out of the table, publish (the device answers when no entry can take the
//           handle any more), drop the reference; requests in flight keep the host's file
//
// publish() sends what the table says when it is its turn, one caller at a time, so that the
// map follows the table whatever the order of calls.
#pragma once

#include <cstdint>

#include "async/task.h"
#include "async/wait_queue.h"
#include "fs/file.h"
#include "fs/walk.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "lib/spinlock.h"

namespace kernel {

inline constexpr uint32_t max_descriptors = 1024; // RLIMIT_NOFILE, at most

class fd_table : public ref_counted {
  public:
    // Null: no memory.
    static ref<fd_table> create();
    // A table with the same files, as fork gives. Null: no memory.
    ref<fd_table> copy();
    ~fd_table();

    // A number is what a program passed: the lower 32 bits count, as in Linux.
    ref<file> get(uint64_t fd);
    // The lowest free number from `from`. -EMFILE, -ENOMEM, -EINVAL.
    long install(ref<file> f, bool close_on_exec, uint64_t from = 0);
    // The same in two steps, for a call that is to fail before it has done anything: until it is
    // filled or given up the number is taken, but stands for no file.
    long reserve(bool close_on_exec);
    void fill(uint32_t fd, ref<file> f);
    void give_up(uint32_t fd);
    // At this number, whatever was there (returned in `replaced`). -EBADF, -ENOMEM, -EBUSY
    // (it is reserved).
    long install_at(uint64_t fd, ref<file> f, bool close_on_exec, ref<file>& replaced);
    // Takes the file out; null: -EBADF.
    ref<file> remove(uint64_t fd);

    long close_on_exec(uint64_t fd); // 0, 1, -EBADF
    long set_close_on_exec(uint64_t fd, bool on);

    // The end of the process, or exec. Drops the files outside the lock. No ring is attached.
    void close_all(bool only_close_on_exec);

    // A ring of the process has its queue pair (with an empty map): fills the map, keeps it
    // filled. Errors: what the device said, or -ENOMEM.
    task<long> attach_ring(uint32_t queue_pair);
    // Before the queue pair is destroyed.
    task<long> detach_ring(uint32_t queue_pair);

    bool has_rings() const { return rings_.load(std::memory_order_acquire) != 0; }
    // Must be awaited between the change of `fd` and telling the program about it, when there
    // are rings and the file that came or went has a device handle.
    task<long> publish(uint64_t fd);

    // Files without a descriptor that an io_uring has registered: a number that get() knows, above
    // all descriptors; -EMFILE, -ENOMEM. They do not go to a child.
    long keep(ref<file> f);
    ref<file> let_go(uint32_t number);

    // No number from here on is given out any more: RLIMIT_NOFILE.
    void set_limit(uint32_t limit);
    // The lowest number above `after` (-1: from the start) that stands for a file; -1: none.
    int next_number(int after);

    // The working directory: it goes with the files, as if CLONE_FS always came with CLONE_FILES.
    path_place working_directory();
    void set_working_directory(path_place place);

  private:
    struct descriptor {
        ref<file> opened;
        bool close_on_exec = false;
        bool reserved = false; // with no file yet
        bool taken() const { return opened || reserved; }
    };
    // A table grows by parts, so that nothing is moved.
    static constexpr uint32_t part_size = 32;
    static constexpr uint32_t max_rings = 64;
    static constexpr uint32_t first_kept = 1u << 24, max_kept = 16384;

    fd_table() = default;
    // Of a number below size_.
    descriptor& at(uint32_t fd) { return parts_[fd / part_size][fd % part_size]; }
    long grow(uint32_t at_least);
    long take(uint64_t from);
    void shrink();
    task<long> send(uint32_t queue_pair, uint32_t fd);

    struct turn;
    void end_turn();

    spinlock lock_;
    descriptor* parts_[max_descriptors / part_size] = {};
    uint32_t size_ = 0;       // of the parts that are there
    uint32_t first_free_ = 0; // nothing below is free
    uint32_t limit_ = max_descriptors;
    ref<file>* kept_ = nullptr;
    uint32_t kept_size_ = 0;
    uint32_t kept_free_ = 0; // nothing below is free
    path_place directory_;   // no node: the root

    std::atomic<uint32_t> rings_{0};
    uint32_t ring_[max_rings]; // queue pairs; changed by whoever has the turn
    spinlock turn_lock_;
    bool turn_taken_ = false;
    list<turn, turn> turn_waiters_;
};

} // namespace kernel
