// SPDX-License-Identifier: BSD-2-Clause
#include "syscalls/futex_pi.h"

#include <linux/futex.h>

#include "process/family.h"
#include "process/thread.h"
#include "schedule/inheritance.h"
#include "syscalls/syscall.h"

namespace kernel {

namespace {

// One that somebody waits for.
struct pi_futex : owned_object, list_node<pi_futex> {
    futex_key key;
};

struct pi_waiter : inherited_wait {
    using inherited_wait::inherited_wait;
    address_space* space = nullptr; // the word, as the waiter reaches it
    uint64_t address = 0;
    enum { waits, has_it, looks_again } outcome = waits;
    wait_queue queue;
};

constexpr unsigned bucket_count = 64;
list<pi_futex> buckets[bucket_count]; // with inheritance_lock

list<pi_futex>& bucket_of(const futex_key& key) {
    uint64_t number = (reinterpret_cast<uint64_t>(key.object) >> 6) ^ (key.offset >> 2);
    return buckets[number * 0x9e3779b97f4a7c15 >> 58];
}

pi_futex* find(const futex_key& key) {
    for (pi_futex& f : bucket_of(key))
        if (f.key == key)
            return &f;
    return nullptr;
}

void forget(pi_futex& f) {
    set_owner(f, nullptr);
    static_cast<list_node<pi_futex>&>(f).unlink();
    delete &f;
}

pi_waiter* first_waiter(owned_object& f) {
    return static_cast<pi_waiter*>(f.waiters.front());
}

// Changes the word to what `next` makes of it, unless that is negative, which is the result; else
// 0. `found` is what it was.
template <class F>
long change_word(address_space& space, uint64_t address, uint32_t& found, F&& next) {
    long result = 0;
    long error = space.with_page(address, protection_write, [&](void* p) {
        auto* word = static_cast<uint32_t*>(p);
        found = __atomic_load_n(word, __ATOMIC_SEQ_CST);
        for (;;) {
            int64_t wanted = next(found);
            result = wanted < 0 ? long(wanted) : 0;
            if (wanted < 0 || __atomic_compare_exchange_n(word, &found, uint32_t(wanted), false,
                                                          __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
                return;
        }
    });
    return error < 0 ? error : result;
}

// With the lock. 0: the thread has it. must_wait: `owner` has it, and the word says that somebody
// waits; or only the first with `only_try`.
long take(thread& t, pi_futex* f, uint64_t address, bool only_try, uint32_t& owner) {
    uint32_t found = 0;
    bool waited_for = f && !f->waiters.empty();
    long error = change_word(*t.space, address, found, [&](uint32_t word) -> int64_t {
        uint32_t id = word & FUTEX_TID_MASK;
        if (id == uint32_t(t.id))
            return -EDEADLK;
        if (id == 0)
            return (word & FUTEX_OWNER_DIED) | uint32_t(t.id) | (waited_for ? FUTEX_WAITERS : 0);
        return only_try ? int64_t(-EAGAIN) : int64_t(word | FUTEX_WAITERS);
    });
    owner = found & FUTEX_TID_MASK;
    if (error < 0)
        return error;
    if (owner)
        return must_wait;
    if (f)
        set_owner(*f, &t);
    return 0;
}

// Who has it now: the first waiter, with `died` in the word. With the lock.
void hand_over(pi_futex& f, uint32_t died) {
    pi_waiter& first = *first_waiter(f);
    thread& next = first.who;
    bool more = static_cast<inherited_wait*>(f.waiters.back()) != &first;
    uint32_t found = 0;
    long error = change_word(*first.space, first.address, found, [&](uint32_t) -> int64_t {
        return uint32_t(next.id) | died | (more ? FUTEX_WAITERS : 0);
    });
    end_wait(first);
    // The memory is gone: each finds out for itself.
    first.outcome = error < 0 ? pi_waiter::looks_again : pi_waiter::has_it;
    if (!more)
        forget(f);
    else
        set_owner(f, error < 0 ? nullptr : &next);
    first.queue.wake();
}

// Any thread of the system; threads of the own process first.
ref<thread> find_owner(process& own, uint32_t id) {
    struct wanted_thread {
        int id;
        ref<thread> found;
    } wanted{int(id), {}};
    auto look = [](process& p, void* context) {
        auto& wanted = *static_cast<wanted_thread*>(context);
        if (wanted.found)
            return;
        lock_guard guard(p.lock);
        for (thread& t : p.threads)
            if (t.id == wanted.id)
                wanted.found = ref<thread>(&t);
    };
    look(own, &wanted);
    if (!wanted.found)
        each_process(look, &wanted);
    return std::move(wanted.found);
}

// Before a wait: whether it makes sense. With the lock.
long check_owner(const thread& t, pi_futex* f, thread* owner) {
    if (!owner || owner->inheritance.ended)
        return -ESRCH;
    if (f && f->owner && f->owner != owner)
        return -EINVAL;
    return would_deadlock(t, *owner) ? -EDEADLK : 0;
}

} // namespace

long futex_try_lock(thread& t, uint64_t address, bool is_private, bool only_try) {
    futex_key key = t.space->key_of(address, is_private);
    lock_guard guard(inheritance_lock);
    uint32_t owner;
    return take(t, find(key), address, only_try, owner);
}

task<long> futex_lock(caller& who, uint64_t address, bool is_private, nanoseconds deadline) {
    thread& t = *who.as_thread;
    futex_key key = t.space->key_of(address, is_private);
    ref<thread> holder; // whom the word named when it was looked at last
    for (;;) {
        pi_waiter self(t);
        lock_guard guard(inheritance_lock);
        pi_futex* f = find(key);
        uint32_t owner;
        long error = take(t, f, address, false, owner);
        if (error != must_wait)
            co_return error;
        if (!holder || uint32_t(holder->id) != owner) {
            guard.unlock();
            bool looked = !!holder;
            holder = find_owner(*who.owner, owner);
            if (holder && !looked)
                continue;
            guard.relock();
            // It has ended; did the word change with that?
            uint32_t now = 0;
            error = read_user(*t.space, now, address);
            if (error == 0 && (now & FUTEX_TID_MASK) == owner && !holder)
                error = -ESRCH;
            if (error < 0)
                co_return error;
            continue;
        }
        error = check_owner(t, f, holder.get());
        if (error == 0 && !f) {
            f = new (std::nothrow) pi_futex;
            error = f ? 0 : -ENOMEM;
            if (f) {
                f->key = key;
                bucket_of(key).push_back(*f);
            }
        }
        if (error == 0 && !f->owner)
            set_owner(*f, holder.get());
        if (error == -ESRCH) { // it is ending: the word changes first
            uint32_t now = 0;
            if (read_user(*t.space, now, address) == 0 && (now & FUTEX_TID_MASK) != owner) {
                holder = {};
                continue;
            }
        }
        if (error < 0)
            co_return error;
        self.space = t.space.get();
        self.address = address;
        begin_wait(*f, self);
        long outcome = co_await self.queue.wait(guard, who, deadline);
        if (outcome < 0)
            guard.relock();
        if (self.outcome == pi_waiter::has_it)
            co_return 0;
        if (self.outcome == pi_waiter::waits) { // in time to get it, or not
            auto& left = static_cast<pi_futex&>(*self.of);
            end_wait(self);
            if (left.waiters.empty())
                forget(left);
        }
        if (outcome < 0)
            co_return outcome;
        holder = {};
    }
}

long futex_unlock(thread& t, uint64_t address, bool is_private) {
    futex_key key = t.space->key_of(address, is_private);
    lock_guard guard(inheritance_lock);
    pi_futex* f = find(key);
    bool waited_for = f && !f->waiters.empty();
    uint32_t found = 0;
    long error = change_word(*t.space, address, found, [&](uint32_t word) -> int64_t {
        if ((word & FUTEX_TID_MASK) != uint32_t(t.id))
            return -EPERM;
        return waited_for ? word : 0; // or handing over says whose it is
    });
    if (error == 0 && waited_for)
        hand_over(*f, 0);
    return error;
}

void end_owning(thread& t, bool for_good) {
    for (;;) {
        lock_guard guard(inheritance_lock);
        t.inheritance.ended = for_good;
        owned_object* held = t.inheritance.held.front();
        if (!held)
            return;
        hand_over(static_cast<pi_futex&>(*held), FUTEX_OWNER_DIED);
    }
}

} // namespace kernel
