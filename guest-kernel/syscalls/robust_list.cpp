// SPDX-License-Identifier: BSD-2-Clause
//
// The list is the program's, in its memory: it may be anything, and another thread may change it.
// Every step is checked like any other access, and the steps are counted.
#include "syscalls/robust_list.h"

#include <linux/futex.h>
#include <utility>

#include "process/thread.h"
#include "syscalls/futex.h"

namespace kernel {

namespace {

constexpr unsigned most_entries = 2048; // ROBUST_LIST_LIMIT

struct list_head { // struct robust_list_head
    uint64_t first;
    int64_t offset; // of the word, from the entry
    uint64_t pending;
};

// The lowest bit of a pointer says that the mutex inherits priorities.
constexpr uint64_t entry_of(uint64_t pointer) {
    return pointer & ~1ull;
}
constexpr bool inherits(uint64_t pointer) {
    return pointer & 1;
}

// `taking`: the thread was about to take or to give back this one. Whoever waits for one that
// inherits gets it by end_owning.
void end_holding(thread& t, uint64_t at, bool taking, bool inherits) {
    if (at & 3)
        return;
    address_space& space = *t.space;
    uint32_t word = 0;
    if (read_user(space, word, at) < 0)
        return;
    for (;;) {
        // Given back, but nobody was woken yet.
        if (taking && word == 0) {
            if (!inherits)
                (void)futex_wake(t.parent(), at, 1);
            return;
        }
        if (int(word & FUTEX_TID_MASK) != t.id)
            return;
        bool changed = false;
        long error = space.with_page(at, protection_write, [&](void* p) {
            changed = __atomic_compare_exchange_n(static_cast<uint32_t*>(p), &word,
                                                  (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED, false,
                                                  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        });
        if (error < 0)
            return;
        if (changed)
            break;
    }
    if ((word & FUTEX_WAITERS) && !inherits)
        (void)futex_wake(t.parent(), at, 1);
}

} // namespace

void end_robust_list(thread& t) {
    uint64_t head = std::exchange(t.robust_list, 0);
    list_head list;
    if (!head || read_user(*t.space, list, head) < 0)
        return;
    uint64_t pending = entry_of(list.pending), at = entry_of(list.first);
    bool at_inherits = inherits(list.first);
    for (unsigned n = 0; at != head && n < most_entries; n++) {
        uint64_t next;
        // Before the word: then the mutex may be gone.
        bool more = read_user(*t.space, next, at) == 0;
        if (at != pending)
            end_holding(t, at + uint64_t(list.offset), false, at_inherits);
        if (!more)
            break;
        at = entry_of(next);
        at_inherits = inherits(next);
    }
    if (pending)
        end_holding(t, pending + uint64_t(list.offset), true, inherits(list.pending));
}

} // namespace kernel
