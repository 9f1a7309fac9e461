// SPDX-License-Identifier: BSD-2-Clause
#include "fs/file_lock.h"

#include <memory>
#include <new>

namespace kernel {

namespace {

// Files that fall into one are looked at together, and their waiters woken.
struct bucket {
    spinlock lock;
    list<file_lock> held;
    wait_queue released;
};
bucket buckets[32];

bucket& bucket_of(const file_lock& l) {
    return buckets[(l.inode ^ l.inode >> 5 ^ l.device) % std::size(buckets)];
}

bool conflicts(bucket& b, const file_lock& wanted, bool exclusive) {
    for (const file_lock& l : b.held)
        if (&l != &wanted && l.device == wanted.device && l.inode == wanted.inode &&
            (l.exclusive || exclusive))
            return true;
    return false;
}

// With the bucket's lock.
void release(bucket& b, file_lock& l) {
    if (!l.held)
        return;
    l.held = false;
    list<file_lock>::remove(l);
    b.released.wake_all();
}

} // namespace

task<long> take_file_lock(caller& who, file& f, const file_attributes& known, bool exclusive,
                          bool waits) {
    file_lock* l = f.lock.load(std::memory_order_acquire);
    if (!l) {
        auto* made = new (std::nothrow) file_lock;
        if (!made)
            co_return -ENOLCK;
        made->device = known.device;
        made->inode = known.device ? known.inode : reinterpret_cast<uint64_t>(&f);
        if (f.lock.compare_exchange_strong(l, made, std::memory_order_acq_rel))
            l = made;
        else
            delete made; // another thread's came first
    }
    bucket& b = bucket_of(*l);
    lock_guard guard(b.lock);
    // As Linux does it: what it has is given up before it waits for the other kind.
    if (l->held && l->exclusive != exclusive)
        release(b, *l);
    while (conflicts(b, *l, exclusive)) {
        if (!waits)
            co_return -EAGAIN;
        if (long error = co_await b.released.wait(guard, who); error < 0)
            co_return error;
    }
    l->exclusive = exclusive;
    if (!l->held) // another thread may have taken it for the same open file
        b.held.push_back(*l);
    l->held = true;
    co_return 0;
}

void release_file_lock(file& f) {
    file_lock* l = f.lock.load(std::memory_order_acquire);
    if (!l)
        return;
    bucket& b = bucket_of(*l);
    lock_guard guard(b.lock);
    release(b, *l);
}

void file::drop_lock() {
    release_file_lock(*this);
    delete lock.load(std::memory_order_relaxed);
}

} // namespace kernel
