// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "actor.hpp"

namespace torture {

// Takes the steps, shared out among the session's actors. Returns 0, or does not return.
int run_session(session& s, uint64_t steps);
unsigned actors_of(const session& s);

// What spawned programs run: this one, with the arguments of process_operations.
int run_child(int argc, char** argv);

} // namespace torture
