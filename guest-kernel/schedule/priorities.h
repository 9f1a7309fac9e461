// SPDX-License-Identifier: BSD-2-Clause
//
// By what priority a thread or a coroutine of the kernel is scheduled: 0, the highest, to 63.
//
//   base        what the process has set: nice, sched_setscheduler (syscalls/priority_calls.cpp)
//   published   of a thread with a scheduler of its own: what it has ready, in a word that the
//               process writes and the kernel reads (<ouros/kernel.h>: priorities)
//   inherited   the highest of those who wait for a mutex that the thread holds
//
// The word is read once when the thread leaves its hart, for whatever reason: a tick, an interrupt,
// giving way, a wait. That is enough: only the thread itself has a reason to change it, and does
// while it runs. What is read is a number that is made to fit, never an index or an address, so a
// process can misreport its own priority, and nothing else.
//
// Kernel work goes right before the threads of the priority of what it is done for (work_for): it
// is short, its submitter waits for it, and a thread that computes has its whole slice before
// others of its priority. A coroutine that suspends has the priority of the thread in whose system
// call it does, or of the work in which it does (context_priority).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

struct ouros_published;

namespace kernel {

class process;
class thread;

inline constexpr uint8_t lowest_priority = 63;
inline constexpr uint8_t no_priority = 64;
inline constexpr unsigned policy_other = 0, policy_fifo = 1, policy_round_robin = 2,
                          policy_batch = 3, policy_idle = 5;

// Of work that is done for a thread.
inline unsigned work_for(unsigned thread_priority) {
    return thread_priority ? thread_priority - 1 : 0;
}

// Of a thread.
struct thread_priorities {
    static constexpr uint8_t ordinary = 32; // nice 0

    std::atomic<uint8_t> base{ordinary};
    std::atomic<uint8_t> inherited{no_priority};
    std::atomic<uint8_t> policy{0};    // Linux's numbers
    std::atomic<uint8_t> real_time{0}; // sched_priority: 1..99 for SCHED_FIFO and SCHED_RR
    std::atomic<int8_t> nice{0};
    bool strict = false;
    unsigned slot = 0;
    const volatile ouros_published* published = nullptr;

    bool ordinary_only() const {
        return !published && inherited.load(std::memory_order_relaxed) == no_priority;
    }
    // Reads the word, if there is one.
    unsigned current() const;
    // What the process has set for another thread is this one's, too.
    void inherit(const thread_priorities& other);
    // By Linux's numbers.
    void set(unsigned new_policy, unsigned new_real_time, int new_nice);
};

// The page with the words of a process's threads, which the process writes.
struct published_page {
    static constexpr size_t slot_size = 64;
    static constexpr unsigned slots = 4096 / slot_size;

    ~published_page();

    void* page = nullptr;
    uint64_t address = 0;        // in the process
    uint64_t system_address = 0; // of the page that all processes read
    uint64_t used = 0;           // bit n: slot n. With the process's lock
};

// Boot: the page that all processes read.
bool priorities_start();
// priorities(): for the running thread.
long priorities(thread& t, uint64_t out, uint64_t size, uint64_t mode);
// The running thread ends, or executes another program.
void forget_published(thread& t);
// `to`, which is about to run instead, gets the word of `from`, which is blocked.
void move_published(thread& from, thread& to);

// How many threads look at the system's priority: while there is none it is not kept up to date.
extern std::atomic<uint32_t> strict_threads;
// What they read: the highest priority that is ready on any hart and does not run.
extern volatile uint32_t* system_priority;

} // namespace kernel
