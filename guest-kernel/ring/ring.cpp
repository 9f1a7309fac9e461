// SPDX-License-Identifier: BSD-2-Clause
#include "ring/ring.h"

#include <cstring>
#include <ouros/kernel.h>

#include "drivers/asyscall.h"
#include "process/family.h"
#include "process/thread.h"
#include "schedule/preempt.h"
#include "uintr/receiver.h"

namespace kernel {

namespace {

constexpr uint32_t max_ring_entries = 4096;
constexpr uint32_t max_queue_pairs = 1024;

spinlock pairs_lock;
uint64_t pairs_used[max_queue_pairs / 64] = {1}; // 0 is the kernel's own

// Taken last.
spinlock ends_lock;
uint64_t ends;
list<next_ring_end> waiting_for_end;

void count_end() {
    lock_guard guard(ends_lock);
    ends++;
    while (next_ring_end* waiter = waiting_for_end.pop_front())
        executor::make_ready(*waiter);
}

// What the device may do by itself when the fd is one of its own. The rest comes to the kernel:
// what changes the descriptors or names a path must be the same as by ecall.
constexpr uint8_t device_opcodes[] = {
    IORING_OP_NOP,          IORING_OP_READ,         IORING_OP_WRITE,    IORING_OP_READV,
    IORING_OP_WRITEV,       IORING_OP_FSYNC,        IORING_OP_TIMEOUT,  IORING_OP_TIMEOUT_REMOVE,
    IORING_OP_LINK_TIMEOUT, IORING_OP_ASYNC_CANCEL, IORING_OP_POLL_ADD, IORING_OP_CONNECT,
    IORING_OP_SHUTDOWN,     IORING_OP_SEND,         IORING_OP_RECV,     IORING_OP_SENDMSG,
    IORING_OP_RECVMSG,
};

// 0: none left.
uint32_t take_queue_pair(uint32_t count) {
    lock_guard guard(pairs_lock);
    for (uint32_t n = 1; n < count && n < max_queue_pairs; n++)
        if (!(pairs_used[n / 64] >> n % 64 & 1)) {
            pairs_used[n / 64] |= 1ull << n % 64;
            return n;
        }
    return 0;
}

void return_queue_pair(uint32_t n) {
    lock_guard guard(pairs_lock);
    pairs_used[n / 64] &= ~(1ull << n % 64);
}

bool valid_size(uint64_t entries) {
    return entries >= 1 && entries <= max_ring_entries && (entries & (entries - 1)) == 0;
}

// Gives back what ring_setup has made so far.
void release(ring* r) {
    if (r->doorbell_address)
        r->owner->space->unmap_fixed_pages(r->doorbell_address, page_size);
    if (r->ring_address)
        r->owner->space->unmap_fixed_pages(r->ring_address, r->memory_size);
    if (r->user)
        r->user->closed();
    else
        free_pages(r->memory);
    if (r->queue_pair)
        return_queue_pair(r->queue_pair);
}

void free_ring(ring* r) {
    release(r);
    delete r;
}

long make_memory(ring& r, asyscall_device& device, uint32_t sq_entries, uint32_t cq_entries) {
    size_t size = asyscall_ring_size(sq_entries, cq_entries);
    r.memory_size = (size + page_size - 1) & ~(page_size - 1);
    r.memory = allocate_pages(order_for(r.memory_size));
    if (!r.memory)
        return -ENOMEM;
    for (size_t at = 0; at < r.memory_size; at += page_size) {
        zero_page(static_cast<uint8_t*>(r.memory) + at);
        preemption_point();
    }
    address_space& space = *r.owner->space;
    long at = space.map_fixed_pages(to_physical(r.memory), r.memory_size,
                                    protection_read | protection_write);
    if (at < 0)
        return at;
    r.ring_address = uint64_t(at);
    at = space.map_fixed_pages(device.doorbell_page(r.queue_pair), page_size,
                               protection_read | protection_write);
    if (at < 0)
        return at;
    r.doorbell_address = uint64_t(at);
    return 0;
}

void describe(ring& r, const uintr_receiver& receiver, uint32_t sq_entries, uint32_t cq_entries) {
    asyscall_queue_pair& d = r.description;
    d.ring = to_physical(r.memory);
    d.sq_entries = sq_entries;
    d.cq_entries = cq_entries;
    uintr_message message = uintr_message_for(receiver, OUROS_VECTOR_COMPLETION);
    d.notify_address = message.address;
    d.notify_data = message.data;
    r.takes_calls = asyscall_device::get()->has(ASYSCALL_F_POST);
    if (r.takes_calls)
        d.flags = ASYSCALL_PAIR_KERNEL_CALLS;
}

} // namespace

ring* new_ring(process& p, long& error) {
    ring* r = new (std::nothrow) ring;
    error = -ENOMEM;
    if (!r)
        return nullptr;
    r->owner = &p;
    r->queue_pair = take_queue_pair(asyscall_device::get()->queue_pairs());
    if (!r->queue_pair) {
        delete r;
        error = -EMFILE;
        return nullptr;
    }
    r->description.satp = p.space->satp();
    for (uint8_t opcode : device_opcodes)
        r->description.opcodes[opcode / 64] |= 1ull << opcode % 64;
    error = 0;
    return r;
}

task<long> open_ring(ring& r) {
    process& p = *r.owner;
    if (!start_service(r)) {
        free_ring(&r);
        co_return -ENOMEM;
    }
    ring_register(r);
    long error = co_await asyscall_device::get()->create(r.queue_pair, r.description);
    if (error < 0) {
        ring_unregister(r);
        while (co_await end_service(r) == -ENOMEM)
            co_await yield();
        free_ring(&r);
        co_return error;
    }
    {
        lock_guard guard(p.lock);
        p.rings.push_back(r);
        if (r.of_thread)
            r.of_thread->ring_pair = &r;
    }
    error = co_await p.files->attach_ring(r.queue_pair);
    if (error < 0 && claim_ring(p, r)) {
        co_await close_ring(ref<process>(&p), r);
    }
    co_return error;
}

task<long> ring_setup(caller& who, uint64_t sq_entries, uint64_t cq_entries, uint64_t out,
                      uint64_t out_size) {
    thread& t = static_cast<thread&>(who);
    process& p = *who.owner;
    asyscall_device* device = asyscall_device::get();
    if (!device)
        co_return -ENODEV;
    if (!valid_size(sq_entries) || !valid_size(cq_entries) || cq_entries < sq_entries ||
        cq_entries > device->max_entries() || out_size < sizeof(ouros_ring))
        co_return -EINVAL;
    if (t.ring_pair)
        co_return -EBUSY;
    if (!p.has_own_space)
        co_return -EINVAL; // the memory is lent: its owner's transfers are told apart by process
    if (long error = p.space->begin_transfers(); error < 0)
        co_return error;
    if (long error = zero_user(*p.space, out, sizeof(ouros_ring)); error < 0)
        co_return error;
    if (!t.receiver)
        co_return -ENODEV; // the caller made one if there can be one
    long error;
    ring* r = new_ring(p, error);
    if (!r)
        co_return error;
    r->of_thread = &t;
    error = make_memory(*r, *device, uint32_t(sq_entries), uint32_t(cq_entries));
    if (error < 0) {
        free_ring(r);
        co_return error;
    }
    describe(*r, *t.receiver, uint32_t(sq_entries), uint32_t(cq_entries));
    ouros_ring answer{r->ring_address,      r->doorbell_address, uint32_t(sq_entries),
                      uint32_t(cq_entries), r->queue_pair,       OUROS_VECTOR_COMPLETION};
    error = co_await open_ring(*r);
    if (error < 0)
        co_return error;
    error = write_user(*p.space, out, answer);
    if (error < 0 && claim_ring(p, *r)) {
        // Claimed, it must be closed: without memory for that, when there is some.
        task<long> closing = close_ring(ref<process>(&p), *r);
        while (!closing) {
            co_await yield();
            closing = close_ring(ref<process>(&p), *r);
        }
        co_await std::move(closing);
    }
    co_return error < 0 ? error : 0;
}

task<long> ring_close(caller& who) {
    thread& t = static_cast<thread&>(who);
    if (!t.ring_pair || !claim_ring(*who.owner, *t.ring_pair))
        co_return -EINVAL;
    task<long> closing = close_ring(ref<process>(who.owner), *t.ring_pair);
    if (!closing) {
        unclaim_ring(*who.owner, *t.ring_pair);
        co_return -ENOMEM;
    }
    co_return co_await std::move(closing);
}

uint64_t ring_ends() {
    lock_guard guard(ends_lock);
    return ends;
}

bool next_ring_end::await_suspend(std::coroutine_handle<> self) noexcept {
    lock_guard guard(ends_lock);
    if (ends != seen)
        return false;
    suspend_at(self);
    waiting_for_end.push_back(*this);
    return true;
}

unsigned ring_count() {
    lock_guard guard(pairs_lock);
    unsigned count = 0;
    for (uint64_t word : pairs_used)
        count += unsigned(__builtin_popcountll(word));
    return count - 1; // without the kernel's own
}

bool claim_ring(process& p, ring& r) {
    lock_guard guard(p.lock);
    return !std::exchange(r.claimed, true);
}

void unclaim_ring(process& p, ring& r) {
    lock_guard guard(p.lock);
    r.claimed = false;
}

task<long> close_ring(ref<process> p, ring& r) {
    asyscall_device* device = asyscall_device::get();
    // Without memory for a step it is tried again: a step left out would leave transfers behind.
    while (co_await p->files->detach_ring(r.queue_pair) == -ENOMEM)
        co_await yield();
    ring_unregister(r);
    while (co_await end_service(r) == -ENOMEM)
        co_await yield();
    // Answered when there is no DMA any more: from here on the pages may be used again.
    long error;
    while ((error = co_await device->destroy(r.queue_pair)) == -ENOMEM)
        co_await yield();
    release(&r); // while it is in the list: without rings the process's end goes on to the memory
    {
        lock_guard guard(p->lock);
        p->ring_served += r.served;
        p->ring_served_in_the_way += r.served_in_the_way;
        list<ring>::remove(r);
        if (r.of_thread)
            r.of_thread->ring_pair = nullptr;
    }
    delete &r;
    count_end();
    co_return error;
}

task<long> close_rings(process& p) {
    for (;;) {
        ring* mine = nullptr;
        const uint64_t seen = ring_ends();
        {
            lock_guard guard(p.lock);
            if (p.rings.empty())
                co_return 0;
            for (ring& r : p.rings)
                if (!r.claimed)
                    mine = &r;
            if (mine)
                mine->claimed = true;
        }
        if (!mine) { // a thread that has ended closes the last one, or it closes by itself
            co_await next_ring_end(seen);
            continue;
        }
        task<long> closing = close_ring(ref<process>(&p), *mine);
        if (closing) {
            co_await std::move(closing);
        } else { // no memory: others will give some back
            unclaim_ring(p, *mine);
            co_await yield();
        }
    }
}

bool has_rings(process& p) {
    ref<process> owner = space_owner(p);
    lock_guard guard(owner->lock);
    return !owner->rings.empty();
}

task<long> invalidate_rings(process& p, uint64_t start, uint64_t size) {
    // A process's rings come and go by its own threads; one that goes takes its DMA with it.
    uint32_t pairs[64];
    unsigned count = 0;
    {
        ref<process> owner = space_owner(p);
        lock_guard guard(owner->lock);
        for (ring& r : owner->rings)
            if (count < sizeof pairs / sizeof pairs[0])
                pairs[count++] = r.queue_pair;
    }
    for (unsigned i = 0; i < count; i++)
        while (co_await asyscall_device::get()->invalidate(pairs[i], start, size, false) == -ENOMEM)
            co_await yield();
    co_return 0;
}

} // namespace kernel
