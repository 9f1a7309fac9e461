// SPDX-License-Identifier: BSD-2-Clause
//
// Runs in the user-interrupt handler: integer registers only (tests/unit/handler-code.py looks).

#include <ouros/timer.hpp>

namespace ouros::uintr {

namespace {

struct slot {
    timer::handler* function;
    void* context;
};
constinit thread_local slot timer_of_thread = {};

// The interrupt is a level: it would come again at once.
void fired(void* context) {
    timer::disarm();
    auto* to = static_cast<slot*>(context);
    to->function(to->context);
}

} // namespace

void timer::set_handler(handler* function, void* context) {
    off_guard off;
    timer_of_thread = {function, context};
    set_source_handler(source::timer, fired, &timer_of_thread);
}

} // namespace ouros::uintr
