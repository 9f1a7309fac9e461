// SPDX-License-Identifier: BSD-2-Clause
//
// What family.cpp and session.cpp share: the table of all processes, zombies included, and the lock
// for it, for who is whose child, and for groups, sessions and controlling terminals.
#pragma once

#include "process/process.h"

namespace kernel {

extern spinlock family_lock;
extern list<process, all_processes> process_table;

} // namespace kernel
