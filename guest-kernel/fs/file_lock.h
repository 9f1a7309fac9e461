// SPDX-License-Identifier: BSD-2-Clause
//
// flock(2): locks of whole files, which hold only for those who ask. A lock belongs to the open
// file that descriptors refer to, and ends with it; what it locks is the file of that device and
// inode, or the open file itself if it has none.
#pragma once

#include "async/task.h"
#include "async/wait_queue.h"
#include "fs/file.h"
#include "lib/list.h"

namespace kernel {

struct file_lock : list_node<file_lock> {
    uint64_t device, inode;
    bool exclusive = false;
    bool held = false; // in its bucket's list
};

// For the open file, which has `known` as attributes: shared or exclusive, instead of the lock that
// it may have. 0; -EAGAIN: another has it and the caller does not want to wait; -EINTR; -ENOLCK.
task<long> take_file_lock(caller& who, file& f, const file_attributes& known, bool exclusive,
                          bool waits);
void release_file_lock(file& f);

} // namespace kernel
