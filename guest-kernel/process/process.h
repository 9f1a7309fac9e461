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
struct ring;
struct process_threads; // tag: the threads of a process
struct all_processes;   // tag: the process table

inline constexpr int first_process_id = 1;

// Traps from U to S by cause, of one thread. ecalls are counted in the frame.
struct thread_counters {
    uint64_t ring_setups = 0;
    uint64_t waits = 0;
    uint64_t submissions = 0;
    uint64_t completion_interrupts = 0;
    uint64_t timer_interrupts = 0;
    uint64_t device_interrupts = 0;
    uint64_t page_faults = 0;
    uint64_t other_traps = 0;
    uint64_t context_switches = 0;

    void add(const thread_counters& other);
};

struct signal_action { // struct sigaction as the kernel call has it
    uint64_t handler = 0;
    uint64_t flags = 0;
    uint64_t mask = 0;
};

class process : public ref_counted, public list_node<all_processes> {
  public:
    static constexpr unsigned signals = 64;

    // A process without threads, files and memory, in the process table; null: out of memory.
    static ref<process> create(int parent_id);
    ~process();

    const int id;
    int parent_id = 0;
    ref<address_space> space;
    ref<fd_table> files;
    char name[16] = {};

    spinlock lock; // threads, exit state, signal actions
    list<thread, process_threads> threads;
    unsigned live_threads = 0;
    std::atomic<uint32_t> exiting{0};
    int exit_status = 0; // as wait4 reports it: status << 8, or the signal

    signal_action actions[signals] = {};
    uint32_t file_mode_mask = 022;

    uint64_t frames_used[8] = {}; // slots for trap frames
    list<ring> rings;             // with `lock`
    void* senders = nullptr;      // the sender table, a page; uintr/
    uint32_t senders_used = 0;
    thread_counters counters; // of threads that have ended
    uint64_t syscalls = 0;    // likewise

    // Which unimplemented calls were already named in the log: one bit per number.
    std::atomic<uint64_t> named_calls[8] = {};
    // True the first time it is asked about a number.
    bool first_named(uint64_t number);

  private:
    explicit process(int id)
        : id(id) {}
};

// Thread and process ids come from the same numbers.
int allocate_id();

// The process is torn down but for its entry in the table.
void process_ended(process& p);

// One line for the person who runs the program: on the process's stderr.
[[gnu::format(printf, 2, 3)]] void process_message(process& p, const char* format, ...);

} // namespace kernel
