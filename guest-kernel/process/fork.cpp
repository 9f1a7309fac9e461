// SPDX-License-Identifier: BSD-2-Clause
#include "process/fork.h"

#include <cstring>

#include "arch/riscv64/context.h"
#include "lib/mark.h"
#include "process/exit.h"
#include "process/family.h"
#include "process/thread.h"
#include "schedule/preempt.h"

namespace kernel {

namespace {

// A fork that took the last page would be the end of whoever writes to a shared one next: parent,
// child, or a bystander. It fails while there still is some memory.
bool leaves_too_little() {
    constexpr size_t least_part = 64;
    return free_page_count() < total_page_count() / least_part;
}

long copy_parts(process& parent, process& child, bool lend_space) {
    child.files = parent.files->copy();
    if (!child.files)
        return -ENOMEM;
    preemption_point();
    if (lend_space) {
        child.space = parent.space;
        child.has_own_space = false;
        child.lender = ref<process>(&parent);
    } else {
        child.space = parent.space->copy();
        if (!child.space)
            return -ENOMEM;
    }
    if (leaves_too_little())
        return -ENOMEM;
    memcpy(child.name, parent.name, sizeof child.name);
    mark_name(child.id, child.name);
    child.file_mode_mask = parent.file_mode_mask;
    lock_guard guard(parent.lock);
    child.executable = parent.executable;
    child.limits = parent.limits;
    memcpy(child.actions, parent.actions, sizeof child.actions);
    return 0;
}

void set_registers(thread& t, const thread& from, const fork_request& wanted) {
    arch::copy_frame(t, from);
    uint64_t* x = t.frame->x;
    x[arch::reg_a0] = 0;
    if (wanted.stack)
        x[arch::reg_sp] = wanted.stack;
    if (wanted.set_thread_pointer)
        x[arch::reg_tp] = wanted.thread_pointer;
}

} // namespace

long fork_process(thread& self, const fork_request& wanted, task<long>& left) {
    process& parent = self.parent();
    ref<process> child = process::create();
    if (!child)
        return -ENOMEM;
    if (long error = copy_parts(parent, *child, wanted.lend_space); error < 0)
        return error;
    preemption_point();
    if (wanted.lend_space && !(left = wait_until_left(self, child)))
        return -ENOMEM;
    if (wanted.set_parent_tid)
        if (long error = write_user(*parent.space, wanted.set_parent_tid, child->id); error < 0)
            return error;
    if (wanted.set_child_tid)
        if (long error = write_user(*child->space, wanted.set_child_tid, child->id); error < 0)
            return error;
    thread* t = thread::create(*child, child->id);
    if (!t)
        return -EAGAIN;
    set_registers(*t, self, wanted);
    t->clear_child_tid = wanted.clear_child_tid;
    inherit_signals(*t, self, false);
    t->run_like(self);
    enter_family(*child, &parent);
    // Whoever ends a group goes through the table: what reached the parent before the child was
    // there is meant for it, too.
    if (parent.exiting)
        exit_process(*child, signal_kill);
    make_ready(*t);
    return child->id;
}

} // namespace kernel
