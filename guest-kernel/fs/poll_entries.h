// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <span>

#include "async/wait_queue.h"
#include "fs/file.h"

namespace kernel {

// A waiter's places in a file's queues, for wait_any.
class poll_entries {
  public:
    explicit poll_entries(file& f) {
        wait_queue* queues[2] = {};
        f.poll_queues(queues[0], queues[1]);
        for (wait_queue* queue : queues)
            if (queue)
                entries_[count_++].queue = queue;
    }
    std::span<wait_entry> all() { return {entries_, count_}; }

  private:
    wait_entry entries_[2];
    size_t count_ = 0;
};

} // namespace kernel
