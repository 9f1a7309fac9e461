// SPDX-License-Identifier: BSD-2-Clause
//
// The build machine has no threads that switch themselves: run() with options that need them says
// that this is another system.

#include <cerrno>
#include <ouros/crew.hpp>

namespace ouros {

extern "C" {
char ouros_worker_lost[1];
void ouros_thread_resume(user_thread*) {}
}

int64_t crew::run(detail::promise_base&, const worker_options&) {
    return -ENOSYS;
}

} // namespace ouros
