// SPDX-License-Identifier: BSD-2-Clause
#include "process/session.h"

#include "process/family.h"
#include "process/family_table.h"
#include "process/thread.h"

namespace kernel {

// Keeps the terminal's part of a session to this file.
struct session_state {
    static int& session(controlling_terminal& t) { return t.session_; }
    static int& foreground(controlling_terminal& t) { return t.foreground_; }
};

namespace {

// All of it with family_lock.

// The caller itself, or a child of it.
process* self_or_child(process& caller, int id) {
    if (id == 0 || id == caller.id)
        return &caller;
    for (process& child : caller.children)
        if (child.id == id)
            return &child;
    return nullptr;
}

bool group_exists(int group, int session) {
    for (process& p : process_table)
        if (p.group == group && p.session == session)
            return true;
    return false;
}

// As if `leaving` were gone.
bool is_orphaned_locked(int group, const process* leaving) {
    for (process& p : process_table) {
        if (p.group != group || p.zombie || &p == leaving || !p.parent || p.parent == leaving)
            continue;
        if (p.parent->session == p.session && p.parent->group != group)
            return false;
    }
    return true;
}

bool has_stopped(int group, const process* leaving) {
    for (process& p : process_table)
        if (p.group == group && &p != leaving && !p.zombie && p.signal_state.stopped)
            return true;
    return false;
}

// A group that is stopped, and orphaned by the end of `leaving`; 0: none (any more).
int newly_orphaned(process& leaving) {
    auto check = [&](int group) {
        return is_orphaned_locked(group, &leaving) && has_stopped(group, &leaving);
    };
    // Its own group, if it was the link to the rest of the session.
    process* parent = leaving.parent;
    if (parent && parent->session == leaving.session && parent->group != leaving.group &&
        check(leaving.group))
        return leaving.group;
    for (process& child : leaving.children)
        if (child.session == leaving.session && child.group != leaving.group && check(child.group))
            return child.group;
    return 0;
}

// Takes the terminal from every process of the session. The references are the caller's to drop,
// after the lock: `kept` is one of them.
void detach_session(controlling_terminal& t, ref<controlling_terminal>& kept) {
    int session = session_state::session(t);
    kept = ref<controlling_terminal>(&t);
    for (process& p : process_table)
        if (p.session == session && p.terminal.get() == &t)
            p.terminal.reset(); // never the last one
    session_state::session(t) = session_state::foreground(t) = 0;
}

// Without the lock. The session's leader gives its terminal up or ends.
void end_of_terminal(process& leader) {
    ref<controlling_terminal> t;
    int foreground = 0;
    {
        lock_guard guard(family_lock);
        if (leader.id != leader.session || !leader.terminal)
            return;
        foreground = session_state::foreground(*leader.terminal);
        ref<controlling_terminal> held = leader.terminal;
        detach_session(*held, t);
    }
    t->hang_up();
    if (foreground) {
        signal_group(foreground, signal_hangup);
        signal_group(foreground, signal_continue);
    }
}

// Whether nobody would notice the signal: it is ignored, or blocked by whoever asks.
bool does_not_listen(caller& who, int signal) {
    process& p = *who.owner;
    lock_guard guard(p.lock);
    if (p.actions[signal - 1].handler == ignore_action)
        return true;
    for (thread& t : p.threads)
        if (static_cast<caller*>(&t) == &who)
            return t.signal_mask & set_of(signal);
    return false; // a request of a ring
}

} // namespace

long set_group(process& caller, int id, int group) {
    if (group < 0)
        return -EINVAL;
    lock_guard guard(family_lock);
    process* p = self_or_child(caller, id);
    if (!p)
        return -ESRCH;
    if (group == 0)
        group = p->id;
    if (p != &caller && p->has_executed)
        return -EACCES;
    if (p->session == p->id || p->session != caller.session)
        return -EPERM;
    if (group != p->id && !group_exists(group, p->session))
        return -EPERM;
    p->group = group;
    return 0;
}

long new_session(process& p) {
    ref<controlling_terminal> left; // dropped after the lock
    lock_guard guard(family_lock);
    for (process& other : process_table)
        if (other.group == p.id)
            return -EPERM;
    p.group = p.session = p.id;
    left = std::move(p.terminal);
    return p.id;
}

long group_of(process& caller, int id, bool session) {
    lock_guard guard(family_lock);
    if (id == 0 || id == caller.id)
        return session ? caller.session : caller.group;
    for (process& p : process_table)
        if (p.id == id)
            return session ? p.session : p.group;
    return -ESRCH;
}

long signal_group(int group, const signal_info& info) {
    bool any = false;
    for (ref<process> p = next_process(0); p; p = next_process(p->id)) {
        if (p->group != group)
            continue;
        any = true;
        if (info.number)
            (void)send_signal(*p, info);
    }
    return any ? 0 : -ESRCH;
}

void signal_group(int group, int signal) {
    (void)signal_group(group, signal_info::from(signal, code_kernel, 0));
}

bool is_orphaned(int group) {
    lock_guard guard(family_lock);
    return is_orphaned_locked(group, nullptr);
}

ref<controlling_terminal> terminal_of(process& p) {
    lock_guard guard(family_lock);
    return p.terminal;
}

long take_terminal(process& p, controlling_terminal& t, bool steal) {
    ref<controlling_terminal> kept; // dropped after the lock
    lock_guard guard(family_lock);
    int& session = session_state::session(t);
    if (p.session == p.id && session == p.session)
        return 0;
    if (p.session != p.id || p.terminal || (session && !steal))
        return -EPERM;
    if (session)
        detach_session(t, kept);
    session = p.session;
    session_state::foreground(t) = p.group;
    p.terminal = ref<controlling_terminal>(&t);
    return 0;
}

long give_up_terminal(process& p, controlling_terminal& t) {
    ref<controlling_terminal> left; // dropped after the lock
    {
        lock_guard guard(family_lock);
        if (p.terminal.get() != &t)
            return -ENOTTY;
        if (p.session != p.id) {
            left = std::move(p.terminal);
            return 0;
        }
    }
    end_of_terminal(p);
    return 0;
}

long foreground_group(process& p, controlling_terminal& t) {
    lock_guard guard(family_lock);
    return p.terminal.get() == &t ? session_state::foreground(t) : -ENOTTY;
}

long terminal_session(process& p, controlling_terminal& t) {
    lock_guard guard(family_lock);
    return p.terminal.get() == &t ? session_state::session(t) : -ENOTTY;
}

long set_foreground_group(process& p, controlling_terminal& t, int group) {
    lock_guard guard(family_lock);
    if (p.terminal.get() != &t || session_state::session(t) != p.session)
        return -ENOTTY;
    if (group < 0)
        return -EINVAL;
    bool exists = false;
    for (process& other : process_table)
        if (other.group == group) {
            if (other.session != p.session)
                return -EPERM;
            exists = true;
        }
    if (!exists)
        return -ESRCH;
    session_state::foreground(t) = group;
    return 0;
}

int foreground_group(controlling_terminal& t) {
    lock_guard guard(family_lock);
    return session_state::foreground(t);
}

int session_of(controlling_terminal& t) {
    lock_guard guard(family_lock);
    return session_state::session(t);
}

long check_foreground(caller& who, controlling_terminal& t, int signal) {
    process& p = *who.owner;
    int group;
    bool orphaned;
    {
        lock_guard guard(family_lock);
        if (p.terminal.get() != &t || p.group == session_state::foreground(t))
            return 0;
        group = p.group;
        orphaned = is_orphaned_locked(group, nullptr);
    }
    // What it does not listen to keeps it from reading, not from writing.
    if (does_not_listen(who, signal))
        return signal == signal_stop_input ? -EIO : 0;
    if (orphaned)
        return -EIO;
    signal_group(group, signal);
    return -EINTR;
}

void enter_session(process& child, process* parent) {
    child.group = parent ? parent->group : child.id;
    child.session = parent ? parent->session : child.id;
    if (parent)
        child.terminal = parent->terminal;
}

void leave_session(process& p) {
    end_of_terminal(p);
    for (;;) {
        int group;
        {
            lock_guard guard(family_lock);
            group = newly_orphaned(p);
        }
        if (!group)
            break;
        signal_group(group, signal_hangup);
        signal_group(group, signal_continue);
    }
    ref<controlling_terminal> left; // dropped after the lock
    lock_guard guard(family_lock);
    left = std::move(p.terminal);
}

} // namespace kernel
