// SPDX-License-Identifier: BSD-2-Clause
//
// epoll: a set of watched files. A watch is in its file's wait queues all the time; a wake puts it
// on the set's list of those to look at, so that asking costs as much as has happened, not as much
// as is watched.
//
//   in the queues --- wake ---> to look at --- asked, nothing (more) there ---> in the queues
//                                   ^---- asked, and still so: level triggered ---'
//
// A watch does not keep its file: it ends with it. A file with queues says so, first thing in its
// destructor (file::end_watches). Locks: watch_lock, a file's own, a wait queue's, the set's.
#pragma once

#include <cstdint>

#include "fs/file.h"

namespace kernel {

struct epoll_event { // as <sys/epoll.h> has it on riscv64
    uint32_t events;
    uint32_t padding;
    uint64_t data;
};
static_assert(sizeof(epoll_event) == 16);

class epoll_set : public file {
  public:
    using file::file;
    epoll_set* as_epoll_set() override { return this; }
    // EPOLL_CTL_ADD, MOD, DEL for descriptor `fd`, which is `f`. 0, -EEXIST, -ENOENT,
    // -EINVAL, -ENOMEM.
    virtual long control_watch(int operation, int fd, file& f, const epoll_event& event) = 0;
    // What has happened, at most `most`: how many. Those reported once are not reported again.
    virtual unsigned collect(epoll_event* to, unsigned most) = 0;
    // Where to wait for something to collect.
    virtual wait_queue& arrivals() = 0;
    virtual bool something_to_look_at() = 0;
};

ref<file> make_epoll();

} // namespace kernel
