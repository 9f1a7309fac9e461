// SPDX-License-Identifier: BSD-2-Clause
//
// What the device tells the kernel about the rings of processes: entries and faults that it
// forwards, cancellations, rings that have stopped.
#include "drivers/asyscall.h"
#include "lib/print.h"
#include "process/process.h"
#include "ring/request.h"
#include "ring/ring.h"

namespace kernel {

namespace {

constexpr unsigned max_queue_pairs = 1024;

// Before a ring's lock.
spinlock table_lock;
ring* by_queue_pair[max_queue_pairs];

// With table_lock.
ring* find(uint32_t queue_pair) {
    return queue_pair < max_queue_pairs ? by_queue_pair[queue_pair] : nullptr;
}

// Requests that could not be taken for want of memory, or whose ring is going: the device has as
// many slots.
constexpr unsigned most_refused = 2048;
struct refusal {
    uint64_t token;
    bool is_fault;
    int16_t error;
} refused[most_refused];
unsigned refused_count;
completion refusal_there;

task<long> answer_refused() {
    for (;;) {
        co_await refusal_there.wait();
        for (;;) {
            refusal next;
            {
                lock_guard guard(table_lock);
                if (!refused_count) {
                    refusal_there.rearm();
                    break;
                }
                next = refused[--refused_count];
            }
            if (next.is_fault)
                co_await asyscall_device::get()->resume(next.token, next.error);
            else
                co_await asyscall_device::get()->complete(next.token, next.error, 0);
        }
    }
}

// With table_lock.
void refuse(uint64_t token, bool is_fault, int16_t error) {
    if (refused_count == most_refused)
        panic("asyscall: more requests forwarded than the device has slots");
    refused[refused_count++] = {token, is_fault, error};
    refusal_there.set();
}

class events final : public asyscall_events {
  public:
    void forwarded(uint64_t token, const asyscall_forward& slot) override {
        queue(token, slot, ring_request::kind_of::entry);
    }
    void faulted(uint64_t token, const asyscall_forward& slot) override {
        queue(token, slot, ring_request::kind_of::fault);
    }
    void cancelled(uint64_t token) override {
        lock_guard guard(table_lock);
        ring* r = find(ASYSCALL_TOKEN_QUEUE_PAIR(token));
        if (!r)
            return;
        lock_guard ring_guard(r->lock);
        for (ring_request& q : r->requests)
            if (q.token == token && q.kind == ring_request::kind_of::entry)
                q.interrupt();
    }
    void broken(uint32_t queue_pair, long error) override {
        lock_guard guard(table_lock);
        if (ring* r = find(queue_pair)) {
            process_message(*r->owner, "ring %u stopped: its indices or its memory are bad (%ld)",
                            queue_pair, error);
            if (r->user)
                r->user->stopped();
        }
    }

  private:
    void queue(uint64_t token, const asyscall_forward& slot, ring_request::kind_of kind) {
        lock_guard guard(table_lock);
        ring* r = find(ASYSCALL_TOKEN_QUEUE_PAIR(token));
        if (!r)
            return refuse(token, kind == ring_request::kind_of::fault, -ECANCELED);
        lock_guard ring_guard(r->lock);
        ring_request* q = new_request(*r, kind, token);
        if (!q)
            return refuse(token, kind == ring_request::kind_of::fault, -ENOMEM);
        q->slot = &slot;
        queue_request(*q, ring_guard);
    }
};

events service;

} // namespace

void ring_events_start() {
    asyscall_device* device = asyscall_device::get();
    if (!device)
        return;
    if (!spawn(answer_refused()))
        panic("no memory for the ring service");
    device->set_events(service);
}

void ring_register(ring& r) {
    lock_guard guard(table_lock);
    by_queue_pair[r.queue_pair] = &r;
}

void ring_unregister(ring& r) {
    lock_guard guard(table_lock);
    by_queue_pair[r.queue_pair] = nullptr;
}

} // namespace kernel
