// SPDX-License-Identifier: BSD-2-Clause
//
// A process: an address space, files, threads.
#pragma once

#include <atomic>
#include <cstdint>

#include "async/task.h"
#include "async/wait_queue.h"
#include "fs/fd_table.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "lib/spinlock.h"
#include "memory/address_space.h"
#include "process/limits.h"
#include "process/session.h"
#include "process/usage.h"
#include "signals/signals.h"

namespace kernel {

class sender_table;
class thread;
struct published_page;
struct ring;
struct process_threads;     // tag: the threads of a process
struct threads_standing_by; // tag: those that wait for a worker (workers/workers.h)
struct all_processes;       // tag: the process table
struct children_of;         // tag: the children of a process

inline constexpr int first_process_id = 1;

// Traps from U to S by cause, of one thread. ecalls are counted in the frame.
struct thread_counters {
    uint64_t ring_setups = 0;
    uint64_t waits = 0;
    uint64_t submissions = 0;
    uint64_t token_calls = 0;
    uint64_t completion_interrupts = 0;
    uint64_t timer_interrupts = 0;
    uint64_t device_interrupts = 0;
    uint64_t page_faults = 0;
    uint64_t other_traps = 0;
    uint64_t context_switches = 0;

    void add(const thread_counters& other);
};

class process : public ref_counted,
                public list_node<all_processes>,
                public list_node<children_of>,
                public task_completion {
  public:
    // A process without threads, files and memory, that nobody knows yet (family.h: enter_family).
    // Null: out of memory.
    static ref<process> create();
    ~process();

    const int id;
    const nanoseconds started;
    // Its own threads read them as they are. Changed with `lock`, for others: nobody else keeps
    // them there, and at the process's end they go.
    ref<address_space> space;
    ref<fd_table> files;
    ref<shared_text> executable; // absolute path of its program; null: no memory for it
    char name[16] = {};

    // False: the address space is the lender's, until this process executes a program or ends
    // (vfork).
    std::atomic<bool> has_own_space{true};
    std::atomic<bool> has_executed{false}; // a program, since fork made it

    // With the lock of family.cpp.
    ref<process> lender;
    int parent_id = 0;         // 0: the first process; first_process_id also for orphans
    process* parent = nullptr; // null: an orphan
    list<process, children_of> children;
    bool zombie = false;    // torn down; its parent has not asked for it yet
    wait_queue child_ended; // a child became a zombie
    wait_queue space_left;  // it has its own space, or none: vfork waits for it
    int group = 0, session = 0;
    ref<controlling_terminal> terminal; // null: none; session.h

    spinlock lock; // threads, exit state, signal actions
    list<thread, process_threads> threads;
    unsigned live_threads = 0;
    list<thread, threads_standing_by> standing_by;
    unsigned standing_by_count = 0;
    std::atomic<uint32_t> exiting{0};
    bool replacing = false; // a thread ends the others to execute a program
    wait_queue alone;       // it waits for that
    int exit_status = 0;    // as wait4 reports it: status << 8, or the signal

    signal_action actions[signal_count] = {};
    process_signals signal_state;
    uint32_t file_mode_mask = 022;
    resource_limits limits;

    published_page* published = nullptr;         // made once, with `lock`: schedule/priorities.h
    list<ring> rings;                            // with `lock`
    std::atomic<sender_table*> senders{nullptr}; // made when the first one is registered
    bool has_senders() const { return senders.load(std::memory_order_relaxed) != nullptr; }
    thread_counters counters;        // of threads that have ended
    uint64_t syscalls = 0;           // likewise
    resource_usage ended_usage;      // likewise
    void add_ended(const thread& t); // with `lock`, when it leaves the list
    resource_usage children_usage;   // with the lock of family.cpp
    uint64_t ring_served = 0;        // of rings that have been closed
    uint64_t ring_served_in_the_way = 0;

    task<long> teardown; // made with the process, so that its end needs no memory

    // Which unimplemented calls were already named in the log: one bit per number.
    std::atomic<uint64_t> named_calls[8] = {};
    // True the first time it is asked about a number.
    bool first_named(uint64_t number);

  private:
    explicit process(int id)
        : id(id)
        , started(now()) {}
};

// Thread and process ids come from the same numbers.
int allocate_id();

// One line for the person who runs the program: on the process's stderr.
[[gnu::format(printf, 2, 3)]] void process_message(process& p, const char* format, ...);

} // namespace kernel
