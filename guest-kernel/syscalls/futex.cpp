// SPDX-License-Identifier: BSD-2-Clause
//
// Futexes: waiters hash by what the word is known by (memory/address_space.h: futex_key), so that
// processes that share the memory meet.
#include "syscalls/futex.h"

#include "process/thread.h"
#include "schedule/preempt.h"
#include "syscalls/futex_pi.h"
#include "syscalls/syscall.h"
#include "syscalls/time_value.h"

namespace kernel {

namespace {

struct futex_waiter : list_node<futex_waiter> {
    futex_key key;
    uint32_t bits;
    bool woken = false;
    wait_queue queue;
    std::atomic<struct bucket*> in{nullptr}; // changed with its lock: FUTEX_REQUEUE
};

struct bucket {
    spinlock lock;
    list<futex_waiter> waiters;
};
constexpr unsigned bucket_count = 64;
bucket buckets[bucket_count];

bucket& bucket_of(const futex_key& key) {
    uint64_t number = (reinterpret_cast<uint64_t>(key.object) >> 6) ^ (key.offset >> 2);
    return buckets[number * 0x9e3779b97f4a7c15 >> 58];
}

constexpr uint64_t command_mask = 0x7f;
constexpr uint64_t private_flag = 0x80;
enum futex_command : uint64_t {
    command_wait = 0,
    command_wake = 1,
    command_wait_bitset = 9,
    command_requeue = 3,
    command_compare_requeue = 4,
    command_wake_bitset = 10,
    command_lock = 6, // with inheritance: futex_pi.h
    command_unlock = 7,
    command_try_lock = 8,
    command_lock_2 = 13,
};

// Out of the bucket that it is in by now.
void leave(futex_waiter& w) {
    for (;;) {
        bucket& b = *w.in.load(std::memory_order_acquire);
        lock_guard guard(b.lock);
        if (w.in.load(std::memory_order_relaxed) != &b)
            continue;
        if (w.linked())
            list<futex_waiter>::remove(w);
        return;
    }
}

task<long> futex_wait(caller& who, uint64_t address, bool is_private, uint32_t expected,
                      nanoseconds deadline, uint32_t bits) {
    address_space& space = *who.owner->space;
    futex_waiter self;
    self.key = space.key_of(address, is_private);
    bucket& b = bucket_of(self.key);
    self.bits = bits;
    lock_guard guard(b.lock);
    // Compared with the bucket locked: a wake comes before the look or finds the waiter.
    uint32_t value;
    if (long error = read_user(space, value, address); error < 0)
        co_return error;
    if (value != expected)
        co_return -EAGAIN;
    self.in = &b;
    b.waiters.push_back(self);
    long outcome = co_await self.queue.wait(guard, who, deadline);
    guard.unlock();
    leave(self);
    co_return self.woken ? 0 : outcome;
}

long wake_waiters(const futex_key& key, unsigned count, uint32_t bits) {
    constexpr unsigned step = 8; // woken with the lock held
    bucket& b = bucket_of(key);
    long woken = 0;
    lock_guard guard(b.lock);
    for (futex_waiter* w = b.waiters.front(); w && unsigned(woken) < count;) {
        futex_waiter* next = b.waiters.next(*w);
        if (w->key == key && (w->bits & bits)) {
            if (woken && woken % step == 0) { // those before it have been looked at: once more
                guard.unlock();
                preemption_point();
                guard.relock();
                w = b.waiters.front();
                while (w && !(w->key == key && (w->bits & bits)))
                    w = b.waiters.next(*w);
                if (!w)
                    break;
                next = b.waiters.next(*w);
            }
            list<futex_waiter>::remove(*w);
            w->woken = true;
            w->queue.wake();
            woken++;
        }
        w = next;
    }
    return woken;
}

// Two buckets, or one, in the order of their addresses.
class both_locked {
  public:
    both_locked(bucket& a, bucket& b)
        : first_(&a < &b ? a : b)
        , second_(&a == &b  ? nullptr
                  : &a < &b ? &b
                            : &a) {
        first_.lock.lock();
        if (second_)
            second_->lock.lock();
    }
    both_locked(const both_locked&) = delete;
    ~both_locked() {
        if (second_)
            second_->lock.unlock();
        first_.lock.unlock();
    }

