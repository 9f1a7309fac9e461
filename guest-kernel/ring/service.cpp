// SPDX-License-Identifier: BSD-2-Clause
//
// Entries that the device forwards: each is a kernel coroutine that does what the system call of
// that name does, with the same functions, and answers with COMPLETE. They run when a hart has
// nothing better to do or their process has run out of work, not in the middle of it.
#include "drivers/asyscall.h"
#include "fs/fd_table.h"
#include "fs/user_buffers.h"
#include "lib/print.h"
#include "process/process.h"
#include "ring/opcodes.h"
#include "ring/ring.h"

namespace kernel {

namespace {

constexpr unsigned max_queue_pairs = 1024;

spinlock table_lock;
ring* by_queue_pair[max_queue_pairs];

// A forwarded entry while it is served. It keeps the process and its address space.
struct request : caller, list_node<request> {
    ring* of = nullptr;
    ref<process> process_kept;
    uint64_t token = 0;
    io_uring_sqe entry{};
    asyscall_fault fault{};
    bool is_fault = false;
};

// With table_lock.
list<request> requests;

// Answers that could not be served for want of memory: the device has as many slots.
constexpr unsigned most_refused = 256;
struct refusal {
    uint64_t token;
    bool is_fault;
} refused[most_refused];
unsigned refused_count;
completion refusal_there;

void finish_request(request* r) {
    lock_guard guard(table_lock);
    list<request>::remove(*r);
    ring& of = *r->of;
    if (--of.requests == 0 && of.closing)
        of.idle.set();
    guard.unlock();
    delete r;
}

task<long> serve_entry(request* r) {
    co_await yield(); // begun under the driver's lock
    asyscall_device& device = *asyscall_device::get();
    long result = -ECANCELED;
    if (!r->killed())
        result = co_await ring_operation(*r, r->entry);
    if (result == -EINTR && r->interrupted())
        result = -ECANCELED;
    co_await device.complete(r->token, int32_t(result), 0);
    finish_request(r);
    co_return 0;
}

task<long> serve_fault(request* r) {
    co_await yield();
    asyscall_device& device = *asyscall_device::get();
    uint8_t access = r->fault.access & ASYSCALL_RIGHT_WRITE ? protection_write : protection_read;
    long error = r->killed() ? -EFAULT : r->owner->space->fault(r->fault.address, access);
    co_await device.resume(r->token, error);
    finish_request(r);
    co_return 0;
}

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
                co_await asyscall_device::get()->resume(next.token, -ENOMEM);
            else
                co_await asyscall_device::get()->complete(next.token, -ENOMEM, 0);
        }
    }
}

// With table_lock.
void refuse(uint64_t token, bool is_fault) {
    if (refused_count == most_refused)
        panic("asyscall: more requests forwarded than the device has slots");
    refused[refused_count++] = {token, is_fault};
    refusal_there.set();
}

class events final : public asyscall_events {
  public:
    void forwarded(uint64_t token, const io_uring_sqe& entry) override {
        begin(token, &entry, nullptr);
    }
    void faulted(uint64_t token, const asyscall_fault& fault) override {
        begin(token, nullptr, &fault);
    }
    void cancelled(uint64_t token) override {
        lock_guard guard(table_lock);
        for (request& r : requests)
            if (r.token == token && !r.is_fault)
                r.interrupt();
    }
    void broken(uint32_t queue_pair, long error) override {
        lock_guard guard(table_lock);
        if (queue_pair < max_queue_pairs && by_queue_pair[queue_pair])
            process_message(*by_queue_pair[queue_pair]->owner,
                            "ring %u stopped: its indices or its memory are bad (%ld)", queue_pair,
                            error);
    }

  private:
    void begin(uint64_t token, const io_uring_sqe* entry, const asyscall_fault* fault) {
        uint32_t queue_pair = ASYSCALL_TOKEN_QUEUE_PAIR(token);
        auto* r = new (std::nothrow) request;
        lock_guard guard(table_lock);
        ring* of = queue_pair < max_queue_pairs ? by_queue_pair[queue_pair] : nullptr;
        if (!r || !of) {
            refuse(token, fault != nullptr);
            guard.unlock();
            delete r;
            return;
        }
        r->of = of;
        r->process_kept = ref<process>(of->owner);
        r->owner = of->owner;
        r->token = token;
        r->is_fault = fault != nullptr;
        if (entry)
            r->entry = *entry;
        else
            r->fault = *fault;
        requests.push_back(*r);
        of->requests++;
        if (of->closing)
            r->kill();
        guard.unlock();
        if (spawn(fault ? serve_fault(r) : serve_entry(r)))
            return;
        lock_guard again(table_lock);
        refuse(token, fault != nullptr);
        again.unlock();
        finish_request(r);
    }
};

events service;

} // namespace

void ring_service_start() {
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

task<long> ring_end_requests(ring& r) {
    for (;;) {
        {
            lock_guard guard(table_lock);
            r.closing = true;
            if (r.requests == 0)
                co_return 0;
            for (request& one : requests)
                if (one.of == &r)
                    one.kill();
            r.idle.rearm(); // it is set with the lock
        }
        co_await r.idle.wait();
    }
}

} // namespace kernel
