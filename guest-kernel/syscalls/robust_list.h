// SPDX-License-Identifier: BSD-2-Clause
#pragma once

namespace kernel {

class thread;

// The thread ends: of the robust mutexes that it holds (set_robust_list) each gets
// FUTEX_OWNER_DIED, and one who waits for it is woken. Once; before anybody who joins the thread
// goes on.
void end_robust_list(thread& t);

} // namespace kernel
