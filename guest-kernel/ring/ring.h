// SPDX-License-Identifier: BSD-2-Clause
//
// A thread's queue pair of the asyscall device, from ring_setup to its end, and what the kernel
// does for entries that the device does not serve (service.cpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <ouros/asyscall.h>

#include "async/task.h"
#include "async/wait_queue.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "memory/pages.h"
#include "schedule/priorities.h"

namespace kernel {

class process;
class thread;
struct ring_request;

// Who has a ring that is not a thread's: io_uring/.
class ring_user {
  public:
    // What begin_operation (opcodes.h) is for a thread's ring.
    virtual long begin(ring_request& who, const io_uring_sqe& entry, task<long>& later) = 0;
    // Nothing is queued any more: everything has been begun.
    virtual void begun() = 0;
    // The device has stopped: the ring's indices are bad.
    virtual void stopped() = 0;
    // Nothing of its memory is in use any more, and the ring is gone next.
    virtual void closed() = 0;

  protected:
    ~ring_user() = default;
};

struct ring : list_node<ring>, task_completion {
    process* owner = nullptr;
    thread* of_thread = nullptr;
    ring_user* user = nullptr; // who gives its memory back
    uint32_t queue_pair = 0;
    void* memory = nullptr;
    size_t memory_size = 0;
    uint64_t ring_address = 0; // in the process
    uint64_t doorbell_address = 0;
    asyscall_queue_pair description{};
    // Its thread's, when that left its hart last.
    std::atomic<uint8_t> priority{thread_priorities::ordinary};
    bool takes_calls = false; // by token: the device can complete them
    bool claimed = false;     // somebody closes it; with the process's lock

    // What the kernel has to do for it: request.h. With the lock:
    spinlock lock;
    list<ring_request> requests;
    ring_request* first_queued = nullptr; // it and those behind it are not begun
    uint32_t request_count = 0;
    bool resting = false; // the service waits, at service_place
    bool closing = false; // every request is killed
    bool ended = false;   // ... and the service is to end
    struct spare {
        spare* next;
    };
    spare* first_spare = nullptr;
    unsigned spares = 0;

    work_item service_place;
    task<long> service;
    completion idle; // the last request has ended while closing
    completion gone; // the service has ended

    // Written by the service only.
    uint64_t served = 0;
    uint64_t served_in_the_way = 0;
    void count_served(unsigned count, bool in_the_way) {
        served += count;
        served_in_the_way += in_the_way ? count : 0;
    }
};

task<long> ring_setup(caller& who, uint64_t sq_entries, uint64_t cq_entries, uint64_t out,
                      uint64_t out_size);
task<long> ring_close(caller& who);
unsigned ring_count(); // of the system

// A ring with a queue pair, of which the owner's space and what it may do are described. Null with
// -EMFILE, -ENOMEM.
ring* new_ring(process& p, long& error);
// With memory and sizes described: begins. An error has given it back.
task<long> open_ring(ring& r);

// For who waits for rings that others close: co_await next_ring_end(seen), where `seen` was read
// before it was found that there is something to wait for.
uint64_t ring_ends(); // how many there were
struct [[nodiscard]] next_ring_end : list_node<next_ring_end>, work_item {
    explicit next_ring_end(uint64_t seen)
        : seen(seen) {}
    bool await_ready() noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> self) noexcept;
    void await_resume() noexcept {}
    const uint64_t seen;
};

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
bool start_service(ring& r); // false: no memory
// Ends what is being served, and then the service. With a ring that nobody finds any more.
task<long> end_service(ring& r);

// events.cpp
void ring_events_start();
void ring_register(ring& r); // from now on its events are served
// From now on they are refused; what was queued before is still there.
void ring_unregister(ring& r);

// token.cpp: a call of the running thread by token. OUROS_PENDING, or why it is not taken.
long token_call(thread& t, uint64_t number, uint64_t token, const uint64_t* arguments);

} // namespace kernel
