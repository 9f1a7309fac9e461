// SPDX-License-Identifier: BSD-2-Clause
//
// What the entry's functions know of the thread.
#ifndef OUROS_EXCEPTIONS_STATE_HPP
#define OUROS_EXCEPTIONS_STATE_HPP

#include <ouros/exceptions.hpp>
#include <ouros/kernel.h>

namespace ouros::exceptions {

static_assert(OUROS_SYS_user_exceptions == 20233); // entry.S

struct thread_state {
    char* stack; // with its guard; null: no handler yet
    uint64_t mask;
    struct {
        handler* function;
        void* data;
    } slots[16];
};
extern constinit thread_local thread_state state;

} // namespace ouros::exceptions

#endif // OUROS_EXCEPTIONS_STATE_HPP