  private:
    bucket& first_;
    bucket* const second_;
};

// Wakes some, and makes others wait for `target` instead. How many of both. `expected`: null, or
// what the word must be (-EAGAIN).
long requeue(address_space& space, uint64_t address, uint64_t target, bool is_private,
             unsigned to_wake, unsigned to_move, const uint32_t* expected) {
    futex_key from_key = space.key_of(address, is_private);
    futex_key to_key = space.key_of(target, is_private);
    bucket &from = bucket_of(from_key), &to = bucket_of(to_key);
    both_locked guard(from, to);
    uint32_t value;
    if (expected)
        if (long error = read_user(space, value, address); error < 0 || value != *expected)
            return error < 0 ? error : -EAGAIN;
    long done = 0;
    for (futex_waiter* w = from.waiters.front();
         w && uint64_t(done) < uint64_t(to_wake) + to_move;) {
        futex_waiter* next = from.waiters.next(*w);
        if (w->key == from_key) {
            if (uint64_t(done) < to_wake) {
                list<futex_waiter>::remove(*w);
                w->woken = true;
                w->queue.wake();
            } else if (!(from_key == to_key)) {
                list<futex_waiter>::remove(*w);
                w->key = to_key;
                w->in.store(&to, std::memory_order_release);
                to.waiters.push_back(*w);
            }
            done++;
        }
        w = next;
    }
    return done;
}

struct wanted_wait {
    nanoseconds deadline = never;
    uint32_t bits = ~0u;
};

// Of the commands that wait. Whether the arguments are good, and what they mean.
long read_wait(caller& who, uint64_t command, uint64_t timeout_at, uint64_t bits,
               wanted_wait& wanted) {
    if (timeout_at) {
        time_value t;
        if (long error = read_user(*who.owner->space, t, timeout_at); error < 0)
            return error;
        if (!t.valid())
            return -EINVAL;
        bool relative = command == command_wait;
        wanted.deadline = relative ? add_saturating(now(), t.total()) : t.total();
    }
    if (command == command_wait_bitset)
        wanted.bits = uint32_t(bits);
    return wanted.bits ? 0 : -EINVAL;
}

} // namespace

namespace call {

long futex(caller& who, uint64_t address, uint64_t operation, uint64_t value, uint64_t timeout_at,
           uint64_t second, uint64_t bits) {
    uint64_t command = operation & command_mask;
    bool is_private = operation & private_flag;
    address_space& space = *who.owner->space;
    if (address & 3)
        return -EINVAL;
    switch (command) {
    case command_wait:
    case command_wait_bitset: {
        wanted_wait wanted;
        if (long error = read_wait(who, command, timeout_at, bits, wanted); error < 0)
            return error;
        // That it does not have to wait is certain here; that it has to, only with the lock.
        uint32_t found;
        if (long error = read_user(space, found, address); error < 0)
            return error;
        return found == uint32_t(value) ? must_wait : -EAGAIN;
    }
    case command_wake:
        return wake_waiters(space.key_of(address, is_private), unsigned(value), ~0u);
    case command_requeue:
    case command_compare_requeue: {
        uint32_t expected = uint32_t(bits);
        auto to_move = int32_t(timeout_at); // a number here
        if (int32_t(value) < 0 || to_move < 0 || (second & 3))
            return -EINVAL;
        return requeue(space, address, second, is_private, unsigned(value), unsigned(to_move),
                       command == command_requeue ? nullptr : &expected);
    }
    case command_wake_bitset:
        if (!uint32_t(bits))
            return -EINVAL;
        return wake_waiters(space.key_of(address, is_private), unsigned(value), uint32_t(bits));
    case command_lock:
    case command_lock_2:
    case command_try_lock:
    case command_unlock:
        if (!who.as_thread) // the owner is a thread
            return -EINVAL;
        if (command == command_unlock)
            return futex_unlock(*who.as_thread, address, is_private);
        return futex_try_lock(*who.as_thread, address, is_private, command == command_try_lock);
    default: // moving waiters to a futex that inherits is not there: FUTEX_CMP_REQUEUE_PI
        return -ENOSYS;
    }
}

task<long> futex_later(caller& who, uint64_t address, uint64_t operation, uint64_t value,
                       uint64_t timeout_at, uint64_t, uint64_t bits) {
    wanted_wait wanted;
    uint64_t command = operation & command_mask;
    if (long error = read_wait(who, command, timeout_at, bits, wanted); error < 0)
        co_return error;
    if (futex_locks(operation))
        co_return co_await futex_lock(who, address, operation & private_flag, wanted.deadline);
    co_return co_await futex_wait(who, address, operation & private_flag, uint32_t(value),
                                  wanted.deadline, wanted.bits);
}

} // namespace call

bool futex_locks(uint64_t operation) {
    uint64_t command = operation & command_mask;
    return command == command_lock || command == command_lock_2;
}

long futex_wake(process& p, uint64_t address, unsigned count) {
    return wake_waiters(p.space->key_of(address, false), count, ~0u);
}

namespace {

// Without memory for the wait it is as if the word had changed: whoever waits looks again, and
// tries again. Linux's never fails for want of memory, and C libraries abort when it does.
long sys_futex(uint64_t address, uint64_t operation, uint64_t value, uint64_t timeout_at,
               uint64_t second, uint64_t bits) {
    long outcome = detail::adapted_pair<call::futex, call::futex_later>::call(
        address, operation, value, timeout_at, second, bits);
    return outcome == -ENOMEM ? -EAGAIN : outcome;
}

} // namespace

const syscall_entry futex_calls[] = {
    {__NR_futex, "futex", erase(sys_futex), detail::by_array<call::futex>::call,
     detail::by_array<call::futex_later>::call},
    {},
};

} // namespace kernel
