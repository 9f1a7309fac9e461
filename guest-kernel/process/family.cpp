// SPDX-License-Identifier: BSD-2-Clause
#include "process/family.h"

#include "process/family_table.h"
#include "process/load.h"
#include "process/session.h"
#include "process/thread.h"

namespace kernel {

spinlock family_lock;
list<process, all_processes> process_table;

namespace {

uint64_t processes_made, ended_switches; // of processes that are not in the table any more
int last_id;

using family = list<process, children_of>;

// With p.lock or not: a word that changes under the parent's feet is the parent's doing.
bool waits_for_children(const process& parent) {
    const signal_action& action = parent.actions[signal_child - 1];
    return action.handler != ignore_action && !(action.flags & action_no_child_wait);
}

// Out of the table. The caller drops the table's reference, after the lock.
ref<process> forget(process& p) {
    list<process, all_processes>::remove(p);
    ended_switches += p.counters.context_switches;
    return ref<process>::adopt(&p);
}

bool matches(const process& child, const child_choice& which) {
    switch (which.of) {
    case child_choice::one:
        return child.id == which.id;
    case child_choice::group:
        return child.group == which.id;
    default:
        return true;
    }
}

// Whether it has stopped or continued, and nobody was told yet.
bool changed(process& child, const child_choice& which, ended_child& out) {
    lock_guard guard(child.lock);
    process_signals& s = child.signal_state;
    if (which.stopped && s.stop_to_report)
        out = {child.id, child_stopped(s.stop_to_report)};
    else if (which.continued && s.continue_to_report)
        out = {child.id, child_continued};
    else
        return false;
    if (!which.keep) {
        s.stop_to_report = 0;
        s.continue_to_report = false;
    }
    return true;
}

long look(process& parent, const child_choice& which, ended_child& out, ref<process>& gone) {
    bool exists = false;
    for (process& child : parent.children) {
        if (!matches(child, which))
            continue;
        exists = true;
        if (!child.zombie && changed(child, which, out))
            return 0;
        if (!child.zombie || !which.ended)
            continue;
        out = {child.id, child.exit_status};
        out.usage = child.ended_usage; // nobody is left who could change it
        out.usage.add(child.children_usage);
        if (!which.keep) {
            parent.children_usage.add(out.usage);
            family::remove(child);
            gone = forget(child);
        }
        return 0;
    }
    out = {};
    return exists ? 0 : -ECHILD;
}

} // namespace

void enter_family(process& p, process* parent) {
    p.add_ref(); // the table's
    lock_guard guard(family_lock);
    processes_made++;
    last_id = last_id > p.id ? last_id : p.id;
    // In order of their numbers. Only processes that are made at the same time come out of it.
    process* before = process_table.back();
    while (before && before->id > p.id)
        before =
            before == process_table.front()
                ? nullptr
                : static_cast<process*>(static_cast<list_node<all_processes>*>(before)->previous);
    if (!before)
        process_table.push_front(p);
    else if (process* after = process_table.next(*before))
        process_table.insert_before(*after, p);
    else
        process_table.push_back(p);
    enter_session(p, parent);
    if (!parent)
        return;
    p.parent = parent;
    p.parent_id = parent->id;
    parent->children.push_back(p);
}

void process_ended(process& p) {
    leave_session(p);
    ref<process> gone, notified;
    {
        lock_guard guard(family_lock);
        while (process* child = p.children.pop_front()) {
            child->parent = nullptr;
            child->parent_id = first_process_id;
            if (!child->zombie)
                continue;
            ref<process> unwanted = forget(*child); // a zombie holds nothing but itself
        }
        process* parent = p.parent;
        if (parent && waits_for_children(*parent)) {
            p.zombie = true;
        } else {
            if (parent)
                family::remove(p);
            gone = forget(p);
        }
        if (parent) {
            parent->child_ended.wake_all();
            notified = ref<process>(parent);
        }
    }
    if (notified)
        send_signal(*notified, signal_info::of_child(p.id, p.exit_status));
}

void tell_parent(process& p, int status) {
    ref<process> parent;
    {
        lock_guard guard(family_lock);
        if (!p.parent)
            return;
        parent = ref<process>(p.parent);
        parent->child_ended.wake_all();
    }
    if (!(parent->actions[signal_child - 1].flags & action_no_child_stop))
        (void)send_signal(*parent, signal_info::of_child(p.id, status));
}

ref<process> find_process(int id) {
    lock_guard guard(family_lock);
    for (process& p : process_table)
        if (p.id == id && !p.zombie)
            return ref<process>(&p);
    return {};
}

ref<process> find_process_or_zombie(int id) {
    lock_guard guard(family_lock);
    for (process& p : process_table)
        if (p.id == id)
            return ref<process>(&p);
    return {};
}

int next_process_id(int id) {
    lock_guard guard(family_lock);
    for (process& p : process_table) // in order
        if (p.id > id)
            return p.id;
    return -1;
}

ref<process> next_process(int id) {
    lock_guard guard(family_lock);
    process* next = nullptr;
    for (process& p : process_table)
        if (p.id > id && !p.zombie && (!next || p.id < next->id))
            next = &p;
    return ref<process>(next);
}

void each_process(void (*f)(process&, void*), void* context) {
    lock_guard guard(family_lock);
    for (process& p : process_table)
        if (!p.zombie)
            f(p, context);
}

system_counts count_system() {
    lock_guard guard(family_lock);
    system_counts counts;
    counts.context_switches = ended_switches;
    counts.processes_made = processes_made;
    counts.last_id = last_id;
    for (process& p : process_table) {
        counts.processes++;
        lock_guard process_guard(p.lock);
        counts.context_switches += p.counters.context_switches;
        for (thread& t : p.threads) {
            counts.threads++;
            counts.context_switches += t.counters.context_switches;
            counts.running += t.is_runnable();
        }
    }
    return counts;
}

resource_usage usage_of_children(process& p) {
    lock_guard guard(family_lock);
    return p.children_usage;
}

long try_wait(process& parent, const child_choice& which, ended_child& out) {
    ref<process> gone; // dropped after the lock
    lock_guard guard(family_lock);
    return look(parent, which, out, gone);
}

task<long> wait_for_child(caller& who, child_choice which, ended_child& out) {
    ref<process> gone;
    lock_guard guard(family_lock);
    for (;;) {
        if (long error = look(*who.owner, which, out, gone); error < 0 || out.id)
            co_return error;
        if (long error = co_await who.owner->child_ended.wait(guard, who); error < 0)
            co_return error;
    }
}

task<long> wait_until_left(caller& who, ref<process> child) {
    lock_guard guard(family_lock);
    while (!child->has_own_space) {
        long error = co_await child->space_left.wait(guard, who);
        // A signal waits until the child is out of the parent's memory; the parent's end doesn't.
        if (error < 0 && who.killed())
            co_return error;
        if (error < 0)
            guard.relock();
    }
    co_return child->id;
}

void leave_lent_space(process& child) {
    ref<process> lender; // dropped after the lock
    lock_guard guard(family_lock);
    if (child.has_own_space)
        return;
    std::swap(lender, child.lender);
    child.has_own_space = true;
    child.space_left.wake_all();
}

ref<process> space_owner(process& p) {
    process* owner = &p;
    if (owner->has_own_space)
        return ref<process>(owner);
    lock_guard guard(family_lock);
    while (owner->lender)
        owner = owner->lender.get();
    return ref<process>(owner);
}

} // namespace kernel
