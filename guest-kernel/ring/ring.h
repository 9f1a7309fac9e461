// SPDX-License-Identifier: BSD-2-Clause
//
// A thread's queue pair of the asyscall device, from ring_setup to its end, and what the kernel
// does for entries that the device does not serve (service.cpp).
#pragma once

#include <cstdint>
#include <ouros/asyscall.h>

#include "async/task.h"
#include "async/wait_queue.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "memory/pages.h"

namespace kernel {

class process;
class thread;

struct ring : list_node<ring> {
    process* owner = nullptr;
    thread* of_thread = nullptr;
    uint32_t queue_pair = 0;
    void* memory = nullptr;
    size_t memory_size = 0;
    uint64_t ring_address = 0; // in the process
    uint64_t doorbell_address = 0;
    asyscall_queue_pair description{};
    bool claimed = false; // somebody closes it; with the process's lock

    // Requests of the queue pair that the kernel is working on.
    spinlock lock;
    uint32_t requests = 0;
    bool closing = false;
    completion idle; // set when the last one ends while closing
};

task<long> ring_setup(caller& who, uint64_t sq_entries, uint64_t cq_entries, uint64_t out,
                      uint64_t out_size);
task<long> ring_close(caller& who);
unsigned ring_count(); // of the system

// Ends every request and every transfer, then frees the rings.
task<long> close_rings(process& p);
// One ring, by whoever has claimed it: a thread that ends, its process that does, or executes
// another program, may come together.
bool claim_ring(process& p, ring& r);
void unclaim_ring(process& p, ring& r);
task<long> close_ring(ref<process> p, ring& r);

// Of the process whose address space it is: a child of vfork has its parent's.
bool has_rings(process& p);
// Returns when no request in flight uses the range of the process's addresses.
task<long> invalidate_rings(process& p, uint64_t start, uint64_t size);

// service.cpp
void ring_service_start();
void ring_register(ring& r); // from now on its events are served
void ring_unregister(ring& r);
// Ends what is being served; returns when nothing is.
task<long> ring_end_requests(ring& r);

} // namespace kernel
