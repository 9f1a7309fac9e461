// SPDX-License-Identifier: BSD-2-Clause
//
// Futexes of one process: waiters hash by (address space, address).
#include "syscalls/futex.h"

#include "process/thread.h"
#include "syscalls/syscall.h"
#include "syscalls/time_value.h"

namespace kernel {

namespace {

struct futex_waiter : list_node<futex_waiter> {
    address_space* space;
    uint64_t address;
    uint32_t bits;
    bool woken = false;
    wait_queue queue;
};

struct bucket {
    spinlock lock;
    list<futex_waiter> waiters;
};
constexpr unsigned bucket_count = 64;
bucket buckets[bucket_count];

bucket& bucket_of(address_space& space, uint64_t address) {
    uint64_t key = (reinterpret_cast<uint64_t>(&space) >> 6) ^ (address >> 2);
    return buckets[key * 0x9e3779b97f4a7c15 >> 58];
}

constexpr uint64_t command_mask = 0x7f;
enum futex_command : uint64_t {
    command_wait = 0,
    command_wake = 1,
    command_wait_bitset = 9,
    command_wake_bitset = 10,
};

task<long> futex_wait(caller& who, uint64_t address, uint32_t expected, nanoseconds deadline,
                      uint32_t bits) {
    address_space& space = *who.owner->space;
    bucket& b = bucket_of(space, address);
    futex_waiter self;
    self.space = &space;
    self.address = address;
    self.bits = bits;
    lock_guard guard(b.lock);
    // Compared with the bucket locked: a wake comes before the look or finds the waiter.
    uint32_t value;
    if (long error = read_user(space, value, address); error < 0)
        co_return error;
    if (value != expected)
        co_return -EAGAIN;
    b.waiters.push_back(self);
    long outcome = co_await self.queue.wait(guard, who, deadline);
    if (outcome < 0)
        guard.relock();
    if (self.linked())
        list<futex_waiter>::remove(self);
    co_return self.woken ? 0 : outcome;
}

long sys_futex(uint64_t address, uint64_t operation, uint64_t value, uint64_t timeout_at, uint64_t,
               uint64_t bits) {
    uint64_t command = operation & command_mask;
    process& p = current_process();
    if (address & 3)
        return -EINVAL;
    switch (command) {
    case command_wait:
    case command_wait_bitset: {
        nanoseconds deadline = never;
        if (timeout_at) {
            time_value t;
            if (long error = read_user(*p.space, t, timeout_at); error < 0)
                return error;
            if (!t.valid())
                return -EINVAL;
            deadline = command == command_wait ? add_saturating(now(), t.total()) : t.total();
        }
        uint32_t mask = command == command_wait ? ~0u : uint32_t(bits);
        if (!mask)
            return -EINVAL;
        return wait_for(futex_wait(current_thread(), address, uint32_t(value), deadline, mask));
    }
    case command_wake:
        return futex_wake(p, address, unsigned(value));
    case command_wake_bitset:
        return bits ? futex_wake(p, address, unsigned(value), uint32_t(bits)) : -EINVAL;
    default:
        return -ENOSYS;
    }
}

} // namespace

long futex_wake(process& p, uint64_t address, unsigned count, uint32_t bits) {
    bucket& b = bucket_of(*p.space, address);
    long woken = 0;
    lock_guard guard(b.lock);
    for (futex_waiter* w = b.waiters.front(); w && unsigned(woken) < count;) {
        futex_waiter* next = b.waiters.next(*w);
        if (w->space == p.space.get() && w->address == address && (w->bits & bits)) {
            list<futex_waiter>::remove(*w);
            w->woken = true;
            w->queue.wake();
            woken++;
        }
        w = next;
    }
    return woken;
}

const syscall_entry futex_calls[] = {CALL(futex), {}};

} // namespace kernel
