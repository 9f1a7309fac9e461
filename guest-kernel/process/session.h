// SPDX-License-Identifier: BSD-2-Clause
//
// Process groups, sessions, and what a session has to do with its terminal. Which group of it is in
// the foreground is known here; what follows from that is asked by the terminal (tty/).
//
// A group is orphaned when nobody in it has a parent outside it in the same session: nobody could
// continue it. Signals of the terminal don't stop it, and when a group that has stopped becomes one
// it gets SIGHUP and SIGCONT.
#pragma once

#include "lib/ref.h"
#include "signals/signal.h"

namespace kernel {

class file;
class process;
struct caller;
struct file_attributes;

class controlling_terminal : public ref_counted {
  public:
    virtual ~controlling_terminal() = default;
    // /dev/tty of its processes; `attributes` are the node's. Null: no memory.
    virtual ref<file> open(uint32_t flags, const file_attributes& attributes) = 0;
    virtual uint64_t device_number() const = 0;
    // Its session has ended: files that are open are at their end.
    virtual void hang_up() = 0;

  private:
    friend struct session_state;
    // With the lock of family.cpp.
    int session_ = 0; // that it controls, or 0
    int foreground_ = 0;
};

// 0 or -errno, as setpgid, setsid, getpgid and getsid answer.
long set_group(process& caller, int id, int group);
long new_session(process& p);
long group_of(process& caller, int id, bool session);

// Every process of a group that is not a zombie. -ESRCH: there is none.
long signal_group(int group, const signal_info& info);
// The terminal's signals and the kernel's come from nobody.
void signal_group(int group, int signal);
bool is_orphaned(int group);

// Null: it has none.
ref<controlling_terminal> terminal_of(process& p);
// TIOCSCTTY and open: the terminal becomes that of the session that the process leads. -EPERM: it
// leads none, its session has one, or another session has this one and `steal` is not set.
long take_terminal(process& p, controlling_terminal& t, bool steal);
// TIOCNOTTY: of the process only, or, if it leads the session, as if it ended. -ENOTTY.
long give_up_terminal(process& p, controlling_terminal& t);
// TIOCGPGRP, TIOCGSID. -ENOTTY: it is not the process's.
long foreground_group(process& p, controlling_terminal& t);
long terminal_session(process& p, controlling_terminal& t);
// TIOCSPGRP. -ENOTTY; -EPERM: no group of the session.
long set_foreground_group(process& p, controlling_terminal& t, int group);
// For the terminal's signals; 0: nobody's.
int foreground_group(controlling_terminal& t);
int session_of(controlling_terminal& t);

// Whether the process may do to its terminal what `signal` (SIGTTIN, SIGTTOU) keeps the background
// from. 0; -EIO: nobody would continue it, or it does not listen; -EINTR: its group got the signal.
long check_foreground(caller& who, controlling_terminal& t, int signal);

// For family.cpp. `child` is in the table, with its parent's lock held.
void enter_session(process& child, process* parent);
// A process has ended, and still is its parent's child and its children's parent. Without locks.
void leave_session(process& p);

} // namespace kernel
