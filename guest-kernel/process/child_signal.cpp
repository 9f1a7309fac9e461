// SPDX-License-Identifier: BSD-2-Clause
#include "process/family.h"

namespace kernel {

// SIGCHLD is ignored by default, and handlers are not called yet.
void signal_child_changed(process&) {}

} // namespace kernel
