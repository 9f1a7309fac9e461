// SPDX-License-Identifier: BSD-2-Clause
//
// Priority inheritance: who holds something that a more urgent thread waits for is as urgent as
// that one, and so is whoever that one waits for in turn.
//
//   thread --- waits_for ---> inherited_wait --- of ---> owned_object --- owner ---> thread ...
//                                                         waiters: the most urgent first
//
// One lock for all chains: they cross objects in any order, are changed only when somebody has to
// wait, and have at most `longest_chain` links. It is taken before caller::lock_ and run queues.
#pragma once

#include "lib/list.h"
#include "lib/spinlock.h"

namespace kernel {

class thread;
struct owned_object;

extern spinlock inheritance_lock; // for all that follows

struct inherited_wait : list_node<inherited_wait> {
    explicit inherited_wait(thread& t)
        : who(t) {}
    thread& who;
    owned_object* of = nullptr;
};

// Something with an owner, while threads wait for it.
struct owned_object : list_node<owned_object> {
    thread* owner = nullptr;
    list<inherited_wait> waiters;
};

// Of a thread.
struct thread_inheritance {
    inherited_wait* waits_for = nullptr;
    list<owned_object> held;
    bool ended = false; // it owns nothing any more
};

inline constexpr unsigned longest_chain = 64;

// Would `t` wait for itself, or at the end of too long a chain, if it waited for the owner?
bool would_deadlock(const thread& t, thread& owner);

void begin_wait(owned_object& object, inherited_wait& wait);
void end_wait(inherited_wait& wait);
// nullptr: nobody.
void set_owner(owned_object& object, thread* owner);

// The thread's own priority has changed. Takes the lock.
void priority_changed_for_owners(thread& t);

} // namespace kernel
