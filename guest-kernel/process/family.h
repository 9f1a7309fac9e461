// SPDX-License-Identifier: BSD-2-Clause
//
// Which processes there are, whose children they are, and what becomes of those that end.
//
//   enter_family      the process is in the table and a child of its parent
//   process_ended     torn down: a zombie until its parent asks for it. A parent that ignores
//                     SIGCHLD, or that has ended, never will: then it goes at once
//   wait_for_child    takes a zombie out
//
// The children of a process that ends are orphans: their parent's id is the first process's, as on
// Linux, but that one is a program like any other and is not asked to wait for them.
#pragma once

#include "async/task.h"
#include "process/process.h"

namespace kernel {

void enter_family(process& p, process* parent); // null: the first process
void process_ended(process& p);

// Null: there is no such process, or it is a zombie.
ref<process> find_process(int id);
ref<process> find_process_or_zombie(int id);
// The lowest number above `id` that a process or zombie has; -1: none.
int next_process_id(int id);
// The one with the lowest number above `id` that is not a zombie: to go through all of them without
// a lock.
ref<process> next_process(int id);
// Calls f for every process that is not a zombie, with the table locked: f must not wait, or ask
// anything of this file.
void each_process(void (*f)(process&, void*), void* context);

// Which children wait_for_child is about.
struct child_choice {
    enum : uint8_t { any, one, group } of = any;
    int id = 0;                              // of the child or the group
    bool keep = false;                       // leave it a zombie
    bool stopped = false, continued = false; // these changes, too
    bool ended = true;
};
struct ended_child {
    int id = 0; // 0: none has ended yet
    int status = 0;
    resource_usage usage; // its own and its children's, when it has ended
};
// 0, or -ECHILD: there is no such child.
long try_wait(process& parent, const child_choice& which, ended_child& out);
// Waits. 0, -ECHILD, -EINTR.
task<long> wait_for_child(caller& who, child_choice which, ended_child& out);

// A process was stopped or continued: `status` as wait4 reports it.
void tell_parent(process& p, int status);

// vfork: until the child has left the address space that it was lent. -EINTR: `who` is to end.
task<long> wait_until_left(caller& who, ref<process> child);
void leave_lent_space(process& child); // nothing to do for a process with its own
// Whose address space it is that `p` uses: whose rings transfer to and from it.
ref<process> space_owner(process& p);

} // namespace kernel
