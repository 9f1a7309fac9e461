// SPDX-License-Identifier: BSD-2-Clause
//
// A process: an address space, files, threads.
#pragma once

#include <atomic>
#include <cstdint>

#include "async/wait_queue.h"
#include "fs/fd_table.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "lib/spinlock.h"
#include "memory/address_space.h"

namespace kernel {

class thread;
struct process_threads; // tag: the threads of a process
struct process_siblings;

struct signal_action { // struct sigaction as the kernel call has it
    uint64_t handler = 0;
    uint64_t flags = 0;
    uint64_t mask = 0;
};

class process : public ref_counted {
  public:
    static constexpr unsigned signals = 64;

    explicit process(int id);
    ~process();

    const int id;
    int parent_id = 0;
    ref<address_space> space;
    ref<fd_table> files;
    char name[16] = {};

    spinlock lock; // threads, exit state, signal actions
    list<thread, process_threads> threads;
    unsigned live_threads = 0;
    std::atomic<bool> exiting{false};
    int exit_status = 0; // as wait4 reports it: status << 8, or the signal

    signal_action actions[signals] = {};
    uint32_t file_mode_mask = 022;

    // Which unimplemented calls were already named in the log: one bit per number.
    std::atomic<uint64_t> named_calls[8] = {};
    bool first_named(uint64_t number);
};

// One line for the person who runs the program: on the process's stderr.
[[gnu::format(printf, 2, 3)]] void process_message(process& p, const char* format, ...);

} // namespace kernel
