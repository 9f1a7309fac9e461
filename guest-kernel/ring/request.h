// SPDX-License-Identifier: BSD-2-Clause
//
// What the kernel serves for a ring: an entry or a fault that the device has forwarded, or a call
// by token. All three are begun by the ring's service, a kernel coroutine, in the order in which
// they came; what has to wait goes on in a coroutine of its own.
//
//   forwarded entry, fault --- events.cpp ---.
//                                            +--> queued --- service.cpp ---> begun ---> finished
//   ecall with a token ------- token.cpp ----'                  `--- need not wait ----------^
//
// A request is on the ring's list until it has finished: those that are queued at its end, behind
// `first_queued`. What it gives goes to the device, which writes completion queues: by COMPLETE,
// RESUME or POST, without an answer.
#pragma once

#include <cstdint>
#include <new>
#include <ouros/asyscall.h>

#include "async/task.h"
#include "async/wait_queue.h"
#include "drivers/asyscall.h"
#include "lib/list.h"

namespace kernel {

struct ring;
struct syscall_entry;

// A request's answer that waits for room in the device's queue.
struct late_answer : asyscall_request {
    struct ring_request* of = nullptr;
};

struct ring_request : caller, task_completion, list_node<ring_request> {
    enum class kind_of : uint8_t { entry, fault, call };

    ring_request() {}
    ~ring_request() {}

    kind_of kind;
    uint8_t priority;       // with which it is served
    uint32_t cqe_flags = 0; // of an entry: its completion's
    ring* of;
    uint64_t token; // the device's; of a call its submitter's
    task<long> work;
    union {
        // Of an entry and a fault: it is the kernel's until it is answered.
        const asyscall_forward* slot;
        struct {
            const syscall_entry* what; // null: the kernel does not have it
            uint64_t arguments[6];
        } call;
        late_answer answer; // when the device's queue is full
    };
};

// With the ring's lock. Null: no memory.
ring_request* new_request(ring& r, ring_request::kind_of kind, uint64_t token);
// Queues it and wakes the service if it rests. Releases the guard, which is the ring's lock.
void queue_request(ring_request& q, lock_guard& guard);
// Gives the result and forgets the request, and perhaps its ring. The device has not been told to
// look: asyscall_device::kick.
void finish_request(ring_request& q, long result);
// Goes on in a coroutine; it is finished when that is.
void continue_request(ring_request& q, task<long> work);

} // namespace kernel
