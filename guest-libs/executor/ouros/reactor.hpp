// SPDX-License-Identifier: BSD-2-Clause
//
// The reactor: the user-interrupt handler that turns completions into ready strands.
#ifndef OUROS_REACTOR_HPP
#define OUROS_REACTOR_HPP

namespace ouros {

// Makes this thread's user interrupts enter the reactor. Vectors other than the completion vector
// go on to the handlers that uintr::set_handler has set.
void install_reactor();
// They enter the handlers of vectors only: the worker is gone.
void remove_reactor();

} // namespace ouros

#endif // OUROS_REACTOR_HPP
