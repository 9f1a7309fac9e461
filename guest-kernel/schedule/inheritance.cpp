// SPDX-License-Identifier: BSD-2-Clause
#include "schedule/inheritance.h"

#include "process/thread.h"

namespace kernel {

spinlock inheritance_lock;

namespace {

// By urgency, first come first served among equals.
void insert(owned_object& object, inherited_wait& wait) {
    unsigned priority = wait.who.priorities.current();
    inherited_wait* behind = nullptr; // the first that is less urgent
    for (inherited_wait* w = object.waiters.back(); w && w->who.priorities.current() > priority;) {
        behind = w;
        w = w == object.waiters.front() ? nullptr
                                        : static_cast<inherited_wait*>(
                                              static_cast<list_node<inherited_wait>*>(w)->previous);
    }
    if (behind)
        object.waiters.insert_before(*behind, wait);
    else
        object.waiters.push_back(wait);
}

unsigned highest_waiting(thread& t) {
    unsigned highest = no_priority;
    for (owned_object& object : t.inheritance.held) {
        inherited_wait* first = object.waiters.front();
        unsigned priority = first ? first->who.priorities.current() : no_priority;
        highest = priority < highest ? priority : highest;
    }
    return highest;
}

// What the thread inherits may have changed, and so what those inherit who hold what it waits for.
void pass_on(thread* t) {
    for (unsigned n = 0; t && n <= longest_chain; n++) {
        unsigned highest = highest_waiting(*t);
        if (highest == t->priorities.inherited.load(std::memory_order_relaxed))
            return;
        t->priorities.inherited.store(uint8_t(highest), std::memory_order_relaxed);
        priority_changed(*t);
        inherited_wait* next = t->inheritance.waits_for;
        if (!next)
            return;
        next->unlink();
        insert(*next->of, *next);
        t = next->of->owner;
    }
}

} // namespace

bool would_deadlock(const thread& t, thread& owner) {
    thread* at = &owner;
    for (unsigned n = 0; n < longest_chain; n++) {
        if (at == &t)
            return true;
        const inherited_wait* next = at->inheritance.waits_for;
        if (!next || !next->of->owner)
            return false;
        at = next->of->owner;
    }
    return true;
}

void begin_wait(owned_object& object, inherited_wait& wait) {
    wait.of = &object;
    wait.who.inheritance.waits_for = &wait;
    insert(object, wait);
    pass_on(object.owner);
}

void end_wait(inherited_wait& wait) {
    owned_object& object = *wait.of;
    wait.unlink();
    wait.of = nullptr;
    wait.who.inheritance.waits_for = nullptr;
    pass_on(object.owner);
}

void set_owner(owned_object& object, thread* owner) {
    thread* before = object.owner;
    if (before)
        object.unlink();
    object.owner = owner;
    if (owner)
        owner->inheritance.held.push_back(object);
    pass_on(before);
    pass_on(owner);
}

void priority_changed_for_owners(thread& t) {
    lock_guard guard(inheritance_lock);
    inherited_wait* wait = t.inheritance.waits_for;
    if (!wait)
        return;
    wait->unlink();
    insert(*wait->of, *wait);
    pass_on(wait->of->owner);
}

} // namespace kernel
